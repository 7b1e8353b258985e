"""The page as a file: valid for the library that draws it, whole in itself, and the same for the same history."""

from __future__ import annotations

import base64
import hashlib
import json
from html.parser import HTMLParser
from itertools import pairwise

import plotly.graph_objects as go
import pytest

from proctor.report.timeline.figure import figure
from proctor.report.timeline.page import page
from proctor.report.timeline.reading import timeline
from proctor.report.timeline.thinning import MOST_DRAWN, MOST_LANES, MOST_VIOLATIONS, thinned
from tests.report.timeline.stories import Story, a_death_and_an_expiry

LOADS = ("src", "srcset", "data", "action", "poster")


class Elements(HTMLParser):
    """What a page consists of: each element with its attributes, and the text of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] == "script":
            self.scripts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self.found.append(("", {}))


@pytest.mark.parametrize(
    "story",
    [
        a_death_and_an_expiry(),
        Story(),
        Story().call(0, 0),
        Story().tell(0, "call", who=7).fault(1, "Stop", 1, 2),
        Story().call(0, 1e-7).call(0, 5000, "unknown"),
    ],
)
def test_the_library_knows_all_that_it_is_asked_to_draw(story: Story) -> None:
    """Its JavaScript would leave out in silence what it doesn't know; its Python refuses."""
    drawn = figure(timeline(story.history()))
    go.Figure(data=drawn["data"], layout=drawn["layout"])
    for theme in drawn["themes"].values():
        go.Figure(data=drawn["data"], layout=drawn["layout"]).update_layout(
            {name.replace(".", "_"): value for name, value in theme.items()}
        )
    json.dumps(drawn, allow_nan=False)


def test_the_page_needs_no_other_file_and_runs_no_script_but_its_own() -> None:
    elements = Elements(page(timeline(a_death_and_an_expiry().history())))
    for tag, attributes in elements.found:
        assert not set(attributes) & set(LOADS), tag
        assert tag != "link" or attributes["href"] == "data:,"
    (policy,) = [attributes["content"] or "" for _, attributes in elements.found if "http-equiv" in attributes]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    data, *scripts = elements.scripts
    assert json.loads(data)["data"]
    assert len(scripts) == 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_the_same_history_makes_the_same_page() -> None:
    assert page(timeline(a_death_and_an_expiry().history())) == page(timeline(a_death_and_an_expiry().history()))


def test_what_is_too_much_to_be_drawn_is_left_out_and_told() -> None:
    story = Story()
    for number in range(MOST_LANES + 5):
        story.view(number, "a:1", who=f"client {number:03}")
        story.fault(number, "Kill", number, number + 0.1, number + 0.2)
    for number in range(MOST_VIOLATIONS + 5):
        story.finding(number, "late", "a call was late")
    for number in range(2 * MOST_DRAWN):
        story.tell(number / 100, "sent", meaning=f"ping {number}")
    whole = timeline(story.history())
    drawn = thinned(whole)
    assert len(drawn.violations) == MOST_VIOLATIONS
    assert sum(len(lane.marks) for lane in drawn.lanes) <= MOST_DRAWN
    assert set(drawn.notes) - set(whole.notes) == {
        f"of {MOST_LANES + 5} lanes of views of clients, {MOST_LANES} are drawn",
        f"of {2 * MOST_DRAWN} events, {MOST_DRAWN} are drawn",
        f"of {MOST_VIOLATIONS + 5} violated checks, the first {MOST_VIOLATIONS} are shown",
    }


def test_what_is_little_is_drawn_whole() -> None:
    whole = timeline(a_death_and_an_expiry().history())
    assert thinned(whole) == whole


def test_a_long_call_and_every_failed_one_survive_a_thousandfold_of_others() -> None:
    story = Story().call(7, 9).call(8, 8.001, "failed").call(9, 9.001, "unknown")
    for number in range(3 * MOST_DRAWN):
        story.call(number / 1000, number / 1000 + 0.002)
    calls = thinned(timeline(story.history())).calls()
    assert len(calls) <= MOST_DRAWN
    assert {(call.begin, call.end) for call in calls} >= {(7, 9), (8, 8.001), (9, 9.001)}
    begins = [call.begin for call in calls]
    assert max(later - earlier for earlier, later in pairwise(begins)) < 0.05, "a gap of our making"
