"""From a history to what is wrong in it. Pure: a saved history is judged again without running anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from proctor.checks import lost, processes, registry, resources
from proctor.checks.finding import Finding
from proctor.checks.reading import spoiled
from proctor.history import History
from proctor.outcome import Failure, Inconclusive
from proctor.states import Quiet, spans, terms

Check = Callable[[History], Iterable[Finding]]


CHECKS: tuple[Check, ...] = (
    lost.replies_are_their_own,
    lost.calls_end_in_time,
    lost.every_call_has_one_outcome,
    lost.none_is_executed_twice,
    lost.what_was_acknowledged_happened,
    lost.the_dead_do_not_answer,
    lost.no_call_fails_without_a_reason,
    processes.parents_live,
    processes.the_dead_are_reaped,
    processes.workers_are_as_many_as_asked,
    processes.orphans_end,
    processes.nobody_outlives_a_stop,
    registry.each_server_has_one_node,
    registry.nodes_end_with_their_sessions,
    registry.views_are_the_registry_s,
    registry.no_list_is_lost,
    resources.nothing_leaks,
    resources.nobody_is_busy_at_rest,
)


class Broken(Failure):
    """A schedule showed what a clause forbids."""

    def __init__(self, findings: list[Finding], message: str) -> None:
        super().__init__(message)
        self.clauses = tuple(dict.fromkeys(finding.clause for finding in findings if finding.clause))


def findings(history: History) -> list[Finding]:
    """What the checks find, in the order of the moments. ValueError if the history is not of a schedule."""
    terms(history)
    found = [finding for check in CHECKS for finding in check(history)]
    unexplained = [Finding(moment.at, moment.why) for moment in restless(history)]
    return sorted(found or unexplained, key=lambda finding: finding.at)


def restless(history: History) -> list[Quiet]:
    """Waits for rest that didn't come, the host not being to blame."""
    return [moment for moment in Quiet.all(history) if not (moment.settled or spoiled(history, moment))]


def demand_proof(history: History) -> None:
    """Inconclusive if nothing was shown: no act took effect, or the host stalled while rest was awaited."""
    acts = list(spans(history))
    if acts and all(span.missed for span in acts):
        raise Inconclusive("of the acts of this schedule none took effect: " + acts[0].act.what)
    if any(spoiled(history, moment) for moment in Quiet.all(history) if not moment.settled):
        raise Inconclusive("the host stalled while the fleet was to come to rest")
