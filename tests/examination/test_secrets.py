"""What the manifest calls a secret is in nothing that a run shows or leaves."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from proctor.redaction import HIDDEN
from tests.examination.miniatures import examine, server
from tests.examination.test_verdicts import MUST

TOLD = "kept-in-the-environment-8f2c"
TELLS = """
    import os, signal, socket, sys, time
    print("token", os.environ["TOKEN"], "password=hunter2 and more", flush=True)
    listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if os.fork() == 0:
        time.sleep(600)
    time.sleep(600)
"""
CASES = f"""
    import os
    from proctor.api import *

    TOLD = os.environ["TOKEN"]

    @clause('{MUST}')
    def test_fails(start_server, history):
        with Kill([start_server().pid], history) as kill:
            kill.took_effect()
        history.record("told", what=TOLD, deeper=[{{"again": TOLD}}], bytes=TOLD.encode().hex())
        assert False, f"was told {{TOLD}}, password=hunter2"

    @clause('{MUST}')
    def test_breaks(server):
        raise OSError(f"the kit met {{TOLD}} \\x1b[31m")

    @clause('{MUST}')
    def test_can_not_be_judged(server):
        raise Inconclusive(f"no {{TOLD}}")
"""


@pytest.fixture
def impl(tmp_path: Path) -> Path:
    server(tmp_path, TELLS, limits="boot_s = 20")
    with (tmp_path / "impl.toml").open("a") as manifest:
        manifest.write('\n[secrets]\nenv = ["TOKEN", "NOT_SET_HERE"]\npatterns = ["password=[a-z0-9]+"]\n')
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "chaos").mkdir()
    (tmp_path / "chaos" / "test_cases.py").write_text(textwrap.dedent(CASES))
    return tmp_path


@pytest.mark.parametrize("processes", ["0", "2"])
def test_secrets_are_in_nothing_that_a_run_shows_or_leaves(
    impl: Path, processes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", TOLD)
    run = examine(impl, "chaos", "-n", processes, "--timelines=all")
    assert run.status == 1
    left = {path: path.read_text() for path in (impl / "report").rglob("*") if path.is_file()}
    assert {path.suffix for path in left} == {".json", ".html", ".md", ".svg", ".xml", ".jsonl"}
    for where, text in {Path("the terminal"): run.text, **left}.items():
        for secret in (TOLD, TOLD.encode().hex(), "hunter2"):
            assert secret not in text, where
    for name in ("certificate.json", "certificate.html", "certificate.md", "junit.xml"):
        assert f"was told {HIDDEN}, {HIDDEN}" in left[impl / "report" / name], name
    assert f"was told {HIDDEN}, {HIDDEN}" in run.text
    assert f"token {HIDDEN} {HIDDEN} and more" in left[impl / "report" / "certificate.html"], "its last output"
    assert "the kit met ***" in run.text
    assert "\x1b[31m" not in run.text, "and no terminal obeys it"


def test_a_start_that_fails_tells_no_secret(impl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", TOLD)
    (impl / "serve.py").write_text("import os\nprint(os.environ['TOKEN'])\nraise SystemExit(3)\n")
    run = examine(impl, "chaos")
    assert run.status == 4
    assert HIDDEN in run.text
    assert TOLD not in run.text
