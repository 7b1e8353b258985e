"""A law that a server breaks: its counterexample is small, is kept, and is sent again by one command."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.broken import manifest
from tests.broken.catalogue import called
from tests.examination.miniatures import examine

CASE = "test_any_bytes_leave_everybody_else_served"
PROCTOR = str(Path(sys.executable).with_name("proctor"))


def test_a_counterexample_is_small_and_kept_and_can_be_sent_again(tmp_path: Path) -> None:
    liar = called("wire.DiesOfWhatIsNoText")
    manifest.write(liar, tmp_path)
    run = examine(tmp_path, "-k", CASE, "--seed=5", f"--report={tmp_path / 'report'}")
    assert run.status == 1, run.text
    found = re.search(r"only the last bytes:  proctor (send .*)", run.text)
    assert found, run.text
    again = shlex.split(found[1])
    assert len(again) <= 5, "a length, a body, and the end of the connection"

    told = subprocess.run([PROCTOR, *again], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "another connection is served" in told
    assert re.search(r"the workers were \[.*\], and now are \[.*\]", told)

    (kept,) = (tmp_path / "report" / "examples").iterdir()
    assert kept.name.endswith(f"::{CASE}")
    second = examine(tmp_path, "-k", CASE, "--seed=6", f"--report={tmp_path / 'report'}")
    assert shlex.join(again) in second.text


def test_what_is_no_hex_is_one_line() -> None:
    done = subprocess.run([PROCTOR, "send", "--impl=reference", "0g"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "Error: '0g' is neither hex nor one of FIN, RST\n")
