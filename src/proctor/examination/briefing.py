"""What is the same in all processes of a run: xdist's controller has its workers know. The rest of what they need is
in the command line, which each of them reads.
"""

from __future__ import annotations

import pickle
import random
from typing import Any

import pytest

from proctor.places import spec_folder
from proctor.spec import Spec, read_spec

SEED_BITS = 31
SEED, SPEC = "proctor_seed", "proctor_spec"


def brief(worker: dict[str, Any], seed: int, spec: Spec) -> None:
    """`worker`: its `workerinput`, of which what leaves this process is made of builtin types."""
    worker[SEED] = seed
    worker[SPEC] = pickle.dumps(spec)


def drawn_seed(config: pytest.Config) -> int:
    told = briefing(config)
    return int(told[SEED]) if SEED in told else random.SystemRandom().getrandbits(SEED_BITS)


def the_spec(config: pytest.Config) -> Spec:
    """Read by the controller alone, since that takes a while. SpecError where it is malformed."""
    told = briefing(config)
    if SPEC not in told:
        return read_spec(spec_folder())
    spec: Spec = pickle.loads(told[SPEC])
    return spec


def briefing(config: pytest.Config) -> dict[str, Any]:
    """Nothing in a controller, or without xdist."""
    told: dict[str, Any] = getattr(config, "workerinput", {})
    return told
