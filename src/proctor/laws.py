"""Laws that hold for any value, tried by Hypothesis, so that a value that breaks one can be made small."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TypeVar

import hypothesis
from hypothesis import configuration
from hypothesis.database import ExampleDatabase
from hypothesis.errors import HypothesisDeprecationWarning
from hypothesis.internal.conjecture import providers
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


def hold_for_any(
    law: Callable[[T], None],
    values: SearchStrategy[T],
    *,
    seed: int,
    most: int,
    database: ExampleDatabase | None = None,
    phases: Collection[hypothesis.Phase] = tuple(hypothesis.Phase),
) -> None:
    """Try `most` values, the simplest first, until `law` raises; and then simpler ones. Raises the same.

    The seed alone decides which, and what `database` keeps of runs before.
    """

    @hypothesis.settings(  # after the seed, which would take the database away
        max_examples=most,
        deadline=None,
        report_multiple_bugs=False,
        database=database,
        phases=phases,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.seed(seed)
    @hypothesis.given(values)
    def holds(value: T) -> None:
        law(value)

    with no_constants_of_ours(), no_folder_of_its_own(), no_blame_for_others_randomness():
        holds()


@contextmanager
def no_constants_of_ours() -> Iterator[None]:
    """Hypothesis also draws what it finds in the source of all modules that are no installed package's. The same seed
    would draw one thing in a checkout, another where the kit is installed, and a third when more has been imported.

    There is no setting for it. Releases in which it goes otherwise are left as they are.
    """
    if not all(hasattr(providers, name) for name in ("_get_local_constants", "CONSTANTS_CACHE")):
        yield
        return
    from hypothesis.internal.constants_ast import Constants  # noqa: PLC0415  # not there in all of them

    theirs = providers._get_local_constants  # noqa: SLF001  # as said
    providers._get_local_constants = Constants  # noqa: SLF001
    providers.CONSTANTS_CACHE.cache.clear()
    try:
        yield
    finally:
        providers._get_local_constants = theirs  # noqa: SLF001
        providers.CONSTANTS_CACHE.cache.clear()


@contextmanager
def no_folder_of_its_own() -> Iterator[None]:
    """Hypothesis would leave .hypothesis, with what it knows of characters, wherever somebody examines. It does without
    a place to write to; making that anew costs each process a tenth of a second.
    """
    theirs = getattr(configuration, "__hypothesis_home_directory")
    configuration.set_hypothesis_home_dir(os.devnull)
    try:
        yield
    finally:
        configuration.set_hypothesis_home_dir(theirs)


@contextmanager
def no_blame_for_others_randomness() -> Iterator[None]:
    """Hypothesis warns that a value was drawn with the module `random` when only another thread has used it meanwhile,
    as kazoo's does for each exchange with a registry. Where warnings are errors, that would break a law.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Do not use the `random` module", HypothesisDeprecationWarning)
        yield
