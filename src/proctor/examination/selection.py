"""Which cases there are, which clauses they examine, and which of those the manifest makes binding."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from proctor.manifest import Manifest
from proctor.model import PROFILES, Clause, Level, Requirement
from proctor.places import home, installed, suite_folders
from proctor.spec import Spec, UnknownClause, requirement
from proctor.zookeeper.registry import KINDS

MARK = "clause"
NEEDS = "needs"
ONLY_ON = "only_on"
TAKES_LONG = "takes_long"
SUITE = "proctor.suite"  # as `--pyargs` knows it


def clauses_of(item: pytest.Item, spec: Spec) -> tuple[Clause, ...]:
    """The clauses that a case cites; none for a test that is no case. CollectError on a clause that isn't there."""
    try:
        return tuple(spec.clause(clause_id) for mark in item.iter_markers(MARK) for clause_id in mark.args)
    except UnknownClause as error:
        raise pytest.Collector.CollectError(f"{item.nodeid}: {error}") from None


def case_id(item: pytest.Item) -> str:
    """A case's name, such as "chaos/test_bursts.py::test_a"; the same wherever pytest is called."""
    file = file_of_the_suite(item.path)
    return item.nodeid if file is None else f"{file}::{item.nodeid.partition('::')[2]}"


@cache
def file_of_the_suite(path: Path) -> str | None:
    """Such as "chaos/test_bursts.py"; None of any other file. Kept, since each case is asked for its name often."""
    folder = next((folder for folder in suite_folders() if path.is_relative_to(folder)), None)
    return None if folder is None else path.relative_to(folder.parent).as_posix()


def asked_for(item: pytest.Item) -> list[str]:
    """The words that ask pytest for a case alone, where it was called; for one of an installed suite, anywhere."""
    path, name = item.path, item.nodeid.partition("::")[2]
    if installed() and path.is_relative_to(home()):
        return ["--pyargs", f"{'.'.join([SUITE, *path.relative_to(home()).with_suffix('').parts])}::{name}"]
    here = item.config.invocation_params.dir
    return [f"{path.relative_to(here) if path.is_relative_to(here) else path}::{name}"]


def is_of_the_suite(node_id: str, root: Path) -> bool:
    """pytest names a file by its path below its root, and one outside by its path below what it was asked for."""
    name = node_id.partition("::")[0]
    places = [root / name, *(folder / name for folder in (home(), *suite_folders()))]
    files = [place.resolve() for place in places if place.is_file()]
    return any(file.is_relative_to(folder) for file in files for folder in suite_folders())


def needs_of(item: pytest.Item) -> tuple[Requirement, ...]:
    """What a case depends on beyond its clauses: it shows more of them than every implementation has to show."""
    try:
        return tuple(requirement(text) for mark in item.iter_markers(NEEDS) for text in mark.args)
    except ValueError as error:
        raise pytest.Collector.CollectError(f"{item.nodeid}: {NEEDS}: {error}") from None


def stands_on(item: pytest.Item, registry: str) -> bool:
    """Whether this registry, as `--registry` names it, has what a case disturbs; on others it is no case."""
    kinds = [kind for mark in item.iter_markers(ONLY_ON) for kind in mark.args]
    for kind in kinds:
        if kind not in KINDS:
            wanted = ", ".join(KINDS)
            raise pytest.Collector.CollectError(f"{item.nodeid}: {ONLY_ON}: expected one of {wanted}, not {kind!r}")
    return not kinds or registry.partition(":")[0] in kinds


def check_marks(item: pytest.Item, spec: Spec) -> None:
    """CollectError if a mark of a case says what nobody can mean. So it is told by every process of a run."""
    clauses_of(item, spec)
    needs_of(item)
    stands_on(item, "")


def mark_up(item: pytest.Item, clauses: tuple[Clause, ...]) -> None:
    """Let `-m wire`, `-m must` and `-k frame-may-arrive-in-pieces` select a case."""
    for clause in clauses:
        item.add_marker(clause.profile)
        item.add_marker(clause.level.value.lower())
        item.extra_keyword_matches.add(clause.id)


def binding(clauses: tuple[Clause, ...], manifest: Manifest) -> bool:
    """Whether the manifest claims all that these clauses depend on."""
    claims = manifest.claims()
    return all(clause.profile in manifest.about.profiles and clause.binds(claims) for clause in clauses)


def met(needs: tuple[Requirement, ...], manifest: Manifest) -> bool:
    claims = manifest.claims()
    return all(need.satisfied_by(claims) for need in needs)


def split(
    items: list[pytest.Item], spec: Spec, manifest: Manifest, registry: str
) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Cases to run, and those that are none with this manifest or registry; tests that are no cases stay."""
    run: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        clauses = clauses_of(item, spec)
        mark_up(item, clauses)
        claimed = binding(clauses, manifest) and met(needs_of(item), manifest)
        (run if claimed and stands_on(item, registry) else left).append(item)
    return run, left


def undrawn(items: list[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Cases that are the same in every run, and those that go on for as long as they are told to."""
    drawn = [item for item in items if "exploration" in getattr(item, "fixturenames", ())]
    return [item for item in items if item not in drawn], drawn


def only(case: str, items: list[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The one case of that name, and all others. UsageError if it isn't among them."""
    one = [item for item in items if case_id(item) == case]
    if not one:
        raise pytest.UsageError(f"--replay: its schedule is of {case}, which is not among the cases to be run")
    return one, [item for item in items if item not in one]


def register_marks(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARK}(*ids): the clauses of the spec that a case examines")
    config.addinivalue_line(
        "markers", f'{NEEDS}(*claims): what a case needs beyond its clauses, written as in a heading: "profile wire"'
    )
    config.addinivalue_line("markers", f"{ONLY_ON}(*registries): the registries that have what a case disturbs")
    config.addinivalue_line("markers", f"{TAKES_LONG}(why): what a case that takes seconds can't do without")
    for profile in PROFILES:
        config.addinivalue_line("markers", f"{profile}: cases of the profile {profile}")
    for level in Level:
        config.addinivalue_line("markers", f"{level.value.lower()}: cases of clauses of the level {level.value}")
