"""All that every fault is tried on."""

from __future__ import annotations

from tests.faults import children, ensembles, limits, links, readers, registries, signals, strikes, syscalls, traffic

FAMILIES = (signals, children, limits, syscalls, links, traffic, readers, strikes, registries, ensembles)
TRIALS = tuple(trial for family in FAMILIES for trial in family.TRIALS)
