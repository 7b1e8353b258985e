"""What can't be examined ends in one message that says what and where, in time, with nothing left running."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.process import observe
from tests.examination.miniatures import client, examine, server

USAGE_ERROR = 4
KIT_AT_FAULT = 3
LISTENS = """
    import socket, sys, time
    listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
    time.sleep(600)
"""


def left_of(folder: Path) -> list[str]:
    """Processes that still run in a miniature's folder."""
    found = []
    for process in observe.everything():
        try:
            if Path(f"/proc/{process.pid}/cwd").readlink() == folder:
                found.append(str(process))
        except OSError:
            continue
    return found


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    run = examine(tmp_path / "nowhere")
    assert run.status == USAGE_ERROR
    assert run.error == f"{tmp_path}/nowhere: no such folder; name the one that holds impl.toml"


def test_a_manifest_with_an_unknown_key(tmp_path: Path) -> None:
    server(tmp_path, "")
    manifest = tmp_path / "impl.toml"
    manifest.write_text(manifest.read_text().replace("ready =", "redy ="))
    run = examine(tmp_path)
    assert run.status == USAGE_ERROR
    assert run.error == f"{manifest}: Object contains unknown field `redy` - at `$.server`"


@pytest.mark.parametrize("option", ["--time-scale=0", "--time-scale=-1", "--time-scale=inf", "--time-scale=nan"])
def test_a_time_scale_that_is_no_factor(tmp_path: Path, option: str) -> None:
    run = examine(server(tmp_path, ""), option)
    assert run.status == USAGE_ERROR
    assert "must be greater than 0" in run.error


@pytest.mark.parametrize(
    ("report", "why"), [("impl.toml", "Not a directory"), ("/proc/report", "No such file or directory")]
)
def test_a_report_that_cannot_be_written_is_told_before_anything_runs(tmp_path: Path, report: str, why: str) -> None:
    run = examine(server(tmp_path, "raise SystemExit('it was started')"), f"--report={report}")
    assert (run.status, run.error) == (USAGE_ERROR, f"--report={report}: cannot be written: {why}")


def test_a_report_that_cannot_be_written_any_more_is_one_line(tmp_path: Path) -> None:
    """After all verdicts; and it is no failure of whoever was examined."""
    impl = server(tmp_path, LISTENS, limits="boot_s = 20")
    (impl / "test_cases.py").write_text("from pathlib import Path\ndef test_it():\n    Path('there').touch()\n")
    run = examine(impl, "--report=there", "test_cases.py")
    assert run.status == KIT_AT_FAULT, run.text
    assert "--report=there: cannot be written: File exists" in run.text
    assert "Traceback" not in run.text
    assert "  supervision  " in run.text


def test_a_run_that_comes_to_no_certificate_leaves_none_of_an_earlier_one(tmp_path: Path) -> None:
    """It would be taken for this one's, and for a pass."""
    impl = server(tmp_path, LISTENS, limits="boot_s = 20")
    (impl / "test_cases.py").write_text("def test_it():\n    pass\n")
    examine(impl, "test_cases.py")
    left = sorted(path.name for path in (impl / "report").iterdir())
    assert "certificate.json" in left
    (impl / "report" / "notes").write_text("mine")

    assert examine(impl, "--time-scale=0").status == USAGE_ERROR
    assert {path.name for path in (impl / "report").iterdir()} == {*left, "notes"}, "nothing was examined"

    run = examine(server(impl, "raise SystemExit('no configuration')"), "test_cases.py")
    assert run.status == USAGE_ERROR
    assert [path.name for path in (impl / "report").iterdir()] == ["notes"]


def test_a_command_that_does_not_exist(tmp_path: Path) -> None:
    server(tmp_path, "")
    manifest = tmp_path / "impl.toml"
    manifest.write_text(manifest.read_text().replace('"{python}"', '"/nowhere/python"'))
    run = examine(tmp_path)
    assert run.status == USAGE_ERROR
    assert f"miniature ({manifest}) can't be examined: the server's process ended (exit status 127)" in run.error
    assert "/nowhere/python: No such file or directory" in run.error


def test_a_server_that_exits_at_once(tmp_path: Path) -> None:
    run = examine(server(tmp_path, "raise SystemExit('no configuration')"))
    assert run.status == USAGE_ERROR
    assert "the server's process ended (exit status 1) before it was ready" in run.error
    assert "no configuration" in run.error


def test_a_server_that_never_becomes_ready(tmp_path: Path) -> None:
    run = examine(server(tmp_path, "import time; print('thinking', flush=True); time.sleep(600)"))
    assert run.status == USAGE_ERROR
    assert "waited 1.00 s for the server to be ready" in run.error
    assert "thinking" in run.error
    assert left_of(tmp_path) == []


def test_a_server_that_daemonises(tmp_path: Path) -> None:
    """Its first process ends; what it leaves behind can't be supervised, and is not left running."""
    source = """
        import os, sys, time
        if os.fork():
            sys.exit(0)
        os.setsid()
        if os.fork():
            sys.exit(0)
        time.sleep(600)
    """
    run = examine(server(tmp_path, source))
    assert run.status == USAGE_ERROR
    assert "the server's process ended (exit status 0) before it was ready" in run.error
    assert "it must stay in the foreground" in run.error
    assert left_of(tmp_path) == []


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ("print('hello')", 'the driver wrote a line that is no JSON object with "id": hello'),
        ("print('[1]')", 'no JSON object with "id": [1]'),
        ("print('{\"id\": 99}')", "the driver answered 99, which was not asked or is answered already"),
        ("sys.stdout.write('{\"id\": 1'); sys.exit(3)", "the driver wrote half a line, 8 bytes"),
        ("sys.exit('no registry')", "the driver's standard output ended (it exited with 1)"),
        ('print(\'{"id": 1, "servers": "none"}\')', 'the reply to "servers" should hold a list of strings'),
    ],
)
def test_a_driver_that_does_not_keep_the_driver_s_protocol(tmp_path: Path, says: str, message: str) -> None:
    run = examine(client(tmp_path, f"import sys\nsys.stdin.readline()\n{says}\nsys.stdout.flush()\nsys.stdin.read()"))
    assert run.status == USAGE_ERROR
    assert message in run.error
    assert left_of(tmp_path) == []


def test_a_driver_that_writes_a_line_without_end(tmp_path: Path) -> None:
    run = examine(client(tmp_path, "import sys\nwhile True: sys.stdout.write('x' * 65536)"))
    assert run.status == USAGE_ERROR
    assert "the driver wrote half a line" in run.error
    assert len(run.error) < 4000
    assert left_of(tmp_path) == []


def test_a_registry_that_is_not_there(tmp_path: Path) -> None:
    run = examine(server(tmp_path, LISTENS), "--registry=127.0.0.1:1")
    assert run.status == USAGE_ERROR
    assert "the registry can't be had" in run.error
    assert "127.0.0.1:1" in run.error


def test_a_registry_that_does_not_exist(tmp_path: Path) -> None:
    run = examine(server(tmp_path, LISTENS), "--registry=zokeeper")
    assert run.status == USAGE_ERROR
    assert "zokeeper" in run.error


def test_a_run_that_examines_nothing_is_not_green(tmp_path: Path) -> None:
    run = examine(server(tmp_path, LISTENS), "-k", "nothing-is-called-so")
    assert run.status == 5
    assert left_of(tmp_path) == []
