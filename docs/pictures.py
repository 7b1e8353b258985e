"""`make docs-pictures`: what a broken implementation's examination leaves, as a browser shows it, in docs/images/."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from proctor.places import CHECKOUT
from tests.broken.catalogue import called
from tests.broken.manifest import quick
from tests.report.timeline.browser import browser

IMAGES = CHECKOUT / "docs" / "images"
LIAR = "directory.ForgetsWithTheRegistry"
CASE = "chaos/test_schedules.py::test_clients_outlive_whatever_is_drawn"
BUDGET_S = 20
WIDTH_PX = 1100


def examine(folder: Path) -> None:
    """A client that forgets its list with its connection to the registry; schedules are drawn until one shows it."""
    quick(called(LIAR), folder)
    options = (f"--impl={folder}", f"--report={folder / 'report'}", "--seed=1", f"--chaos-budget={BUDGET_S}")
    command = [sys.executable, "-m", "pytest", "-q", *options, CASE]
    subprocess.run(command, cwd=CHECKOUT, check=False, stdout=subprocess.DEVNULL)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="pictures-") as made:
        folder, home = Path(made) / "liar", Path(made) / "browser"
        folder.mkdir()
        home.mkdir()
        examine(folder)
        (timeline,) = (folder / "report" / "timelines").glob("*.html")
        with browser(home) as window:
            window.pretend(WIDTH_PX)
            window.open(timeline)
            picture = IMAGES / "timeline.png"
            window.driver.save_screenshot(str(picture))
            print(picture.relative_to(CHECKOUT))


if __name__ == "__main__":
    main()
