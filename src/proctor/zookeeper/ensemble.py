"""An ensemble: three servers of Apache ZooKeeper, processes of ours, with links between them that can be broken.

All have one configuration, for a leader imposes its own on who follows it; in it they are called by name. So that each
link passes a proxy of ours all the same, a name means another address to each JVM (jdk.net.hosts.file, Java 9): its own
is 127.0.0.1, and the others' is one on which only the links from it to them listen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from proctor.links import Address
from proctor.loop import LoopThread
from proctor.outcome import TimedOut
from proctor.process.ports import Ports
from proctor.waiting import eventually
from proctor.zookeeper.backend import Registry, RegistryUnavailable
from proctor.zookeeper.jvm import HOST, ApacheServer, Installation, version_in
from proctor.zookeeper.peers import ElectionLink, PeerLink

SIZE = 3
WHOLE_WITHIN_S = 120.0  # some 1.5 s alone on a quiet machine of two cores, where many JVMs may boot at once
TICK_MS = 100  # so that a session may be as short as 0.2 s
# In ticks. Whatever is broken here breaks connections, which is noticed at once: these are for a machine that stalls.
JOINS_WITHIN = 50
LAGS_AT_MOST = 100

OPTIONS = (
    "-Djdk.net.hosts.file={home}/hosts",
    "-Dzookeeper.fastleader.maxNotificationInterval=200",  # ms; whoever looks for a leader asks as often as that
)
NOT_SERVING = "not currently serving requests"


@dataclass
class Member:
    """One server. `number` is what ZooKeeper calls its id; `links` are those to each other member, by its number."""

    number: int
    server: ApacheServer
    links: dict[int, list[PeerLink]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where clients connect."""
        return self.server.address

    @property
    def role(self) -> str:
        """`leader` or `follower`; "" while it serves nobody."""
        return _fact("server_state", self.server.says("mntr")) if self.server.runs else ""

    @property
    def followed_by(self) -> int:
        """How many are in step with it, who leads."""
        return int(_fact("synced_followers", self.server.says("mntr")) or 0) if self.server.runs else 0

    def turns_away(self) -> bool:
        """Whether it says that it serves nobody, for want of a quorum."""
        return self.server.runs and NOT_SERVING in self.server.says()

    def kill(self) -> None:
        self.server.kill()

    def holds(self, session_id: int) -> bool:
        """Whether the client of a session is connected to it."""
        return f"sid={session_id:#x}," in self.server.says("cons")

    def __str__(self) -> str:
        return f"server {self.number} at {self.address}"


class EnsembleRegistry(Registry):
    ours = True

    def __init__(self, loop: LoopThread) -> None:
        installed = Installation.found()
        self._loop = loop
        self._ports = Ports(HOST)
        self._peer_ports = {number: (self._ports.reserve(), self._ports.reserve()) for number in range(1, SIZE + 1)}
        self.members = tuple(self._member(number, installed) for number in self._peer_ports)
        self._proxies: ExitStack | None = None

    @property
    def name(self) -> str:
        return f"an ensemble of {SIZE} Apache ZooKeeper {self.version}"

    @property
    def address(self) -> str:
        return ",".join(member.address for member in self.members)

    def leader(self) -> Member | None:
        """Who leads, with a quorum behind it; None while nobody does, or two say so."""
        leaders = [member for member in self.members if member.role == "leader" and member.followed_by]
        return leaders[0] if len(leaders) == 1 else None

    def member_of(self, session_id: int) -> Member | None:
        """To whom the client of a session is connected."""
        return next((member for member in self.members if member.server.runs and member.holds(session_id)), None)

    def others(self, member: Member) -> tuple[Member, ...]:
        return tuple(other for other in self.members if other is not member)

    def cut_off(self, member: Member) -> None:
        """Sever a member from the others; its clients reach it as before."""
        for link in self._links_of(member):
            link.sever("rst")

    def reconnect(self, member: Member) -> None:
        for link in self._links_of(member):
            link.heal()

    def _links_of(self, member: Member) -> Iterator[PeerLink]:
        for other in self.others(member):
            yield from member.links[other.number]
            yield from other.links[member.number]

    # --- as any registry

    def _start(self) -> None:
        """Have every member running, and all of them in step."""
        if self._proxies is None:
            self._proxies = ExitStack()
            self._open_links(self._proxies)
        for member in self.members:
            if not member.server.runs:
                member.server.boot()
        self._await_whole()

    def stop(self) -> None:
        for member in self.members:
            member.server.remove()
        if self._proxies is not None:
            self._proxies.close()
            self._proxies = None
        self._ports.close()

    def kill(self) -> None:
        for member in self.members:
            member.kill()

    def restart(self) -> None:
        self.kill()
        self.start()

    def wipe(self) -> None:
        self.kill()
        for member in self.members:
            member.server.forget()
        self.start()

    def freeze(self) -> None:
        for member in self.members:
            member.server.freeze()

    def thaw(self) -> None:
        for member in self.members:
            member.server.thaw()
        self._await_whole()

    # --- how it is set up

    def _member(self, number: int, installed: Installation) -> Member:
        hosts = {other: HOST if other == number else _seen_by(number) for other in self._peer_ports}
        peers = "".join(f"server.{other}={_host(other)}:{q}:{e}\n" for other, (q, e) in self._peer_ports.items())
        files = {
            "hosts": "".join(f"{address} {_host(other)}\n" for other, address in hosts.items()),
            "data/myid": f"{number}\n",
        }
        lines = f"initLimit={JOINS_WITHIN}\nsyncLimit={LAGS_AT_MOST}\n{peers}"
        return Member(number, ApacheServer(installed, self._ports.reserve(), TICK_MS, lines, OPTIONS, files))

    def _open_links(self, proxies: ExitStack) -> None:
        for member in self.members:
            for other in self.others(member):
                member.links[other.number] = [proxies.enter_context(link) for link in self._links(member, other)]

    def _links(self, member: Member, other: Member) -> Iterator[PeerLink]:
        """Those that a member finds another by: to follow it, and to elect with it."""
        from_here = _seen_by(member.number)
        following, election = self._peer_ports[other.number]
        _, own_election = self._peer_ports[member.number]
        yield PeerLink(self._loop, Address(HOST, following), Address(from_here, following))
        yield ElectionLink(
            self._loop,
            Address(HOST, election),
            Address(from_here, election),
            caller=Address(HOST, own_election),
            back=Address(_seen_by(other.number), own_election),
        )

    def _await_whole(self) -> None:
        try:
            eventually(self._whole, WHOLE_WITHIN_S, f"the ensemble at {self.address} to have all of its servers")
        except TimedOut as late:
            words = "\n".join(f"{member}:\n{member.server.last_words()}" for member in self.members)
            raise RegistryUnavailable(f"{late}\n{words}") from None
        self.version = version_in(self.members[0].server.says())

    def _whole(self) -> bool:
        roles = [member.role for member in self.members]
        assert sorted(roles) == ["follower"] * (SIZE - 1) + ["leader"], f"their roles are {roles}"
        return self.members[roles.index("leader")].followed_by == SIZE - 1


def _host(number: int) -> str:
    return f"zookeeper-{number}"


def _seen_by(number: int) -> str:
    """Where a member finds all others."""
    return f"127.0.1.{number}"


def _fact(name: str, figures: str) -> str:
    """What `mntr` says of one thing; "" if it doesn't."""
    found = re.search(rf"^zk_{name}\t(\S+)$", figures, re.MULTILINE)
    return found[1] if found else ""
