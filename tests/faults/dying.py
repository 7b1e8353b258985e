"""Kits that are to be killed while a fault is in force.

Run as `python -m tests.faults.dying`. For each line on its standard input, the name of a scene and a folder, it forks a
kit that sets the scene, injects the fault, says in one line of JSON how far it came, and waits for its end. Forked,
since importing all this takes longer than most scenes do. What a kit leaves comes to us, and is reaped by the kernel.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest

from proctor.loop import LoopThread
from proctor.outcome import Unavailable
from proctor.process.program import adopt_orphans
from proctor.process.sweeper import Sweeper
from proctor.waiting import eventually
from proctor.zookeeper.registry import Registry, open_registry
from tests.faults.place import WITHIN_S, Place
from tests.faults.trials import TRIALS

SCENES = {
    f"{trial.fault.__name__}-{name}".replace(" ", "-"): made
    for trial in TRIALS
    for name, made in trial.scenes.items()
    if name not in ("zookeeper", "ensemble")
}


def say(word: str, what: str = "") -> None:
    print(json.dumps({"word": word, "what": what, "kit": os.getpid()}), flush=True)


def live(scene: str, folder: Path) -> NoReturn:
    """Until it is killed, if it gets so far."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    adopt_orphans()
    Sweeper()
    loop = LoopThread().start()
    ends = ExitStack()

    def registry(kind: str) -> Registry:
        return ends.enter_context(open_registry(kind, loop))

    try:
        set_up(scene, Place(loop, registry, folder, pytest.MonkeyPatch(), ends))
    except Unavailable as missing:
        say("unavailable", str(missing))
    except BaseException as error:
        say("failed", repr(error))
    while True:
        signal.pause()


def set_up(name: str, place: Place) -> None:
    scene = SCENES[name](place)
    eventually(scene.works, within=WITHIN_S)
    scene.fault.__enter__()
    scene.stir()
    say("in force", scene.fault.took_effect())


def main() -> None:
    adopt_orphans()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        scene, _, folder = line.rstrip("\n").partition(" ")
        if os.fork() == 0:
            live(scene, Path(folder))


if __name__ == "__main__":
    main()
