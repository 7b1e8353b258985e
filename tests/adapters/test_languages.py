"""What `proctor init` writes runs as it is: the server keeps what is claimed, the driver its protocol."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from proctor.adapters.languages import LANGUAGES
from tests.adapters.toolchains import begun, built, driver
from tests.examination.miniatures import Run, examine

WITHIN_S = 120.0
USAGE_ERROR = 4

NO_REQUESTS = [
    b"garbage",
    b"",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf{}",
    b"[]",
    b"1",
    b"null",
    b"{}",
    b'{"id":7}',
    b'{"id":7,"op":"fly"}',
    b'{"id":7,"op":["call"]}',
    b'{"id":7,"op":"close","op":"servers"}',
    b'{"id":7,"op":"servers"} {}',
    b'{"id":7,"op":"servers"',
    b"[" * 100_000,
    b'{"id":7,"op":"servers","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"id":7,"op":"servers","x":1e999}',
    b'{"id":7,"op":"servers","x":NaN}',
    b"x" * 3_000_000,
]
NO_CALLS = [
    b'{"id":7,"op":"call"}',
    b'{"id":7,"op":"call","in":"ping"}',
    b'{"id":7,"op":"call","params":1}',
    b'{"id":7,"op":"call","in":1,"params":1}',
    b'{"id":7,"op":"call","in":"ping","params":1,"timeout_s":"soon"}',
    b'{"id":7,"op":"call","in":"ping","params":1,"timeout_s":[]}',
    b'{"id":7,"op":"call","in":"ping","params":1,"timeout_s":null}',
    b'{"id":7,"op":"call","in":"ping","params":1,"timeout_s":true}',
    b'{"id":7,"op":"call","in":"ping","params":1,"timeout_s":-1}',
]
CALLS = [
    b'{"id":7,"op":"call","in":"ping","params":null}',
    b'{"id":7,"op":"call","in":"ping","params":{"deep":[1,"\\ud83d\\ude00",2.5e-3]},"timeout_s":0.5,"more":{}}',
    b'{"id":7,"op":"call","in":"ping","params":"' + b"u" * 1_000_000 + b'","timeout_s":1}',
    b' { "op" : "call" , "timeout_s" : 3 , "params" : [ ] , "in" : "p\\u0069ng" , "id" : 7 } ',
]


@pytest.fixture(params=LANGUAGES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def replies_to(folder: Path, name: str, lines: list[bytes]) -> list[Any]:
    """All that its driver writes until it has ended by itself, with exit status 0."""
    with driver(folder, built(folder, name)) as program:
        try:
            written, _ = program.communicate(b"".join(line + b"\n" for line in lines), timeout=WITHIN_S)
        except subprocess.TimeoutExpired:
            program.kill()
            raise
    assert program.returncode == 0
    assert written.endswith(b"\n")
    return [json.loads(line) for line in written.splitlines()]


def claiming(folder: Path, name: str, profile: str, ready: str) -> Run:
    """An examination of what was written, as if the author had claimed this already."""
    begun(folder, name)
    manifest = folder / "impl.toml"
    text = manifest.read_text().replace('profiles = ["wire"]', f'profiles = ["{profile}"]')
    manifest.write_text(text.replace('ready = "port"', f'ready = "{ready}"'))
    return examine(folder)


def test_it_is_certified_for_what_it_claims(name: str, tmp_path: Path) -> None:
    begun(tmp_path, name)
    run = examine(tmp_path, "-q")
    document = json.loads((tmp_path / "report" / "certificate.json").read_text())
    verdicts = {profile["name"]: profile["verdict"] for profile in document["profiles"]}
    assert verdicts.pop("wire") == "certified", run.text
    assert set(verdicts.values()) == {"not claimed"}
    assert run.status == 0, run.text


def test_the_driver_answers_what_is_no_request_and_serves_the_next_one(name: str, tmp_path: Path) -> None:
    replies = replies_to(
        tmp_path, name, [*NO_REQUESTS, *NO_CALLS, b'{"id":8,"op":"servers"}', b'{"id":9,"op":"close"}']
    )
    *refusals, servers, closed = replies
    assert len(refusals) == len(NO_REQUESTS) + len(NO_CALLS)
    assert {refusal["error"]["kind"] for refusal in refusals} == {"protocol"}
    assert all(refusal["error"]["message"] for refusal in refusals)
    assert [refusal["id"] for refusal in refusals[-len(NO_CALLS) :]] == [7] * len(NO_CALLS)
    assert servers["id"] == 8
    assert closed == {"id": 9}


def test_the_driver_says_what_is_missing(name: str, tmp_path: Path) -> None:
    """Each call is answered once, in any order, with the file that the author has to fill in."""
    supply = LANGUAGES[name].supply
    with driver(tmp_path, built(tmp_path, name)) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        for line in CALLS:
            program.stdin.write(line + b"\n")
            program.stdin.flush()
            reply = json.loads(program.stdout.readline())
            assert reply["id"] == 7
            assert reply["error"]["kind"] == "unavailable"
            assert reply["error"]["message"].startswith(f"{supply}: ")
            assert reply["error"]["message"].endswith("calls no client library yet")
        program.stdin.close()
        assert program.wait(WITHIN_S) == 0


def test_close_ends_the_driver_and_so_does_the_end_of_its_input(name: str, tmp_path: Path) -> None:
    assert replies_to(tmp_path / "closed", name, [b'{"id":1,"op":"close"}', b'{"id":2,"op":"servers"}']) == [{"id": 1}]
    with driver(tmp_path / "closed", LANGUAGES[name]) as program:
        assert program.communicate(b"", timeout=WITHIN_S)[0] == b""
    assert program.returncode == 0


def test_the_kit_shows_what_the_driver_lacks(name: str, tmp_path: Path) -> None:
    run = claiming(tmp_path, name, "client", "port")
    assert run.status == USAGE_ERROR
    assert "the driver can't say which servers there are" in run.error
    assert f"{LANGUAGES[name].supply}: " in run.error
    assert "calls no client library yet" in run.error


def test_the_kit_shows_what_the_server_lacks(tmp_path: Path) -> None:
    for profile, ready, what in [
        ("discovery", "node", "registration (discovery)"),
        ("supervision", "workers", "worker processes (supervision, restart)"),
    ]:
        run = claiming(tmp_path / profile, "python", profile, ready)
        assert run.status == USAGE_ERROR
        assert "not supplied yet: " in run.error
        assert what in run.error
