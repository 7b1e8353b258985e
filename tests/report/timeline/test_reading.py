"""From a history to lanes: what is there from when to when; and no history is too odd to be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proctor.history import Event, History
from proctor.report.timeline.facts import MOST_SHOWN
from proctor.report.timeline.model import Group, Style, Timeline
from proctor.report.timeline.reading import timeline
from proctor.states import Act, Quiet, Stalled
from tests.report.timeline.stories import BEGAN_S, Story, a_death_and_an_expiry, node

Stay = tuple[str, float, float]


def read(story: Story, **told: Any) -> Timeline:
    return timeline(story.history(), **told)


def stays(found: Timeline, group: Group) -> dict[str, list[Stay]]:
    """By lane, each span's name, beginning and end."""
    return {lane.name: [(span.name, span.begin, span.end) for span in lane.spans] for lane in found.of(group)}


def test_the_axis_begins_with_the_first_event_and_ends_with_the_last() -> None:
    found = read(Story().tell(0, "case", name="a").call(0.5, 0.75).tell(2, "quite new"))
    assert found.length_s == 2
    assert [(call.begin, call.end) for call in found.calls()] == [(0.5, 0.75)]
    assert read(Story().call(0.5, 0.75)).length_s == 0.25, "nothing is known before the call that was recorded first"


def test_a_fault_is_told_from_injected_to_healed_with_the_moment_and_the_proof_of_its_effect() -> None:
    (fault,) = read(Story().tell(0, "case").fault(7, "Kill", 1, 1.5, 3)).disturbances
    assert (fault.span.begin, fault.effective, fault.span.end) == (1, 1.5, 3)
    assert (fault.span.name, fault.proof, fault.span.open) == ("Kill", "Kill was seen", False)


def test_two_faults_of_one_name_that_overlap_are_two() -> None:
    found = read(Story().tell(0, "case").fault(1, "Stop", 1, 1.1, 4).fault(2, "Stop", 2, 2.1, 3))
    assert [(fault.span.begin, fault.span.end) for fault in found.disturbances] == [(1, 4), (2, 3)]
    assert len(found.of(Group.FAULTS)) == 2, "they would hide each other in one lane"


def test_a_number_that_comes_again_after_the_healing_is_another_fault() -> None:
    found = read(Story().tell(0, "case").fault(9, "Kill", 1, 1.1, 1.2).fault(9, "Kill", 3, 3.1, 3.2))
    assert [fault.span.begin for fault in found.disturbances] == [1, 3]


def test_a_fault_of_an_act_bears_the_act_s_name() -> None:
    story = Story().tell(0, "case").state(1, Act(number=1, what="kill-worker", on="server 2", phase="begins"))
    story.fault(1, "Kill", 1.001, 1.1, 1.2).fault(2, "Stop", 2, 2.1, 2.2)
    assert [fault.span.name for fault in read(story).disturbances] == ["kill-worker on server 2", "Stop"]


def test_an_act_that_was_missed_names_no_later_fault_and_is_told() -> None:
    begins = Act(number=1, what="kill-worker", on="server 2", phase="begins")
    missed = Act(number=1, what="kill-worker", on="server 2", phase="missed", why="it has no worker")
    found = read(Story().state(0, begins).state(1, missed).fault(2, "Stop", 2, 2.1, 2.2))
    assert [fault.span.name for fault in found.disturbances] == ["Stop"]
    (lane,) = found.of(Group.EVENTS)
    assert [mark.told for mark in lane.marks] == ["kill-worker on server 2 was missed: it has no worker"]


def test_what_the_machine_cannot_inject_lasts_no_time_and_says_why() -> None:
    story = Story().tell(0, "case").tell(1, "fault", number=1, name="Strace", phase="unavailable", reason="no strace")
    (fault,) = read(story.tell(2, "end")).disturbances
    assert (fault.span.begin, fault.span.end, fault.proof, fault.unavailable) == (1, 1, "no strace", True)


def test_a_process_is_born_becomes_a_zombie_and_is_gone() -> None:
    story = Story().processes(0, 100, 101).processes(1, 100, zombies=[101]).processes(2, 100).tell(3, "end")
    found = read(story)
    assert stays(found, Group.PROCESSES) == {
        "server 1 parent": [("100", 0, 3)],
        "server 1 process 1": [("101", 0, 1), ("101", 1, 2)],
    }
    worker, zombie = found.of(Group.PROCESSES)[1].spans
    assert (worker.style, worker.changed, worker.open) == (Style.WORKER, True, False)
    assert (zombie.style, zombie.changed, zombie.open) == (Style.ZOMBIE, False, False)


def test_who_replaces_another_gets_its_lane_and_two_servers_have_their_own() -> None:
    story = Story().processes(0, 100, 101, 102).processes(1, 100, 102, 103).processes(1, 200, 103, who="server 2")
    found = stays(read(story.tell(2, "end")), Group.PROCESSES)
    assert found["server 1 process 1"] == [("101", 0, 1), ("103", 1, 2)]
    assert found["server 2 process 1"] == [("103", 1, 2)]


def test_orphans_outlive_their_parent() -> None:
    found = read(Story().processes(0, 100, 101).processes(1, 0, orphans=[101]).tell(2, "end"))
    parent, worker = found.of(Group.PROCESSES)
    assert [(span.style, span.end) for span in parent.spans] == [(Style.PARENT, 1)]
    assert [span.style for span in worker.spans] == [Style.WORKER, Style.ORPHAN]


def test_a_znode_tells_its_owner_and_one_that_comes_back_is_another() -> None:
    story = Story().nodes(0, node(0, 7001, 0xA1)).nodes(1).nodes(2, node(0, 7001, 0xB2)).tell(3, "end")
    (lane,) = read(story).of(Group.ZNODES)
    assert [(span.begin, span.end, span.open) for span in lane.spans] == [(0, 1, False), (2, 3, True)]
    assert [span.told.rpartition(", ")[2] for span in lane.spans] == ["owner 0xa1", "owner 0xb2"]


def test_a_view_that_is_told_again_is_no_change() -> None:
    story = Story().view(0, "a:1", "b:2").view(1, "a:1", "b:2").view(2).tell(3, "end")
    (lane,) = read(story).of(Group.VIEWS)
    assert [(span.name, span.told, span.begin, span.end) for span in lane.spans] == [
        ("2 servers", "a:1, b:2", 0, 2),
        ("0 servers", "none", 2, 3),
    ]


def test_an_answer_that_belongs_to_another_call_shows_what_it_should_have_been() -> None:
    (call,) = read(Story().call(0, 1, answered="pong 2", expected="pong 1")).calls()
    assert (call.style, call.told) == (Style.OK, "pong 2, and should have been pong 1")


def test_a_violation_is_at_its_own_moment_and_not_where_it_was_found() -> None:
    story = Story().tell(0, "case").tell(9, "finding", clause="a/b", moment=BEGAN_S + 2, message="a zombie")
    story.tell(10, "finding", clause="", moment=None, message="never").tell(11, "end")
    assert [(each.at, each.name) for each in read(story).violations] == [(2, "a/b"), (10, "a check")]


def test_the_host_s_stalls_and_the_waits_for_rest_are_told() -> None:
    quiet = Quiet(phase="after", began=BEGAN_S + 3, within_s=9, settled=False, why="a worker is missing")
    story = Story().tell(0, "case").state(4, quiet).state(5, Stalled(started=BEGAN_S + 1, seconds=0.5))
    found = stays(read(story), Group.EVENTS)
    assert found["waits for rest"] == [("after", 3, 4)]
    assert found["stalls of the host"] == [("stall", 1, 1.5)]


def test_kinds_that_nobody_knows_are_shown_as_they_are() -> None:
    (lane,) = read(Story().tell(0, "moon", phase="full", nothing=None)).of(Group.EVENTS)
    assert [(mark.kind, mark.told) for mark in lane.marks] == [("moon", "phase full")]


def test_the_title_is_the_case_s_unless_one_is_given() -> None:
    story = Story().tell(0, "case", name="a").tell(1, "case", name="b")
    assert read(story).title == "a, b"
    assert read(story, title="mine", facts={"seed": "7"}).title == "mine"
    assert read(story, facts={"seed": "7"}).facts == {"seed": "7"}


# --- truncated, damaged, hostile


def test_a_truncated_history_goes_on_to_its_end_and_says_so() -> None:
    story = Story().processes(0, 100, 101).fault(1, "Stop", 1, 1.5).nodes(2, node(0, 7001, 1)).view(2, "a:1")
    found = read(story.tell(4, "end"))
    (fault,) = found.disturbances
    assert (fault.span.begin, fault.span.end, fault.span.open) == (1, 4, True)
    assert found.notes == ("the history ends before these faults are healed: Stop",)
    assert all(span.open for lane in found.lanes for span in lane.spans)


def test_a_history_that_begins_in_the_middle_has_its_faults_from_the_beginning() -> None:
    story = Story().tell(0, "case").tell(2, "fault", number=1, name="Stop", phase="healed").tell(3, "end")
    (fault,) = read(story).disturbances
    assert (fault.span.begin, fault.effective, fault.span.end) == (0, None, 2)


def test_an_empty_history_is_a_timeline_too() -> None:
    found = read(Story())
    assert (found.length_s, found.lanes, found.notes) == (0, (), ("the history is empty",))


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("call", {"who": "c", "invoked": "soon", "ended": 1.0, "outcome": "ok"}),
        ("call", {"who": "c", "invoked": 1.0, "ended": float("nan"), "outcome": "ok"}),
        ("call", {"who": "c", "invoked": 1.0, "ended": 1.0, "outcome": "splendid"}),
        ("fault", {"phase": "injected"}),
        ("processes", {"who": "server 1", "parent": 1, "workers": "many"}),
        ("znodes", {"what": "deleted", "path": "/demo/rpc0"}),
        ("view", {"who": "client 0", "servers": None}),
        ("finding", {"check": 7}),
        ("quiet", {}),
    ],
)
def test_an_event_without_the_facts_of_its_kind_is_counted_and_shown_as_another(
    kind: str, facts: dict[str, Any]
) -> None:
    found = read(Story().tell(0, kind, **facts).call(0.5, 1))
    assert found.notes == (f"1 of the kind {kind} without the facts of that kind: shown among other events",)
    assert [mark.kind for lane in found.of(Group.EVENTS) for mark in lane.marks] == [kind]
    assert len(found.calls()) == 1


@pytest.mark.parametrize("hostile", ["\x1b[2J\x07", "\ud800 alone", "\u202eright to left", "a\nb\x00"])
def test_no_text_of_an_implementation_is_longer_or_other_than_people_can_read(hostile: str) -> None:
    text = hostile + "x" * 2_000_000
    story = Story().tell(0, "case", name=text).call(0, 1, who=text, asked=text, answered=text).view(0, text)
    story.tell(1, "finding", check=text, moment=None, message=text).tell(2, text, what=text)
    found = read(story, facts={text: text})
    said = [
        found.title,
        *found.facts,
        *found.facts.values(),
        *(f"{each.name}{each.message}" for each in found.violations),
    ]
    for lane in found.lanes:
        said += [lane.name, *(span.name for span in lane.spans), *(span.told for span in lane.spans)]
        said += [part for mark in lane.marks for part in (mark.kind, mark.told)]
    assert len(said) > 10
    for told in said:
        assert all(char.isprintable() or char == "\n" for char in told), ascii(told[:80])
        assert len(told) < 3 * MOST_SHOWN


def test_a_page_drawn_at_once_and_one_drawn_from_the_file_are_the_same(tmp_path: Path) -> None:
    history = a_death_and_an_expiry().history()
    history.save(tmp_path / "h.jsonl")
    assert timeline(History.load(tmp_path / "h.jsonl")) == timeline(history)


def test_every_event_of_the_kit_that_a_line_can_hold_is_read(tmp_path: Path) -> None:
    """What isn't JSON itself is recorded as its `repr`."""
    history = History.of([Event(1.0, "odd", {"pids": frozenset({1}), "path": tmp_path})])
    assert json.loads(next(iter(history)).line())["pids"] == "frozenset({1})"
    (lane,) = timeline(history).of(Group.EVENTS)
    assert lane.marks[0].told.startswith("pids frozenset({1}), path PosixPath(")
