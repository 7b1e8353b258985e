"""The page as a browser shows it: offline, whole, and deaf to whatever an implementation has written into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

pytest.importorskip("selenium", reason="looking at a page needs selenium, of the extra `dev`")

from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By

from proctor.history import History
from proctor.report.timeline import write_timeline
from proctor.report.timeline.thinning import MOST_DRAWN
from tests.report.browser import Browser, browser, missing, missing_axe
from tests.report.timeline.stories import Story, a_death_and_an_expiry

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

DRAWN = "document.getElementById('plot').getAttribute('aria-busy') === 'false'"
HOSTILE = (
    "<script>window.pwned = 1</script>",
    "</script><script>window.pwned = 2</script>",
    "<img src=x onerror='window.pwned = 3'>",
    '<a href="javascript:window.pwned = 4">here</a>',
    "]]><!-- </style></title></pre>",
    "{{ 7 * 7 }} ${window.pwned = 5}",
    "&lt;b&gt;&amp;",
    "\u2028\ud800\x1b[31m",
)
POSTS_AND_LOADS = """
    const done = arguments[arguments.length - 1];
    const refused = [];
    document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
    const script = document.createElement("script");
    script.textContent = "window.pwned = 6";
    document.body.append(script);
    const image = document.createElement("img");
    image.src = "http://127.0.0.1:9/told";
    document.body.append(image);
    fetch("http://127.0.0.1:9/told").catch(() => setTimeout(() => done(refused.sort()), 0));
"""


class Draw(Protocol):
    """Draws a history, with what `write_timeline` takes beside it, and opens the page."""

    def __call__(self, history: History, **told: Any) -> Browser: ...


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def draw(window: Browser, tmp_path: Path) -> Iterator[Draw]:
    """Afterwards nothing was loaded, and the console is empty."""
    window.pretend()

    def drawn(history: History, **told: Any) -> Browser:
        write_timeline(history, tmp_path / "page.html", **told)
        window.open(tmp_path / "page.html", DRAWN)
        return window

    yield drawn
    assert window.console() == []
    assert window.run("return performance.getEntriesByType('resource').map((entry) => entry.name)") == []


def texts(window: Browser) -> list[str]:
    """Everything that is written in the drawing."""
    found: list[str] = window.run("return [...document.querySelectorAll('#plot text')].map((text) => text.textContent)")
    return found


def shown(window: Browser) -> tuple[float, float]:
    """The stretch of time that the drawing shows, in seconds."""
    first, last = window.run("return document.getElementById('plot').layout.xaxis.range.map(Number)")
    return first, last


def click(window: Browser, selector: str) -> None:
    window.driver.find_element(By.CSS_SELECTOR, selector).click()


def until_shown(window: Browser, first: float, last: float) -> None:
    near = "((at, wanted) => Math.abs(at - wanted) < 1e-6)"
    range_shown = "document.getElementById('plot').layout.xaxis.range"
    window.wait(f"{near}({range_shown}[0], {first}) && {near}({range_shown}[1], {last})")


def test_lanes_faults_and_the_violated_check_are_on_the_page(draw: Draw) -> None:
    window = draw(a_death_and_an_expiry().history(), facts={"implementation": "mine 1.0", "seed": "17"})
    assert window.driver.title == "chaos/test_stories.py::test_two_faults"
    head = window.driver.find_element(By.TAG_NAME, "header").text
    for told in ("mine 1.0", "17", "300 ok, 1 failed, 1 unknown", "2 faults", "1 violated check"):
        assert told in head
    violations = window.driver.find_element(By.ID, "violations").text
    assert "supervision/every-death-is-reaped" in violations
    assert "101 was still a zombie after 1.00 s" in violations
    written = texts(window)
    for told in (
        *("faults", "calls by client", "views of clients", "znodes", "processes", "events"),
        *("client 0", "client 1", "/demo/rpc0000000002", "server 1 parent", "server 2 process 1"),
        *("Kill", "ExpireSession", "2 servers", "1 server", "latency of each call", "memory, kB", "1"),
    ):
        assert told in written, told
    assert window.run("return document.querySelectorAll('#plot .shapelayer path').length") == 5
    legend = window.driver.find_element(By.ID, "legend").text.split("\n")
    assert {"fault", "ok", "failed", "unknown", "zombie", "took effect", "violated"} <= set(legend)
    text = window.run("return document.getElementById('text').textContent")
    assert "ExpireSession took effect: ExpireSession was seen" in text


def test_a_violated_check_is_shown_from_close_by_on_a_click(draw: Draw) -> None:
    window = draw(a_death_and_an_expiry().history())
    click(window, ".violation")
    until_shown(window, 2.02 - 0.306, 2.02 + 0.306)
    click(window, "#whole")
    until_shown(window, -0.06, 6.06)


def test_dragging_zooms_into_a_stretch_of_time(draw: Draw) -> None:
    window = draw(a_death_and_an_expiry().history())
    whole = shown(window)
    pane = window.driver.find_element(By.CSS_SELECTOR, "#plot .nsewdrag")
    hand = ActionChains(window.driver, duration=50)
    hand.move_to_element_with_offset(pane, -200, 0).click_and_hold().move_by_offset(250, 0).release().perform()
    window.wait("document.getElementById('plot').layout.xaxis.range[1] < 6")
    first, last = shown(window)
    assert whole[0] < first < last < whole[1]
    bottom = window.run("return document.getElementById('plot').layout.xaxis2.range.map(Number)")
    assert bottom == pytest.approx([first, last]), "the axis above and the one below are one"
    click(window, "#whole")
    until_shown(window, *whole)


def test_buttons_zoom_and_shift(draw: Draw) -> None:
    window = draw(a_death_and_an_expiry().history())
    click(window, "[aria-label='Zoom in']")
    until_shown(window, 1.47, 4.53)
    click(window, "[aria-label='Later']")
    until_shown(window, 3.0, 6.06)
    click(window, "[aria-label='Zoom out']")
    until_shown(window, 1.47, 7.59)


def test_a_call_is_told_where_the_pointer_is(draw: Draw) -> None:
    window = draw(Story().tell(0, "case").call(1, 1.25, asked="ping 7", answered="pong 7").tell(2, "end").history())
    bar = window.driver.find_element(By.CSS_SELECTOR, "#plot .bars .point path")
    ActionChains(window.driver).move_to_element(bar).move_by_offset(1, 1).perform()
    window.wait("document.querySelector('#plot .hoverlayer text') !== null")
    told = window.run("return document.querySelector('#plot .hoverlayer').textContent")
    for part in ("1.000 s to 1.250 s: 250 ms", "client 0: ok", "asked ping 7", "pong 7"):
        assert part in told


@pytest.mark.parametrize("width", [1400, 400])
def test_it_fits_the_window_and_the_reader_s_light(draw: Draw, window: Browser, width: int) -> None:
    window.pretend(width)
    draw(a_death_and_an_expiry().history())
    assert window.run("return document.documentElement.scrollWidth") <= width
    ink = "return getComputedStyle(document.querySelector('#plot .xtick text')).fill"
    light = window.run(ink)
    window.pretend(width, dark=True)
    window.wait(f"(() => {{ {ink} }})() !== '{light}'")


@pytest.mark.skipif(missing_axe() is not None, reason=str(missing_axe()))
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_nobody_is_kept_from_reading_it(draw: Draw, window: Browser, width: int, dark: bool) -> None:
    window.pretend(width, dark=dark)
    draw(a_death_and_an_expiry().history(), facts={"implementation": "mine 1.0"})
    assert window.barriers() == []


def test_nothing_that_an_implementation_wrote_is_obeyed(draw: Draw) -> None:
    story = Story().tell(0, "case", name="".join(HOSTILE))
    for at, text in enumerate(HOSTILE):
        story.call(at, at + 0.5, "unknown", who=text, asked=text, answered=text, expected=text)
        story.nodes(at, {"path": f"/{text}", "data": text, "address": "", "owner": 1}).view(at, text, who=text)
        story.tell(at, "fault", number=at, name=text, phase="effective", proof=text, needs=text)
        story.finding(at, text, f"{text}\n{text}", text).tell(at, text, what=text)
        story.processes(at, 100, 101, who=text)
    window = draw(story.history(), facts={text: text for text in HOSTILE})
    assert window.run("return window.pwned") is None
    strange = "body :is(img, a[href], iframe), body script:not(#figure):not([src])"
    assert window.run(f'return document.querySelectorAll("{strange}").length') == 2, "the two scripts of the page"
    written = "\n".join(texts(window))
    assert "<script>window.pwned = 1</script>" in written
    assert "&lt;b&gt;&amp;" in written
    for bar in window.driver.find_elements(By.CSS_SELECTOR, "#plot .bars .point path")[:20]:
        ActionChains(window.driver).move_to_element(bar).perform()
    assert window.run("return window.pwned") is None


def test_the_page_s_policy_lets_nothing_in_and_nothing_out(window: Browser, tmp_path: Path) -> None:
    """Whatever gets past the escaping."""
    write_timeline(a_death_and_an_expiry().history(), tmp_path / "page.html")
    window.open(tmp_path / "page.html", DRAWN)
    refused = window.driver.execute_async_script(POSTS_AND_LOADS)
    assert refused == ["connect-src", "img-src", "script-src-elem"]
    assert window.run("return window.pwned") is None
    assert len([told for told in window.console() if "Content Security Policy" in told]) >= len(refused)


@pytest.mark.parametrize(
    "story",
    [
        Story(),
        Story().tell(0, "case", name="alone"),
        Story().call(0, 0),
        Story().fault(1, "Stop", 0, 1),
        Story().tell(0, "call", who=7).tell(1, "moon"),
    ],
    ids=["empty", "one moment", "a call without length", "truncated", "damaged"],
)
def test_every_history_has_a_page(draw: Draw, story: Story) -> None:
    window = draw(story.history())
    assert window.driver.find_element(By.TAG_NAME, "h1").text


def test_of_a_great_many_calls_the_telling_ones_are_drawn_and_the_page_says_so(draw: Draw) -> None:
    story = Story()
    for number in range(3 * MOST_DRAWN):
        story.call(number / 100, number / 100 + 0.005, "failed" if number % 1000 == 0 else "ok")
    window = draw(story.history())
    drawn = window.run("return document.querySelectorAll('#plot .bars .point').length")
    assert MOST_DRAWN / 2 <= drawn <= MOST_DRAWN
    head = window.driver.find_element(By.TAG_NAME, "header").text
    assert (
        f"of {3 * MOST_DRAWN} calls by client, {drawn} are drawn: what failed, what took long, and some of the rest"
        in head
    )
    failed = window.run("return document.getElementById('plot').data.find((trace) => trace.name === 'failed').x.length")
    assert failed == 12
