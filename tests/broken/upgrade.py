"""Parents that lie when another image is to take over."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from reference.registration import PREFIX, Registration
from reference.supervisor import Supervisor
from reference.worker import Worker

EXEC = ("--reload", "exec")
EXEC_IS_CLAIMED = {"capabilities": {"reload": "exec"}}

# --- Exec


class RenewsOnlyItsWorkers(Supervisor):
    """The parent claims to execute itself anew, and renews its workers (U11)."""

    breaks = "restart/exec-renews-the-image"
    arguments = EXEC
    manifest = EXEC_IS_CLAIMED

    def on_sighup(self) -> None:
        self.reload_wanted = True


class DropsItsCallsForAnImage(Worker):
    """A worker that makes room for the new image leaves its calls where they are (U2)."""

    breaks = "restart/exec-waits-for-calls"
    arguments = EXEC
    manifest = EXEC_IS_CLAIMED

    def drain(self) -> None:
        super().drain()
        self.finish()


class KeepsSignalsBlocked(Supervisor):
    """What was blocked for the exec stays blocked after it (U4)."""

    breaks = "restart/exec-undoes-no-signal"
    arguments = EXEC
    manifest = EXEC_IS_CLAIMED

    def __init__(self, *arguments: Any) -> None:
        inherited = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        super().__init__(*arguments)
        signal.pthread_sigmask(signal.SIG_SETMASK, inherited)


class LeavesItsNodeToTheNext(Registration):
    """The old image leaves a node that stays, and the next doesn't know it for its own (R5)."""

    breaks = "restart/exec-ends-with-one-node"
    arguments = EXEC
    manifest = EXEC_IS_CLAIMED

    def obey(self, orders: bytes) -> None:
        if b"x" in orders:
            registry = self.registry
            registry.answer(registry.client.create_async(registry.path(PREFIX), self.data(), sequence=True))
        super().obey(orders)


# --- Upgrade


class TakesItForAReload(Supervisor):
    """SIGUSR2 renews the workers."""

    breaks = "restart/usr2-starts-a-second-parent"
    also: Mapping[str, str] = dict.fromkeys(
        (
            "restart/second-usr2-is-ignored",
            "restart/old-parent-may-leave",
            "restart/failed-upgrade-is-undone",
            "restart/upgrade-ends-with-one-node",
        ),
        "there is no second parent",
    )

    def on_sigusr2(self) -> None:
        self.on_sighup()


class OpensItsOwnDoor(Supervisor):
    """A second parent gets no listening socket, and can't bind the address either (U14)."""

    breaks = "restart/usr2-starts-a-second-parent"
    also: Mapping[str, str] = dict.fromkeys(
        (
            "restart/second-usr2-is-ignored",
            "restart/old-parent-may-leave",
            "restart/failed-upgrade-is-undone",
            "restart/upgrade-ends-with-one-node",
        ),
        "there is no second parent for long",
    )

    def run_second_here(self) -> int:
        os.execv(sys.executable, sys.orig_argv)


class StartsOneForEachSignal(Supervisor):
    """Each SIGUSR2 brings another parent (U12)."""

    breaks = "restart/second-usr2-is-ignored"

    def on_sigusr2(self) -> None:
        self.spawn_second()


class TakesItsSecondAlong(Supervisor):
    """When the first parent leaves it stops whatever it has started (U15)."""

    breaks = "restart/old-parent-may-leave"
    also: Mapping[str, str] = {"restart/upgrade-ends-with-one-node": "it is the second's, and there is no second"}

    def leave(self) -> None:
        super().leave()
        if self.second is not None:
            os.kill(self.second, signal.SIGTERM)


class AsksOnce(Supervisor):
    """A second parent that failed is not asked for again (U13)."""

    breaks = "restart/failed-upgrade-is-undone"
    asked = False

    def on_sigusr2(self) -> None:
        if not self.asked:
            self.asked = True
            super().on_sigusr2()


class BelievesThatItIsRegistered(Supervisor):
    """A second parent finds a node with its address, and makes none of its own (U16)."""

    breaks = "restart/upgrade-ends-with-one-node"

    def order(self, *, offered: bool) -> None:
        if self.first is None:
            super().order(offered=offered)
