"""The examination as a pytest plugin: it selects the cases, judges each, and writes the certificate.

Under xdist this runs in the controller and in each worker. Workers run cases; the controller does the smoke check
before any worker starts, gathers the records, and writes.
"""

from __future__ import annotations

import datetime
import gc
import math
import sys
from collections.abc import Generator
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import msgspec
import pytest

from proctor.examination import fixtures, selection
from proctor.examination.briefing import brief, drawn_seed, the_spec
from proctor.examination.dealing import dealt
from proctor.examination.debugging import SUSPENDED, Debugging
from proctor.examination.evidence import again, failure_text, gathered, raised_at, sent_again, shortened, told
from proctor.examination.extent import examine_the_suite_by_default, extent, narrowed_by
from proctor.examination.fixtures import REPLAYED, STAGEHAND
from proctor.examination.judge import blamed, judge
from proctor.examination.progress import Progress
from proctor.examination.roll import Roll
from proctor.examination.sharding import Sharding
from proctor.examination.smoke import SmokeFailed, smoke_check
from proctor.examination.stagehand import Stagehand
from proctor.examination.timelines import Timelines, page_of
from proctor.known import KnownFailuresError, read_known_failures
from proctor.manifest import ManifestError, read_manifest
from proctor.model import Clause, Level, Verdict
from proctor.places import suite_folders
from proctor.process.text import legible, printable
from proctor.record import Evidence, Injected, Record, cause
from proctor.report.certificate import Examined, Selection, certificate, nothing_was_judged
from proctor.report.pages import discard_report, whereabouts, write_report
from proctor.report.terminal import summary_lines
from proctor.report.update import updated
from proctor.schedules.replay import ReplayError, read_replay
from proctor.spec import SpecError

GREEN = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)  # a shard may be empty, and the others not
BEGAN: pytest.StashKey[float] = pytest.StashKey()


class Examination:
    """One run: what is examined, with what, and what came of it so far."""

    def __init__(self, config: pytest.Config) -> None:
        """Read what the options name. UsageError, in one message, if something is wrong with it."""
        self.config = config
        if config.getoption("--debug-cases"):
            config.option.time_scale = SUSPENDED
        self.patience = config.getoption("--time-scale")
        if not 0 < self.patience < math.inf:
            raise pytest.UsageError(f"--time-scale={self.patience}: must be greater than 0, and a number")
        try:
            self.manifest = read_manifest(Path(config.getoption("--impl")))
            self.known = read_known_failures(self.manifest.folder)
            self.spec = the_spec(config)
            replay = config.getoption("--replay")
            self.replayed = read_replay(replay) if replay else None
        except (ManifestError, KnownFailuresError, SpecError, ReplayError) as error:
            raise pytest.UsageError(legible(str(error))) from None
        self.sharding = Sharding(config) if config.getoption("--shard") is not None else None
        self.roll = Roll(config)
        if config.getoption("--seed") is None:
            config.option.seed = drawn_seed(config)
        self.seed: int = config.getoption("--seed")
        self.strict = bool(getattr(config.option, "strict", False))
        self.hide = self.manifest.redaction
        self.stagehand = Stagehand(self.manifest, config.getoption("--registry"), self.patience)
        self.records: dict[str, Record] = {}
        self.causes: dict[str, str] = {}  # of each cause of a failure, the first case
        self.unjudged: list[str] = []  # cases that failed without a record, as when the process that runs them dies
        self.untrue: list[str] = []  # what known_failures.toml says and was not so
        self.document: dict[str, Any] | None = None
        self.registry: tuple[str, str] = (config.getoption("--registry"), "unknown")
        self.started = datetime.datetime.now(datetime.UTC)
        self.timelines = Timelines.of(config, self.manifest, self.started)

    @property
    def is_worker(self) -> bool:
        return hasattr(self.config, "workerinput")

    # --- before the cases

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[STAGEHAND] = self.stagehand
        config.stash[REPLAYED] = self.replayed
        config.pluginmanager.register(fixtures, "proctor-fixtures")
        config.pluginmanager.register(self.roll, "proctor-roll")
        if self.sharding:
            config.pluginmanager.register(self.sharding, "proctor-sharding")
        if config.getoption("--debug-cases"):
            config.pluginmanager.register(Debugging(self.stagehand), "proctor-debugging")
        selection.register_marks(config)
        examine_the_suite_by_default(config)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        brief(node.workerinput, self.seed, self.spec)

    def pytest_report_header(self) -> list[str]:
        about = self.manifest.about
        who = printable(f"{about.name} {about.version} ({about.language})")
        return [
            f"proctor: {who}, profiles {', '.join(about.profiles)}",
            f"proctor: registry {self.config.getoption('--registry')}, seed {self.seed}",
        ]

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        if self.is_worker or self.config.option.collectonly:
            return
        narrowed = narrowed_by(self.config) + [str(self.sharding)] * bool(self.sharding)
        if narrowed and self.config.getoption("--update-known-failures"):
            raise pytest.UsageError(
                f"--update-known-failures needs a whole run, and this is one of {' '.join(narrowed)}"
            )
        clear_report(self.config.getoption("--report"))
        try:
            self.registry = smoke_check(self.stagehand)
        except SmokeFailed as error:
            raise pytest.UsageError(legible(self.hide.text(str(error)))) from None
        finally:
            self.stagehand.close()
        if Progress.can_be_seen(self.config):
            self.config.pluginmanager.register(Progress(session), "proctor-progress")

    @pytest.hookimpl(wrapper=True)
    def pytest_pycollect_makeitem(self) -> Generator[None, Any, Any]:
        made = yield
        for item in made if isinstance(made, list) else [made]:
            if isinstance(item, pytest.Item):
                selection.check_marks(item, self.spec)
        return made

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Of all that was collected: whoever was before us may have left out something."""
        run, left = selection.split(self.roll.collected, self.spec, self.manifest, self.config.getoption("--registry"))
        if self.replayed is not None:
            run, others = selection.only(self.replayed.case, run)
            left += others
        elif not self.config.getoption("--chaos-budget"):
            run, drawn = selection.undrawn(run)
            left += drawn
        if self.sharding:
            run, others = self.sharding.split(run)
            left += others
        self.roll.call({item: [clause.id for clause in selection.clauses_of(item, self.spec)] for item in run})
        out = set(left)
        self.config.hook.pytest_deselected(items=[item for item in items if item in out])
        items[:] = dealt([item for item in items if item not in out], self.config)

    # --- the cases

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """From here on there is garbage (plugin.py); what was loaded stays, and need not be looked through for it."""
        if self.is_worker:
            gc.freeze()
            gc.enable()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        item.stash[BEGAN] = self.stagehand.history.record("case", name=selection.case_id(item)).at
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        clauses = selection.clauses_of(item, self.spec)
        if clauses:
            self._judge(item, call, report, clauses)
            case, history = selection.case_id(item), self.stagehand.history
            if report.when == "teardown" and self.timelines.of_any(case):
                report.sections.append(("timeline", self.timelines.leave(case, history, item.stash[BEGAN])))
        return report

    def _judge(
        self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, clauses: tuple[Clause, ...]
    ) -> None:
        raised = call.excinfo.value if call.excinfo else None
        judgement = judge(raised, self.stagehand.stalls).told(self.hide)
        clauses = blamed(raised, clauses)
        case, verdict = selection.case_id(item), judgement.verdict
        broken = verdict is Verdict.FAIL
        report.__dict__.pop("wasxfail", None)  # what is known to fail stands in known_failures.toml, and nowhere else
        report.outcome = "passed" if verdict is Verdict.PASS else "failed"
        known = self.known.entry_for(case, judgement.message, self.started.date())
        if known and (broken or judgement.unproven):
            verdict = Verdict.KNOWN_FAILURE
        record = Record(
            case=case,
            clauses=tuple(clause.id for clause in clauses),
            verdict=verdict,
            duration_s=round(report.duration, 4),
            message=judgement.message,
            unavailable=judgement.unavailable,
            faults=tuple(self._faults(item)) if report.when == "call" else (),
            evidence=self._evidence(item, call) if broken else None,
            timeline=self._timeline(case, verdict),
        )
        report.user_properties.append(record.to_property())
        if known and verdict is Verdict.KNOWN_FAILURE:
            passed_over(item, report, legible(f"{judgement.message}\nknown: {known.reason} {known.issue}"))
        elif verdict is Verdict.FAIL:
            assert record.evidence is not None
            report.longrepr = legible(failure_text(clauses, judgement.message, record.evidence))
            if self.timelines.of_failed(case):
                told = {"clause": ", ".join(clause.id for clause in clauses), "message": judgement.message}
                left = self.timelines.leave(case, self.stagehand.history, item.stash[BEGAN], told)
                report.longrepr += f"\n{left}"
            if not self._blocks(clauses):
                passed_over(item, report, report.longrepr)
        elif verdict is Verdict.INCONCLUSIVE:
            report.longrepr = f"inconclusive: {judgement.message}"
            if judgement.unavailable and not self.strict:
                passed_over(item, report, report.longrepr)
        elif verdict is Verdict.ERROR:
            shown = str(report.longrepr)
            safe = legible(self.hide.text(shown))
            report.longrepr = report.longrepr if safe == shown else safe

    def _timeline(self, case: str, verdict: Verdict) -> str:
        """The page that this case will leave, relative to the report's folder."""
        leaves = self.timelines.of_any(case) or (verdict is Verdict.FAIL and self.timelines.of_failed(case))
        return page_of(case) if leaves else ""

    def _blocks(self, clauses: tuple[Clause, ...]) -> bool:
        return self.strict or any(clause.level is Level.MUST for clause in clauses)

    def _faults(self, item: pytest.Item) -> list[Injected]:
        events = self.stagehand.history.events("fault", since=item.stash[BEGAN])
        ended = [
            self.hide.value(event.facts) for event in events if event.facts["phase"] in ("effective", "unavailable")
        ]
        return [Injected(fact["name"], fact["needs"], fact.get("proof"), fact.get("reason")) for fact in ended]

    def _evidence(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Evidence:
        assert call.excinfo is not None
        hand, began, option = self.stagehand, item.stash[BEGAN], self.config.getoption
        told = gathered(
            raised_at(item, call.excinfo),
            again(option("--impl"), option("--registry"), selection.asked_for(item), self.seed),
            sent_again(option("--impl"), hand.history, began),
            hand.history,
            began,
            hand.subjects,
        )
        return msgspec.convert(self.hide.value(asdict(told)), Evidence)

    # --- after the cases

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        record = Record.from_properties(report.user_properties)
        if record is not None:
            self.roll.ended(record.case, str(report.when))
            self._tell_once(report, record)
            before = self.records.get(record.case)
            self.records[record.case] = before.followed_by(record) if before else record
        elif report.failed:
            self.unjudged.append(report.nodeid)

    def _tell_once(self, report: pytest.TestReport, record: Record) -> None:
        """Of failures with one cause the first shows all; under xdist, here is where they come together."""
        if report.failed and record.verdict is Verdict.FAIL and not self.is_worker:
            first = self.causes.setdefault(cause(record.message), record.case)
            whole = str(report.longrepr)
            report.longrepr = told(whole if first == record.case else shortened(whole, first), record)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str, str] | None:
        if isinstance(report, pytest.CollectReport):  # of a file that could not be collected: pytest says so itself
            return None
        record = Record.from_properties(report.user_properties)
        if record is None:
            return None
        if record.verdict is Verdict.INCONCLUSIVE:
            return "inconclusive", "?", "INCONCLUSIVE"
        if record.verdict is Verdict.KNOWN_FAILURE:
            return "known failure", "k", "KNOWN FAILURE"
        if record.verdict is Verdict.FAIL and report.outcome == "skipped":
            return "broken SHOULD", "w", "BROKEN SHOULD"
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.stagehand.close()
        unless_loaded_silence_hypothesis(self.config)
        if self.is_worker or self.config.option.collectonly or session.exitstatus == pytest.ExitCode.USAGE_ERROR:
            return
        self._close_the_books()
        ran = extent(session, self.unjudged, self.roll.missing(self.records))
        if self.sharding:
            ran = replace(ran, shard=self.sharding.shard(passed=session.exitstatus in GREEN))
        self.document = certificate(self._examined(ran))
        if self.config.getoption("--update-known-failures"):
            self._update_known_failures(ran)
        elif not self.sharding:  # what one shard doesn't hold, another may
            self.untrue = list(self.known.faults(self.records.values(), self.started.date(), complete=ran.complete))
        if session.exitstatus == pytest.ExitCode.OK and self.untrue:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if session.exitstatus == pytest.ExitCode.OK and nothing_was_judged(self.document):
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED

    def _close_the_books(self) -> None:
        """What did not come to its end has not passed; and a test that is no case has no verdict."""
        self.unjudged = [name for name in self.unjudged if self._is_case(name)]
        for died in filter(None, map(self.roll.died, self.unjudged)):
            before = self.records.get(died.case)
            self.records[died.case] = before.followed_by(died) if before else died
        self.records = {case: one for case, one in self.records.items() if self.roll.came_to_its_end(one)}

    def _is_case(self, name: str) -> bool:
        return name in self.roll.cases or selection.is_of_the_suite(name, self.config.rootpath)

    def _update_known_failures(self, ran: Selection) -> None:
        path = self.known.path
        if not ran.complete:
            self.untrue = [f"{path}: left as it is: {ran.expression}"]
            return
        text = path.read_text() if path.exists() else ""
        path.write_text(updated(text, self.known, [self.records[case] for case in sorted(self.records)]))

    def pytest_unconfigure(self) -> None:
        """A process that runs cases ends without taking its memory apart, a tenth of a second of the processor."""
        if self.is_worker:
            gc.freeze()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.document is None:
            return
        terminalreporter.section("proctor")
        for line in [*summary_lines(self.document), *self.untrue]:
            terminalreporter.write_line(printable(line))
        report = self.config.getoption("--report")
        try:
            path = write_report(self.document, report)
        except OSError as error:
            pytest.exit(unwritable(report, error), returncode=pytest.ExitCode.INTERNAL_ERROR)
        terminalreporter.write_line(whereabouts(path))

    def _examined(self, ran: Selection) -> Examined:
        return Examined(
            manifest=self.manifest,
            spec=self.spec,
            records=tuple(self.records[case] for case in sorted(self.records)),
            suite_version=version("proctor"),
            suite_folders=suite_folders(),
            registry=self.registry,
            seed=self.seed,
            time_scale=self.patience,
            strict=self.strict,
            started=self.started,
            finished=datetime.datetime.now(datetime.UTC),
            known=self.known.entries,
            selection=ran,
        )


def clear_report(folder: Path) -> None:
    """UsageError if it can't be written: who waits for an examination wants to hear of that before. Makes nothing, and
    removes what an earlier one left there: a run that doesn't come to its end must not seem to have passed.
    """
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    try:
        with TemporaryFile(dir=there):
            discard_report(folder)
    except OSError as error:
        raise pytest.UsageError(unwritable(folder, error)) from None


def unwritable(folder: Path, error: OSError) -> str:
    return printable(f"--report={folder}: cannot be written: {error.strerror}")


def unless_loaded_silence_hypothesis(config: pytest.Config) -> None:
    """Its plugin would load it at the end, a tenth of a second in each process, to find that it has nothing to tell."""
    if "hypothesis" not in sys.modules and config.pluginmanager.has_plugin("hypothesispytest"):
        config.pluginmanager.unregister(name="hypothesispytest")


def passed_over(item: pytest.Item, report: pytest.TestReport, why: str) -> None:
    """It fails nothing: pytest calls that skipped, and of what is skipped wants to know the line."""
    report.outcome = "skipped"
    report.longrepr = (str(item.path), (item.location[1] or 0) + 1, why)
