"""The certificate's page as a browser shows it: offline, for everybody, with its filter and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

pytest.importorskip("selenium", reason="looking at a page needs selenium, of the extra `dev`")

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from proctor.history import History
from proctor.report.pages import write_report
from proctor.report.timeline import write_timeline
from tests.report.browser import Browser, browser, missing, missing_axe
from tests.report.pages.stories import REAPED, SHOULD, TIMELINE, hostile, story, troubled

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

NARROW, WIDE = 390, 1200
OPENED = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"

EVIDENCE_OPENED = "document.querySelectorAll('.clause[open] details').forEach((one) => { one.open = true; })"


class Show(Protocol):
    """Writes a report, and opens its page."""

    def __call__(self, document: dict[str, Any]) -> Browser: ...


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def show(window: Browser, tmp_path: Path) -> Iterator[Show]:
    """Afterwards nothing was loaded, and the console is empty."""
    window.pretend(WIDE)

    def shown(document: dict[str, Any]) -> Browser:
        (tmp_path / TIMELINE).parent.mkdir()
        write_timeline(History(), tmp_path / TIMELINE, title="of the case")
        write_report(document, tmp_path)
        window.open(tmp_path / "certificate.html")
        return window

    yield shown
    assert window.console() == []
    assert window.run("return performance.getEntriesByType('resource').map((entry) => entry.name)") == []


def found(window: Browser, selector: str) -> WebElement:
    return window.driver.find_element(By.CSS_SELECTOR, selector)


def clauses(window: Browser) -> list[str]:
    """Those that are shown."""
    shown: list[str] = window.run(
        "return [...document.querySelectorAll('.clause')].filter((one) => one.checkVisibility()).map((one) => one.id)"
    )
    return shown


def choose(window: Browser, what: str, value: str) -> None:
    Select(found(window, f"#{what}")).select_by_visible_text(value)


def test_the_verdict_of_each_profile_is_at_the_top(show: Show, tmp_path: Path) -> None:
    window = show(troubled(tmp_path))
    assert window.driver.title == "ledgerd 2.4.1: not certified"
    assert found(window, "#verdict").text == "Not certified"
    rows = [row.text for row in window.driver.find_elements(By.CSS_SELECTOR, ".profiles tbody tr")]
    assert [row.partition("\n")[0] for row in rows] == ["wire", "discovery", "client", "supervision", "restart"]
    verdicts = [mark.text for mark in window.driver.find_elements(By.CSS_SELECTOR, ".profiles .mark")]
    assert verdicts == ["not certified", "inconclusive", "not claimed", "not certified", "not claimed"]
    assert "the method sleep, reload, watchdog, upgrade" in found(window, ".claims").text
    assert "strace is not installed" in found(window, "#unavailable").text


def test_filters_leave_what_they_name_and_one_click_brings_all_back(show: Show, tmp_path: Path) -> None:
    window = show(troubled(tmp_path))
    everything = clauses(window)
    choose(window, "verdict-of", "fail")
    assert clauses(window) == [SHOULD, REAPED]
    choose(window, "level", "SHOULD")
    assert clauses(window) == [SHOULD]
    assert found(window, "#count").text == f"1 of {len(everything)} clauses"
    choose(window, "profile", "client")
    assert clauses(window) == []
    found(window, "#filter button").click()
    window.wait(f"document.getElementById('count').textContent === '{len(everything)} of {len(everything)} clauses'")
    assert clauses(window) == everything


def test_a_search_finds_clauses_cases_and_evidence(show: Show, tmp_path: Path) -> None:
    window = show(troubled(tmp_path))
    words = found(window, "#words")
    for searched, expected in (
        ("every-death-is-reaped", REAPED),
        ("TEST_MANY sigkill", REAPED),
        ("rpc0000000000 ledgerd", REAPED),
    ):
        words.clear()
        words.send_keys(searched)
        assert expected in clauses(window)
        assert len(clauses(window)) < 4
    words.clear()
    words.send_keys("no such words")
    assert clauses(window) == []


def test_a_failure_s_evidence_opens_by_mouse_and_by_keyboard(show: Show, tmp_path: Path) -> None:
    window = show(troubled(tmp_path))
    opener = found(window, f"[id='{REAPED}'] .evidence summary")
    exchange = found(window, f"[id='{REAPED}'] .exchange")
    assert not exchange.is_displayed()
    opener.click()
    assert exchange.is_displayed()
    for told in ("sent", 'ping "whole"', "0e 00 00 00 7b 22 69 6e", '....{"in":"ping"}', "the first of 4096 bytes"):
        assert told in exchange.text
    seen = found(window, f"[id='{REAPED}'] .subject").text
    assert "4713 ledgerd Z" in seen
    assert "/demo/rpc0000000000" in seen
    assert "ready and waiting" in seen
    opener.send_keys(Keys.ENTER)
    window.wait(f"!document.querySelector(\"[id='{REAPED}'] .evidence\").open")


def test_a_link_leads_to_the_timeline_of_a_case(show: Show, tmp_path: Path) -> None:
    window = show(troubled(tmp_path))
    (link,) = window.driver.find_elements(By.CSS_SELECTOR, "a.timeline")
    link.click()
    window.wait("document.readyState === 'complete' && document.title === 'of the case'")
    assert window.driver.current_url == (tmp_path / TIMELINE).as_uri()


def test_a_link_from_the_top_opens_its_clause_even_if_that_was_filtered_out(show: Show, tmp_path: Path) -> None:
    window = show(troubled(tmp_path))
    choose(window, "profile", "client")
    link = window.driver.find_element(By.LINK_TEXT, "discovery/one-node-after-expiry")
    link.click()
    window.wait("document.getElementById('discovery/one-node-after-expiry').checkVisibility()")
    window.wait("document.getElementById('discovery/one-node-after-expiry').open")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_it_fits_the_window_and_the_reader_s_light(show: Show, window: Browser, tmp_path: Path, width: int) -> None:
    window.pretend(width)
    show(troubled(tmp_path)).run(OPENED)
    assert window.run("return document.documentElement.scrollWidth") <= width
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = window.run(ground)
    window.pretend(width, dark=True)
    window.wait(f"(() => {{ {ground} }})() !== '{light}'")


@pytest.mark.skipif(missing_axe() is not None, reason=str(missing_axe()))
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_nobody_is_kept_from_reading_it(show: Show, window: Browser, tmp_path: Path, width: int, dark: bool) -> None:
    window.pretend(width, dark=dark)
    show(troubled(tmp_path, selection="-k x")).run(EVIDENCE_OPENED)
    assert window.barriers() == []


@pytest.mark.skipif(missing_axe() is not None, reason=str(missing_axe()))
def test_a_page_that_keeps_somebody_out_is_told(window: Browser, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<!doctype html><html lang=en><title>x</title><main><button></button></main>")
    window.open(tmp_path / "page.html")
    assert any(barrier.startswith("button-name: ") for barrier in window.barriers())


def test_without_scripts_all_is_there_and_no_filter(show: Show, window: Browser, tmp_path: Path) -> None:
    window.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        show(troubled(tmp_path))
        assert not found(window, "#filter").is_displayed()
        assert found(window, f"[id='{REAPED}'] .message").is_displayed()
        found(window, f"[id='{REAPED}'] .evidence summary").click()
        assert found(window, f"[id='{REAPED}'] .exchange").is_displayed()
    finally:
        window.command("Emulation.setScriptExecutionDisabled", value=False)


def test_on_paper_it_is_white_and_whole_whatever_was_filtered(show: Show, window: Browser, tmp_path: Path) -> None:
    window.pretend(WIDE, dark=True)
    show(troubled(tmp_path))
    everything = clauses(window)
    choose(window, "verdict-of", "fail")
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    window.command("Emulation.setEmulatedMedia", media="print", features=dark)
    try:
        assert not found(window, "#filter").is_displayed()
        assert clauses(window) == everything
        assert window.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    finally:
        window.command("Emulation.setEmulatedMedia", media="")


def test_nothing_that_an_implementation_wrote_is_obeyed(show: Show, tmp_path: Path) -> None:
    window = show(hostile(tmp_path))
    window.run(OPENED)
    assert window.run("return window.pwned") is None
    strange = "body :is(img, iframe, object), a[href^='javascript'], body script[src]"
    assert window.run(f'return document.querySelectorAll("{strange}").length') == 0
    assert window.run("return document.scripts.length") == 1
    text = window.run("return document.body.textContent")
    assert "<script>window.pwned = 1</script>" in text
    assert "\\x1b[31m" in text
    assert "\x1b" not in text


def test_a_part_of_the_suite_says_so_before_anything_else(show: Show, tmp_path: Path) -> None:
    window = show(story(tmp_path, selection="-k ping"))
    assert found(window, "#verdict").text == "Partial run, certifies nothing"
    assert found(window, "#partial").text == "Only a part was run (-k ping): no profile is certified by it."
