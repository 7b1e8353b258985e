"""How the site is built, as `make docs` does it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from proctor.places import CHECKOUT

BUILT_WITHIN_S = 300


def build(source: Path, made: Path) -> subprocess.CompletedProcess[str]:
    """Of the pages in `source`; what is made stands in `made`, the site in `made`/site."""
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "--no-color"]
    command += ["-c", str(CHECKOUT / "docs"), "-d", str(made / "read"), str(source), str(made / "site")]
    plain = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(command, env=plain, capture_output=True, text=True, timeout=BUILT_WITHIN_S, check=False)
