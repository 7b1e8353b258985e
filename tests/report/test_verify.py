"""`proctor verify`: a certificate fits what it was made from, and each thing that has changed is one line."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from proctor.manifest import read_manifest
from proctor.places import spec_folder, suite_folders
from proctor.report.certificate import Examined, certificate, save
from proctor.spec import read_spec
from tests.examination.test_verdicts import MUST, impl, run_suite

__all__ = ["impl"]  # the fixture

PROCTOR = str(Path(sys.executable).with_name("proctor"))
NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
FITS, DIFFERS, UNKNOWN = 0, 1, 2
AGAIN = "examine it again"
Spoil = Callable[[dict[str, Any]], object]


@dataclass(frozen=True)
class Told:
    """What the command came to, and what it said, to whichever stream."""

    status: int
    lines: list[str]


def verify(path: Path, *arguments: str, cwd: Path | None = None) -> Told:
    done = subprocess.run(
        [PROCTOR, "verify", str(path), *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )
    assert not (done.stdout and done.stderr)
    return Told(done.returncode, (done.stdout + done.stderr).splitlines())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An implementation that was examined: its certificate is in report/."""
    (tmp_path / "impl.toml").write_text(
        '[implementation]\nname = "x"\nversion = "1"\nprofiles = ["wire"]\n'
        '[server]\ncommand = ["x", "{port}"]\nready = "port"\n'
    )
    (tmp_path / "x").write_text("exec true\n")
    made = Examined(
        manifest=read_manifest(tmp_path),
        spec=read_spec(spec_folder()),
        records=(),
        suite_version=version("proctor"),
        suite_folders=suite_folders(),
        registry=("embedded", "1"),
        seed=1,
        time_scale=1.0,
        strict=False,
        started=NOW,
        finished=NOW,
    )
    save(certificate(made), tmp_path / "report")
    return tmp_path


def of(folder: Path) -> Path:
    return folder / "report" / "certificate.json"


def spoil(folder: Path, change: Spoil) -> None:
    document = json.loads(of(folder).read_text())
    change(document)
    of(folder).write_text(json.dumps(document))


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def test_the_certificate_of_a_run_fits_until_the_implementation_changes(impl: Path) -> None:
    run, _ = run_suite(impl, f"@clause('{MUST}')\ndef test_it(server): assert server.workers()")
    assert run.status == 0, run.text
    told = verify(of(impl), cwd=impl)
    assert told.status == FITS, told.lines
    (line,) = told.lines
    assert line.startswith("fits miniature unknown, spec ")
    assert "supervision inconclusive" in line  # a part of the suite certifies nothing
    (impl / "serve.py").write_text("# another\n")
    changed = "implementation: the folder of miniature has changed since, and impl.toml has not: " + AGAIN
    assert verify(of(impl), cwd=impl) == Told(DIFFERS, [changed])


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('["x",', '["y",', f"implementation: impl.toml of x has changed since: {AGAIN}"),
        ('version = "1"', 'version = "2"', f"implementation: x 1 was examined, and this is 2: {AGAIN}"),
        (
            'name = "x"',
            'name = "z"',
            "implementation: x was examined, and this is z: say with --impl where x is",
        ),
    ],
    ids=["manifest", "version", "another"],
)
def test_a_manifest_that_has_changed_is_one_line(folder: Path, old: str, new: str, line: str) -> None:
    edit(folder / "impl.toml", old, new)
    assert verify(of(folder), f"--impl={folder}") == Told(DIFFERS, [line])


@pytest.mark.parametrize("what", ["spec", "suite"])
@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"sha256": "0" * 64}, "{what}: has changed since, and is called {now} still: examine it again"),
        (
            {"version": "0.0.1", "sha256": "0" * 64},
            "{what}: was 0.0.1, and is {now}: examine it again, or verify it with the Proctor that made it",
        ),
    ],
    ids=["text", "version"],
)
def test_a_spec_or_suite_that_has_changed_is_one_line(
    folder: Path, what: str, change: dict[str, str], line: str
) -> None:
    now = json.loads(of(folder).read_text())[what]["version"]
    spoil(folder, lambda document: document[what].update(change))
    assert verify(of(folder), f"--impl={folder}") == Told(DIFFERS, [line.format(what=what, now=now)])


def test_what_somebody_wrote_into_a_certificate_is_nothing_that_a_terminal_obeys(folder: Path) -> None:
    spoil(folder, lambda document: document["profiles"][0].update(verdict="certified\x1b[31m\n::error::"))
    told = verify(of(folder), f"--impl={folder}")
    assert told.status == FITS
    (line,) = told.lines
    assert r"wire certified\x1b[31m\n::error::" in line
    spoil(folder, lambda document: document["implementation"].update(name="::error::\x1b[31m"))
    (line,) = verify(of(folder), f"--impl={folder}").lines
    assert r"\x3a:error::\x1b[31m was examined" in line


def test_each_thing_that_differs_has_its_line(folder: Path) -> None:
    spoil(folder, lambda document: [document[what].update(sha256="0" * 64) for what in ("spec", "suite")])
    (folder / "x").write_text("exec false\n")
    told = verify(of(folder), f"--impl={folder}")
    assert told.status == DIFFERS
    assert [line.partition(":")[0] for line in told.lines] == ["implementation", "spec", "suite"]


# --- what can't be told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", ":1: is no JSON, or not all of it: Expecting value"),
        (b'{\n "format": 2,\n "imp', ":3: is no JSON, or not all of it: Unterminated string"),
        (b'{"name": "express", "version": "4"}', ": is no certificate: Object missing required field `format`"),
        (b"[1]", ": is no certificate: Expected `object`, got `array`"),
        (b'{"format": "1"}', ": is no certificate: Expected `int`, got `str` - at `$.format`"),
        (b'{"format": 2}', ": is no certificate: Object missing required field `implementation`"),
        (b'{"format": 1}', ": has format 1, and this Proctor reads 2: use the one that made it"),
        (b"\xff\xfe", ": is no certificate: 'utf-8' codec can't decode byte 0xff in position 0"),
        (b"[" * 100_000, ": is no certificate: "),
    ],
    ids=["empty", "truncated", "another program's", "array", "type", "half", "format", "no text", "deep"],
)
def test_what_is_no_certificate_is_one_line_that_names_it(folder: Path, text: bytes, said: str) -> None:
    of(folder).write_bytes(text)
    told = verify(of(folder), f"--impl={folder}")
    assert told.status == UNKNOWN
    (line,) = told.lines
    assert line.startswith(f"Error: {of(folder)}{said}")
    assert line.endswith(("pytest --impl=PATH leaves in its --report folder", "the one that made it"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda document: document.pop("suite"), "Object missing required field `suite`"),
        (lambda document: document["spec"].update(sha256="ABC"), "Expected `str` matching regex"),
        (lambda document: document["profiles"][0].pop("verdict"), "required field `verdict` - at `$.profiles[0]`"),
    ],
    ids=["a part missing", "no digest", "no verdict"],
)
def test_a_certificate_that_was_cut_about_says_where(folder: Path, change: Spoil, said: str) -> None:
    spoil(folder, change)
    told = verify(of(folder), f"--impl={folder}")
    assert told.status == UNKNOWN
    (line,) = told.lines
    assert said in line


@pytest.mark.parametrize("name", ["nothing.json", "."])
def test_a_certificate_that_is_not_there_is_named(folder: Path, name: str) -> None:
    told = verify(folder / name, f"--impl={folder}")
    assert told.status == UNKNOWN
    (line,) = told.lines
    assert line.startswith(f"Error: {folder / name}: cannot be read: ")


def test_an_implementation_that_is_not_there_is_named(folder: Path) -> None:
    gone = verify(of(folder), f"--impl={folder / 'gone'}")
    said = f"Error: {folder / 'gone'}: no such folder; name the one that holds impl.toml (--impl={folder / 'gone'})"
    assert gone == Told(UNKNOWN, [said])
    none = verify(of(folder), cwd=folder / "report")
    assert none.status == UNKNOWN
    (line,) = none.lines
    assert line.startswith("Error: .: holds no impl.toml")
    assert line.endswith(" (--impl=.)"), "which it is unless it is told another"


def test_a_manifest_that_is_malformed_is_named(folder: Path) -> None:
    edit(folder / "impl.toml", "name", "nmae")
    told = verify(of(folder), f"--impl={folder}")
    assert told.status == UNKNOWN
    (line,) = told.lines
    assert line.startswith(f"Error: {folder / 'impl.toml'}: ")
