"""Examinations that never took place, each with an ending: what their pages must show."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from proctor.known import Entry
from proctor.manifest import Manifest, read_manifest
from proctor.model import Clause, Level, Verdict
from proctor.places import spec_folder
from proctor.record import Evidence, Happened, Injected, Passed, Record, Seen
from proctor.report.certificate import Examined, Selection, certificate
from proctor.spec import Spec, read_spec

BEGAN = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
ENDED = BEGAN + datetime.timedelta(minutes=7, seconds=41)
MANIFEST = """
[implementation]
name = "ledgerd"
version = "2.4.1"
language = "Go"
profiles = ["wire", "discovery", "supervision"]
[server]
command = ["ledgerd", "{port}"]
[capabilities]
methods = ["ping", "pi", "divide"]
resize = true
[limits]
stop_s = 3
"""

REAPED = "supervision/every-death-is-reaped"
SHOULD = "wire/errors-tell-no-secrets"
SILENT = "wire/ping-echoes"
NODES = "discovery/one-node-after-expiry"
KNOWN = "supervision/dead-worker-is-replaced"
TIMELINE = "timelines/chaos.test_bursts.test_many.html"
HOSTILE = "".join(
    (
        "<script>window.pwned = 1</script>",
        "</script></style></title></pre><img src=x onerror='window.pwned = 2'>",
        "'\"><iframe src='javascript:window.pwned = 3'></iframe>",
        "{{ 7 * 7 }} ${window.pwned = 4} ]]> <!--",
        "```\n# heading | cell `code` [link](javascript:x) ![](https://example.org/x.png)",
        "\x00\x1b[31m\u202e\u2028\ud800\ufffe",
    )
)


def evidence(said: str = "ready and waiting") -> Evidence:
    return Evidence(
        where="chaos/test_bursts.py:40: until_reaped(server, workers)",
        again="pytest --impl=ledgerd chaos/test_bursts.py::test_many --seed=17",
        bytes_again="proctor send --impl=ledgerd 0e0000007b22696e223a2270696e67227d",
        exchange=(
            Passed(0.012, True, 41234, 'ping "whole"', 18, b'\x0e\0\0\0{"in":"ping"}'.hex()),
            Passed(0.014, False, 41234, 'pong "whole"', 4096, b'{"out":"pong","result":"whole"}'.hex()),
            Passed(0.021, True, 41234, "FIN", 0, ""),
        ),
        subjects=(
            Seen("server 4711", ("4711 ledgerd S", "4713 ledgerd Z"), ('/demo/rpc0000000000  {"port":1}',), said),
            Seen("client"),
        ),
        events=(Happened(0.203, "fault: name Kill, phase effective, proof 3 pidfds fired"),),
        earlier=7,
    )


def manifest(folder: Path, text: str = MANIFEST) -> Manifest:
    (folder / "impl.toml").write_text(text)
    return read_manifest(folder)


def passes(spec: Spec, claims: Manifest) -> Iterator[Record]:
    """A case for each clause that binds."""
    for number, clause in enumerate(spec.clauses):
        if clause.profile in claims.about.profiles and clause.binds(claims.claims()) and clause.level is not Level.MAY:
            yield Record(f"{clause.examined_in}::{test_of(clause)}", (clause.id,), Verdict.PASS, 0.01 * (number % 90))


def test_of(clause: Clause) -> str:
    return f"test_{clause.id.partition('/')[2].replace('-', '_')}"


def failures(said: str = "ready and waiting", message: str = "") -> list[Record]:
    """One of each that is no pass. `said`: the server's last output."""
    kill = Injected("Kill", "signals", proof="3 pidfds fired after SIGKILL: [4713, 4714]")
    missing = Injected("Inject", "strace", unavailable="strace is not installed")
    waited = message or "waited 1.00 s for 4713, 4714 to be reaped; last seen: 4713 ledgerd Z\n(Z: dead and not reaped)"
    found = evidence(said)
    return [
        Record(
            "chaos/test_bursts.py::test_many", (REAPED,), Verdict.FAIL, 1.2, waited, False, (kill,), found, TIMELINE
        ),
        Record("chaos/test_workers.py::test_again[4]", (REAPED,), Verdict.FAIL, 2.5, waited, False, (), found),
        Record("conformance/wire/test_errors.py::test_secrets", (SHOULD,), Verdict.FAIL, 0.1, "told", evidence=found),
        Record("conformance/wire/test_methods.py::test_x", (SILENT,), Verdict.ERROR, 0.1, "OSError: no space"),
        Record("chaos/test_sessions.py::test_e", (NODES,), Verdict.INCONCLUSIVE, 3.0, "no strace", True, (missing,)),
        Record("chaos/test_workers.py::test_k", (KNOWN,), Verdict.KNOWN_FAILURE, 5.0, "never back", evidence=found),
    ]


ENTRIES = (
    Entry(
        "chaos/test_workers.py::test_k",
        "never",
        "a fix is under way",
        "https://example.org/7",
        datetime.date(2027, 1, 31),
    ),
    Entry("chaos/test_workers.py::test_gone", "never", "was there once"),
)


@cache
def the_spec() -> Spec:
    return read_spec(spec_folder())


def story(
    folder: Path, *records: Record, selection: str = "", known: tuple[Entry, ...] = (), **changed: Any
) -> dict[str, Any]:
    """The certificate of a run in which everything passed but for these cases."""
    spec, ours = the_spec(), changed.pop("manifest", None) or manifest(folder)
    examined = Examined(
        manifest=ours,
        spec=spec,
        records=(*passes(spec, ours), *records),
        suite_version="0.1.0",
        suite_folders=(),
        registry=("zookeeper", "3.8.0"),
        seed=17,
        time_scale=1.0,
        started=BEGAN,
        finished=ENDED,
        selection=Selection(selection),
        known=known,
        **{"strict": False, **changed},
    )
    return certificate(examined)


def troubled(folder: Path, **changed: Any) -> dict[str, Any]:
    """One with every verdict on it."""
    return story(folder, *failures(), known=ENTRIES, **changed)


def hostile(folder: Path) -> dict[str, Any]:
    """One in which all that an implementation, or whoever wrote its files, can say is meant to do harm."""
    ours = manifest(folder)
    ours.about = msgspec.structs.replace(ours.about, name=HOSTILE, version=HOSTILE, language=HOSTILE)
    known = (Entry(HOSTILE, HOSTILE, HOSTILE, "javascript:window.pwned = 6"),)
    proof = Injected(HOSTILE, "signals", proof=HOSTILE)
    missing = Injected("Inject", HOSTILE, unavailable=HOSTILE)
    record = Record(HOSTILE, (REAPED,), Verdict.FAIL, 1.0, HOSTILE, False, (proof, missing), said_by(HOSTILE))
    return story(folder, record, manifest=ours, known=known, selection=HOSTILE)


def said_by(text: str) -> Evidence:
    return Evidence(
        where=text,
        again=text,
        bytes_again=text,
        exchange=(Passed(0.0, True, 1, text, len(text), text.encode(errors="replace").hex()[:512]),),
        subjects=(Seen(text, (text,), (text,), text),),
        events=(Happened(0.0, text),),
    )
