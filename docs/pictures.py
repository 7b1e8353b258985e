"""`make docs-pictures`: what examinations of broken implementations leave, as a browser shows it, in docs/images/."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from proctor.places import CHECKOUT
from tests.broken.catalogue import called
from tests.broken.manifest import quick
from tests.report.browser import Browser, browser

IMAGES = CHECKOUT / "docs" / "images"
LIAR = "directory.ForgetsWithTheRegistry"
CASE = "chaos/test_schedules.py::test_clients_outlive_whatever_is_drawn"
BUDGET_S = 20
WIDTH_PX = 1100


def examine(impl: Path, report: Path, *selected: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", f"--impl={impl}", f"--report={report}", "--seed=1", *selected]
    subprocess.run(command, cwd=CHECKOUT, check=False, stdout=subprocess.DEVNULL)


def certificate(made: Path) -> Path:
    """Of a server that waits once for each SIGCHLD."""
    examine(CHECKOUT / "tests" / "broken", made, "-n", "auto")
    return made / "certificate.html"


def timeline(made: Path) -> Path:
    """Of a client that forgets its list with its connection to the registry: schedules are drawn until one shows it."""
    examine(quick(called(LIAR), made), made / "report", CASE, f"--chaos-budget={BUDGET_S}")
    (page,) = (made / "report" / "timelines").glob("*.html")
    return page


def take(window: Browser, page: Path, name: str) -> None:
    window.open(page)
    window.driver.save_screenshot(str(IMAGES / name))
    print((IMAGES / name).relative_to(CHECKOUT))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        places = [Path(folder) / name for name in ("certificate", "timeline", "browser")]
        for place in places:
            place.mkdir()
        pages = {"certificate.png": certificate(places[0]), "timeline.png": timeline(places[1])}
        with browser(places[2]) as window:
            window.pretend(WIDTH_PX)
            for name, page in pages.items():
                take(window, page, name)


if __name__ == "__main__":
    main()
