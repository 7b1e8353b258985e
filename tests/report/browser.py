"""Chromium without a screen, for whoever looks at a page: it reaches no host, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.support.wait import WebDriverWait

from proctor.places import CHECKOUT
from proctor.process import observe
from proctor.process.program import adopt_orphans
from proctor.waiting import eventually

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
AXE = CHECKOUT / "tests" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
RUNS_AXE = """
    const done = arguments[0];
    axe.run(document, { resultTypes: ["violations"] }).then((found) => done(found.violations));
"""
WITHIN_S = 60
JUDGED_WITHIN_S = 110  # axe looks at each element in many ways; selenium itself waits for 120 s
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # which root can't have
    "--disable-dev-shm-usage",  # small in containers
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


def missing() -> str | None:
    """Why no page can be looked at here, or None."""
    absent = [name for name, found in (("chromium", BROWSER), ("chromedriver", DRIVER)) if found is None]
    return f"looking at a page needs {' and '.join(absent)}" if absent else None


def missing_axe() -> str | None:
    """Why no page can be judged here, or None."""
    return missing() or (None if AXE.exists() else "judging a page needs axe-core, which `make test` gets by npm")


class Browser:
    """One window; what goes wrong in it is on its console."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(self, page: Path, ready: str = "document.readyState === 'complete'") -> None:
        """Returns once the page is `ready`. What an earlier page left on the console is forgotten."""
        self.console()
        self.driver.get(page.as_uri())
        self.wait(ready)

    def barriers(self) -> list[str]:
        """What axe finds on the page that keeps somebody from using it: serious or critical, a line for each."""
        self.run(AXE.read_text(encoding="utf-8"))
        found = self.driver.execute_async_script(RUNS_AXE)
        return [
            f"{rule['id']}: {node['target']}: {node['failureSummary']}"
            for rule in found
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: str) -> None:
        told = f"never: {condition}"
        WebDriverWait(self.driver, WITHIN_S).until(lambda _: self.run(f"return {condition}"), told)

    def console(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def pretend(self, width: int = 1400, *, dark: bool = False) -> None:
        """A window of that width, for somebody who likes dark pages, or light ones."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])

    def command(self, name: str, **arguments: Any) -> None:
        self.driver.execute_cdp_cmd(name, arguments)


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Its files stand in `folder`; leaving it, none of its processes is left."""
    options = ChromeOptions()
    options.binary_location = str(BROWSER)
    for argument in (*ARGUMENTS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    home = {"HOME": str(folder), "TMPDIR": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    adopt_orphans()  # else nobody could tell when those that Chromium leaves behind have ended
    before = set(observe.children(os.getpid()))
    driver = Chrome(options, ChromeService(DRIVER, env={**os.environ, **home}))
    driver.set_script_timeout(JUDGED_WITHIN_S)
    try:
        yield Browser(driver)
    finally:
        driver.quit()
        eventually(lambda: reaped(before), within=WITHIN_S, what="the browser to end")


def reaped(before: set[int]) -> bool:
    """Whether we have no children but those, after reaping whoever has ended."""
    for pid in set(observe.children(os.getpid())) - before:
        os.waitpid(pid, os.WNOHANG)
    return set(observe.children(os.getpid())) <= before
