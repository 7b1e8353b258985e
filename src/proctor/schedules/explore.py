"""Draws and performs schedules until one breaks something, makes that small, and says how often it does so."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn
from zlib import crc32

from proctor.checks.finding import Finding
from proctor.history import History
from proctor.outcome import Failure, Inconclusive
from proctor.process.stalls import StallMeter
from proctor.record import cause
from proctor.schedules.acts import possible
from proctor.schedules.judging import Broken, demand_proof, findings
from proctor.schedules.perform import in_vain, perform
from proctor.schedules.recovery import Recoveries, recovery_s
from proctor.schedules.replay import Replay
from proctor.schedules.schedule import Schedule
from proctor.schedules.smaller import fewer_acts, smaller_fleets
from proctor.states import Span, spans
from proctor.subject.stage import Stage

SHRINK_S, DROP_S = 15.0, 120.0  # how long a schedule is made smaller, by Hypothesis and then by us
PASSES_MAX = 8  # over a schedule's acts before all are taken to matter: it may break something only now and then
TRIES = 4  # of the smallest one, to say how often it breaks something
DRAWN_TOGETHER = 2  # from one seed: Hypothesis likes to draw once more what resembles the last
FEWEST_ACTS = 5  # of schedules but for the first of these: each act is to meet others, and costs less than a new fleet

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Attempt:
    """A schedule that was performed, and what was found in its history."""

    schedule: Schedule
    history: History
    found: list[Finding]

    @property
    def unshown(self) -> str:
        """Why it says nothing about the implementation; empty if it does."""
        return "" if self.found else in_vain(partial(demand_proof, self.history))


@dataclass
class Exploration:
    """The chaos of one case. `budget_s`: how long schedules are drawn; one is, however short it is. `tell`: says how it
    goes. `kept_in`: where the replay file and its history go, without suffix; they are made only if something breaks.
    `given`: the one schedule to be tried instead of any that is drawn.
    """

    stage: Stage
    stalls: StallMeter
    seed: int
    budget_s: float
    case: str
    kept_in: Path
    tell: Tell
    given: Schedule | None = None
    _harmless_since: float | None = None
    _recoveries: Recoveries = field(default_factory=Recoveries)

    def explore(self, *, of_servers: bool, of_clients: bool, besides: Collection[str] = ()) -> None:
        """Broken, for the smallest schedule found that breaks something. Inconclusive if nothing was shown.

        `besides`: acts that are drawn only here, and only if the manifest claims them.
        """
        from proctor.schedules.drawing import hold_any, schedules  # noqa: PLC0415  # Hypothesis: only who draws waits

        if self.given is not None:
            self._replay(self.given)
            return
        acts = possible(self.stage.manifest, of_servers=of_servers, of_clients=of_clients, besides=besides)
        search = Search(self.attempt, self.budget_s)
        for turn in itertools.count():
            seed = crc32(f"{self.seed} {self.case} {turn}".encode())
            fewest = FEWEST_ACTS if turn else 1
            drawn = schedules(acts, seed, fewest, of_servers=of_servers, of_clients=of_clients)
            with suppress(Broken):
                hold_any(search.hold, drawn, seed, DRAWN_TOGETHER)
            if search.over or search.smallest:
                break
        for line in self._recoveries.lines():
            self.tell(line)
        search.make_small()
        if search.smallest is not None:
            self._report(search.smallest, [self.attempt(search.smallest.schedule) for _ in range(TRIES)])
        search.demand_something()

    def _replay(self, schedule: Schedule) -> None:
        """Whether it breaks something at any of several attempts."""
        search = Search(self.attempt, 0.0)
        attempts = [attempt for _ in range(TRIES) if (attempt := search.attempt(schedule))]
        if search.smallest is not None:
            self._report(search.smallest, attempts)
        search.demand_something()

    def attempt(self, schedule: Schedule) -> Attempt:
        """What was recorded of an attempt before it is dropped, if nothing was found in it; but for its faults, which
        stand on the certificate.
        """
        began = time.monotonic()
        if self._harmless_since is not None:
            self.stage.history.forget(self._harmless_since, began, keep=("fault",))
        found: list[Finding] = []
        try:
            perform(schedule, self.stage, self.stalls)
        except Failure as failure:  # it doesn't start, or its driver breaks
            found = [Finding(time.monotonic(), str(failure))]
        history = self.stage.history.later(began)
        found = findings(history) + found
        self._harmless_since = None if found else began
        for finding in summed_up(found):
            self.stage.history.record("finding", moment=finding.at, message=finding.message, clause=finding.clause)
        self._recoveries.add(history)
        attempt = Attempt(schedule, history, found)
        self.tell(self.stage.manifest.redaction.text(told(attempt, time.monotonic() - began)))
        return attempt

    def _report(self, smallest: Attempt, attempts: list[Attempt]) -> NoReturn:
        """Write the replay file, which says how many of these attempts broke something, of those that show anything;
        and raise Broken.
        """
        hide = self.stage.manifest.redaction
        lines = [hide.text(finding.message) for finding in summed_up(smallest.found)]
        broke = sum(bool(attempt.found) for attempt in attempts)
        unshown = [attempt.unshown for attempt in attempts if attempt.unshown]
        tried = len(attempts) - len(unshown)
        replay, saved = (self.kept_in.with_name(f"{self.kept_in.name}{suffix}") for suffix in (".json", ".jsonl"))
        Replay(
            schedule=smallest.schedule,
            case=self.case,
            seed=self.seed,
            versions=versions(self.stage),
            claims=dict(self.stage.manifest.claims()),
            broke=broke,
            tried=tried,
            findings=lines,
            observed=observed(smallest.history),
        ).save(replay)
        smallest.history.told(hide.value).save(saved)
        lines += ["by this schedule, the smallest that was found to do so:", str(smallest.schedule)]
        more = f", and {len(unshown)} more showed nothing ({unshown[0]})" if unshown else ""
        lines.append(f"it broke something in {broke} of {tried} attempts{more}; --replay {replay} tries it again")
        raise Broken(smallest.found, "\n".join(lines))


class Search:
    """What Hypothesis asks of each schedule that it draws; each is performed once, so its answer stays the same."""

    def __init__(self, attempt: Callable[[Schedule], Attempt], budget_s: float) -> None:
        self._attempt = attempt
        self._answers: dict[Schedule, bool] = {}
        self._ends = time.monotonic() + budget_s  # of the search, and then of making small what was found
        self._shown = False
        self._unshown = ""  # why the last one showed nothing
        self._error: Exception | None = None
        self.smallest: Attempt | None = None

    def hold(self, schedule: Schedule) -> None:
        if schedule not in self._answers and not self.over:
            attempt = self.attempt(schedule)
            self._answers[schedule] = bool(attempt and attempt.found)
        if self._answers.get(schedule):
            raise Broken([], "")

    def attempt(self, schedule: Schedule) -> Attempt | None:
        """None if it was in vain: an error of ours, which ends the search."""
        try:
            attempt = self._attempt(schedule)
        except Exception as error:
            self._error = error
            return None
        if attempt.found:
            self._ends = self._ends if self.smallest else time.monotonic() + SHRINK_S
            self.smallest = min(filter(None, [self.smallest, attempt]), key=size)
        self._unshown = attempt.unshown
        self._shown |= not attempt.unshown
        return attempt

    def make_small(self) -> None:
        """Try with fewer acts, and then with a smaller fleet."""
        self._ends = time.monotonic() + DROP_S
        while self.smallest and self._dropped_some(self.smallest):
            pass
        while self.smallest and self._broken_too(self.smallest, smaller_fleets(self.smallest.schedule)):
            pass

    def _dropped_some(self, from_: Attempt) -> bool:
        """Whether fewer acts have broken something too.

        What all of them do seldom is looked for as often in fewer: until it is seen of all once more, and once again.
        """
        seen_again = False
        for _ in range(PASSES_MAX):
            if self._broken_too(from_, fewer_acts(from_.schedule)):
                return True
            if self.over or seen_again:
                break
            again = self.attempt(from_.schedule)
            seen_again = bool(again and again.found)
        return False

    def _broken_too(self, from_: Attempt, smaller: Iterable[Schedule]) -> bool:
        """Whether one of these broke something: it is the smallest then."""
        for schedule in smaller:
            if self.over:
                break
            self.attempt(schedule)
            if self.smallest is not from_:
                return True
        return False

    def demand_something(self) -> None:
        if self._error:
            raise self._error
        if self._unshown and not self._shown:
            raise Inconclusive(self._unshown)

    @property
    def over(self) -> bool:
        """Whether nothing more is to be tried. One is, whatever the budget."""
        return bool(self._error) or bool(self._answers and time.monotonic() > self._ends)


def summed_up(found: list[Finding]) -> list[Finding]:
    """One for each cause, the first."""
    alike = Counter(cause(finding.message) for finding in found)
    firsts = [(finding, alike.pop(cause(finding.message), 0) - 1) for finding in found]
    return [
        replace(finding, message=finding.message + f" (and {more} more like it)" * (more > 0))
        for finding, more in firsts
        if more >= 0
    ]


def size(attempt: Attempt) -> tuple[float, ...]:
    schedule = attempt.schedule
    lasts_s = sum(act.lasts_s for act in schedule.acts)
    return len(schedule.acts), sum(schedule.servers) + schedule.ours + schedule.clients, lasts_s


def told(attempt: Attempt, took_s: float) -> str:
    """One line on how it went."""
    acts = ", ".join(act.what for act in attempt.schedule.acts)
    recovered = recovery_s(attempt.history)
    rest = "no rest" if recovered is None else f"at rest {recovered:.2f} s after the last"
    if attempt.found:
        said = f"{len(attempt.found)} findings: {attempt.found[0].message}"
    else:
        said = f"nothing shown: {attempt.unshown}" if attempt.unshown else "nothing found"
    return f"{acts}: {said}; {rest}; {took_s:.1f} s"


def versions(stage: Stage) -> dict[str, str]:
    about, registry = stage.manifest.about, stage.registry
    kit = {name: version(name) for name in ("proctor", "hypothesis")}
    return {**kit, about.name: about.version, registry.name: registry.version}


def observed(history: History) -> list[dict[str, Any]]:
    """When each act began and was over, in seconds since the first began."""
    acts = list(spans(history))
    zero = min((span.began for span in acts), default=0.0)
    return [
        {
            "what": span.act.what,
            "on": span.act.on,
            "began": round(span.began - zero, 3),
            "ended": moment(span, zero),
            "missed": span.missed,
        }
        for span in acts
    ]


def moment(span: Span, zero: float) -> float | None:
    return round(span.ended - zero, 3) if isfinite(span.ended) else None
