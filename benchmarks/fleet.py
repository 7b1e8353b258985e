"""What the kit spends on one fleet of the reference, in a process of its own. Prints its figures as JSON.

    python -m benchmarks.fleet REGISTRY SERVERS CLIENTS

Each server has one worker, each client is a driver of its own, and all of them run on the machine that is measured: so
the clock tells of them as well, and the processor time of the kit alone.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack

from benchmarks.setting import MISSING, Meter, Spent, peak_mb, reference_stage
from proctor.schedules.acts import ACTS
from proctor.schedules.callers import Callers
from proctor.schedules.fleet import Fleet
from proctor.schedules.rest import stop_all, wait_for_rest
from proctor.schedules.schedule import Schedule
from proctor.schedules.watch import Watch
from proctor.subject.stage import Stage
from proctor.waiting import throughout
from proctor.zookeeper.registry import RegistryUnavailable

FAULTS = ("kill-worker", "cut-server", "expire-server")
PROVEN_WITHIN_S = 20.0
WATCHED_S = 1.0
CALLS = 100


def main() -> None:
    spec, servers, clients = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    try:
        with reference_stage(spec) as stage:
            print(json.dumps(measure(stage, servers, clients)))
    except RegistryUnavailable as missing:
        print(missing, file=sys.stderr)
        sys.exit(MISSING)


def measure(stage: Stage, servers: int, clients: int) -> dict[str, Spent | float]:
    before_mb, meter = peak_mb(), Meter()
    figures: dict[str, Spent | float] = {}
    with ExitStack() as ends:
        fleet = ends.enter_context(Fleet(stage, Schedule((1,) * servers, 0, clients, ())))
        rest(fleet, "before")
        figures["start"] = meter.lap()
        with Watch(fleet):
            throughout(lambda: None, WATCHED_S)
        figures["watched"] = meter.lap()
        for name in FAULTS:
            befall(fleet, name)
            figures[name] = meter.lap()
        with Callers(fleet) as callers:
            assert callers.wait_for(CALLS, PROVEN_WITHIN_S * stage.patience), f"only {callers.ended} calls have ended"
        figures["calls"] = meter.lap()
        stop_all(fleet)
        ends.close()
        figures["end"] = meter.lap()
    return {**figures, "memory": peak_mb() - before_mb}


def befall(fleet: Fleet, name: str) -> None:
    """A fault on the first server, its proof, and the way back to rest."""
    deed = ACTS[name]
    _, target = deed.targets(fleet)[0]
    with deed.make(target, fleet.stage.history) as fault:
        fault.took_effect(PROVEN_WITHIN_S)
    rest(fleet, name)


def rest(fleet: Fleet, phase: str) -> None:
    if not wait_for_rest(fleet, phase):
        quiet = fleet.stage.history.events("quiet")[-1]
        raise RuntimeError(f"the fleet did not come to rest, {phase}: {quiet.facts['why']}")


if __name__ == "__main__":
    main()
