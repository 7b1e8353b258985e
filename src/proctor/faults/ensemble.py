"""What goes wrong in an ensemble: its leader dies, a member is cut off, and all are restarted in turn."""

from __future__ import annotations

from proctor.faults.fault import Fault
from proctor.history import History
from proctor.outcome import Inconclusive
from proctor.zookeeper.ensemble import EnsembleRegistry, Member
from proctor.zookeeper.proxy import SeenSession
from proctor.zookeeper.registry import Registry


class EnsembleFault(Fault):
    """A fault of an ensemble of ours, which has a quorum before. Healed when all are in step again."""

    needs = "an ensemble of ours"

    def __init__(self, registry: Registry, history: History) -> None:
        super().__init__(history)
        self._registry = registry
        self._broken = False

    def unavailable(self) -> str | None:
        if isinstance(self._registry, EnsembleRegistry):
            return None
        return f"the registry at {self._registry.address} is no ensemble of ours. Run with --registry=ensemble"

    @property
    def ensemble(self) -> EnsembleRegistry:
        assert isinstance(self._registry, EnsembleRegistry)
        return self._registry

    def leader(self) -> Member:
        """Who leads before anything is broken. Raises Inconclusive."""
        leader = self.ensemble.leader()
        if leader is None:
            raise Inconclusive(f"the ensemble at {self.ensemble.address} had no leader before")
        self._broken = True
        return leader

    def heal(self) -> None:
        if self._broken:
            self.ensemble.start()


class KillLeader(EnsembleFault):
    """SIGKILL for the member that leads. Proof: another one leads. Healed by starting it again."""

    def __init__(self, registry: Registry, history: History) -> None:
        super().__init__(registry, history)
        self.member: Member | None = None

    def inject(self) -> None:
        self.member = self.leader()
        self.member.kill()

    def proof(self) -> str | None:
        leader = self.ensemble.leader()
        return f"{self.member} was killed, and {leader} leads" if leader not in (None, self.member) else None


class PartitionMember(EnsembleFault):
    """The member that serves the client of a session is severed from the others; its clients reach it as before.

    Proof: it says that it serves nobody, and another one leads. Healed by healing the links between them.
    """

    def __init__(self, registry: Registry, session: SeenSession, history: History) -> None:
        super().__init__(registry, history)
        self._session = session
        self.member: Member | None = None

    def inject(self) -> None:
        self.leader()
        self.member = self.ensemble.member_of(self._session.id)
        if self.member is None:
            raise Inconclusive(f"nobody is connected with session {self._session.id:#x}")
        self.ensemble.cut_off(self.member)

    def proof(self) -> str | None:
        leader = self.ensemble.leader()
        if self.member is None or leader in (None, self.member) or not self.member.turns_away():
            return None
        return f"{self.member} serves nobody, and {leader} leads"

    def heal(self) -> None:
        if self.member is not None:
            self.ensemble.reconnect(self.member)
        super().heal()


class RollingRestart(EnsembleFault):
    """One member after another is killed and started, the leader last, each only once the others are in step.

    Proof: all are other processes, none of which has ended since. Nothing is left to heal.
    """

    def __init__(self, registry: Registry, history: History) -> None:
        super().__init__(registry, history)
        self._before: list[int] = []
        self._restarted: list[int] = []

    def inject(self) -> None:
        leader = self.leader()
        self._before = self._pids()
        for member in (*self.ensemble.others(leader), leader):
            self.ensemble.start()
            member.kill()
        self.ensemble.start()
        self._restarted = self._pids()

    def proof(self) -> str | None:
        same = set(self._before) & set(self._pids())
        if same or self._pids() != self._restarted:
            return None
        return f"processes {self._before} are {self._restarted} now, two of them at least at any time"

    def _pids(self) -> list[int]:
        return [member.server.pid for member in self.ensemble.members]
