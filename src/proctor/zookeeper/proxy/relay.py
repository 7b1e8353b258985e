"""The proxy as it runs on the loop: frames are taken apart, noted, struck by rules, adapted, and passed on.

Bytes that are no frames (four-letter words, garbage) pass as they are; from the first of them on, the connection is
passed on unread.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator

import msgspec

from proctor.links import Address, Direction, Relay
from proctor.links.connection import Connection, Side
from proctor.zookeeper.codes import OpCode
from proctor.zookeeper.frames import MAX_FRAME_BYTES, FrameBuffer, FrameError, frame
from proctor.zookeeper.jute import Malformed
from proctor.zookeeper.protocol import ConnectRequest, ConnectResponse
from proctor.zookeeper.proxy.dialogue import Dialogue
from proctor.zookeeper.proxy.operations import Kind, Operation
from proctor.zookeeper.proxy.passage import Passage
from proctor.zookeeper.proxy.reading import READS, Answers, Rewriting
from proctor.zookeeper.proxy.rules import ArmedRule
from proctor.zookeeper.proxy.sessions import EndedBy, SeenSessions

# A registry refuses longer requests by their length alone; replies have no limit of its own, so this is ours.
FRAME_BYTES_MAX = {Direction.TO_SERVER: MAX_FRAME_BYTES, Direction.TO_CLIENT: 16 * 1024 * 1024}
OPERATIONS_KEPT = 10_000
# Of requests, over all connections: an implementation that begins many and ends none would fill our memory.
UNFINISHED_BYTES_MAX = 64 * MAX_FRAME_BYTES
SMALL_BYTES = 4096  # a connection on which no more stands than this is not to blame, and stays


class PassingBuffer(FrameBuffer):
    """A frame buffer that gives back what it couldn't make a frame of."""

    def rest(self) -> bytes:
        rest = bytes(self._held)
        self._held.clear()
        return rest


class RegistryConnection(Connection):
    """One connection between the implementation and the registry."""

    def __init__(self, loop: asyncio.AbstractEventLoop, relay: RegistryRelay, number: int) -> None:
        super().__init__(loop, relay, number)
        self.dialogue = Dialogue()
        self._relay = relay
        self._buffers = {direction: PassingBuffer(FRAME_BYTES_MAX[direction]) for direction in Direction}
        self._unread = False
        self._target: Address | None = None

    @property
    def unfinished(self) -> int:
        """How many bytes it has sent of a request that is not all here."""
        return 0 if self.over else self._buffers[Direction.TO_SERVER].pending

    def received(self, direction: Direction, data: bytes) -> None:
        if self._unread:
            self.pipes[direction].feed(data)
            return
        try:
            for payload in self._buffers[direction].feed(data):
                if self.over:  # by a rule, at a frame before this one
                    return
                self._pass(direction, payload)
        except FrameError:
            self._unread = True
            for each in Direction:
                self._pass_rest(each)
        if self.unfinished > SMALL_BYTES and self._relay.unfinished > UNFINISHED_BYTES_MAX:
            self.cut("rst")

    def ended(self, direction: Direction) -> None:
        self._pass_rest(direction)
        if direction is Direction.TO_CLIENT:
            self._turn()
        super().ended(direction)

    def lost(self, side: Side, *, by_peer: bool) -> None:
        if side is self.server and by_peer:
            self._turn()
        super().lost(side, by_peer=by_peer)

    async def _dial_one(self, target: Address) -> None:
        await super()._dial_one(target)
        self._target = target

    def _turn(self) -> None:
        if self._target is not None and not self.dialogue.answered:
            self._relay.turn_from(self._target)

    def _pass(self, direction: Direction, payload: bytes) -> None:
        if direction is Direction.TO_SERVER:
            meaning = self.dialogue.request(payload)
        else:
            payload = self.dialogue.answer(payload)
            meaning = self.dialogue.reply(payload)
        passage = Passage(self, self._relay, meaning, payload)
        self._relay.inspect(passage, self.dialogue)
        if passage.refusal is not None:
            self.dialogue.refuse(meaning.xid, passage.refusal)
        if passage.payload is not None:
            self.pipes[direction].feed(frame(passage.payload) * passage.times, passage.delay_s, passage.gate)

    def _pass_rest(self, direction: Direction) -> None:
        self.pipes[direction].feed(self._buffers[direction].rest())


class RegistryRelay(Relay):
    """Holds what all connections of one implementation share: rules, settings, and what was seen."""

    def __init__(self, loop: asyncio.AbstractEventLoop, targets: tuple[Address, ...]) -> None:
        super().__init__(loop, targets)
        self.operations: deque[Operation] = deque(maxlen=OPERATIONS_KEPT)
        self.sessions = SeenSessions()
        self.rules: list[ArmedRule] = []
        self.timeout_ms_min: int | None = None
        self.timeout_ms_max: int | None = None
        self.rewriting: Rewriting | None = None
        self._answers = Answers()
        self._seen = 0

    def connection(self, number: int) -> Connection:
        return RegistryConnection(self.loop, self, number)

    def turn_from(self, target: Address) -> None:
        """It accepts, and serves nobody: of several servers the others come first now, as ZooKeeper's clients do it."""
        self.targets = (*(other for other in self.targets if other != target), target)

    def heal(self) -> None:
        self.rules.clear()
        super().heal()

    def release(self, armed: ArmedRule) -> None:
        armed.gate.open()
        for connection in list(self.connections):
            connection.flush()

    @property
    def unfinished(self) -> int:
        return sum(each.unfinished for each in self._ours())

    def attached(self) -> dict[Connection, int]:
        """The session of each connection that has one."""
        return {each: each.dialogue.session_granted for each in self._ours() if each.dialogue.session_granted}

    def end_session(self, session_id: int, by: EndedBy) -> None:
        """Note the end of a session, and end its connections as a registry does."""
        self.sessions.ended(session_id, by)
        for connection, theirs in self.attached().items():
            if theirs == session_id:
                self.cut_one(connection, "fin")

    def inspect(self, passage: Passage, dialogue: Dialogue) -> None:
        self._note(passage, dialogue)
        for armed in list(self.rules):
            if passage.payload is not None:
                armed.strike(passage)
        self._adapt(passage)
        self._record(passage, dialogue)

    def _ours(self) -> Iterator[RegistryConnection]:
        return (each for each in self.connections if isinstance(each, RegistryConnection))

    def _note(self, passage: Passage, dialogue: Dialogue) -> None:
        """Learn from a frame as it came, whatever becomes of it: a session whose handshake we drop does exist."""
        meaning, payload = passage.meaning, passage.payload
        if meaning.kind is not Kind.REPLY or payload is None:
            return
        if meaning.op is OpCode.CREATE_SESSION:
            self._note_session(ConnectResponse.decode(payload), dialogue)
        elif meaning.op is OpCode.CLOSE_SESSION and meaning.error == 0:
            self.sessions.ended(dialogue.session_id, "client")
        elif isinstance(meaning.op, OpCode) and meaning.op in READS and meaning.path is not None:
            passage.stale = self._answers.note(meaning.op, meaning.path, payload)

    def _note_session(self, granted: ConnectResponse, dialogue: Dialogue) -> None:
        if granted.session_id:
            self.sessions.attached(granted.session_id, granted.password or b"", granted.timeout)
        else:
            self.sessions.ended(dialogue.session_asked_for, "registry")

    def _adapt(self, passage: Passage) -> None:
        """What stands for the proxy's whole life, and no heal takes back: the clamped timeout, the other addresses."""
        if passage.payload is None:
            return
        if passage.meaning.op is OpCode.CREATE_SESSION and passage.meaning.kind is Kind.REQUEST:
            self._clamp(passage, passage.payload)
        elif passage.meaning.op is OpCode.GET_DATA and passage.meaning.kind is Kind.REPLY:
            self._rewrite(passage, passage.payload)

    def _clamp(self, passage: Passage, payload: bytes) -> None:
        request, end = ConnectRequest.read(payload)
        asked = request.timeout
        if self.timeout_ms_min is not None:
            asked = max(asked, self.timeout_ms_min)
        if self.timeout_ms_max is not None:
            asked = min(asked, self.timeout_ms_max)
        if asked != request.timeout:
            clamped = msgspec.structs.replace(request, timeout=asked)
            passage.payload = clamped.encode() + payload[end:]
            passage.touched.append("clamped")

    def _rewrite(self, passage: Passage, payload: bytes) -> None:
        if self.rewriting is None:
            return
        try:
            rewritten = self.rewriting(payload)
        except Malformed:  # no GetDataResponse: not ours to judge
            return
        if rewritten is not None:
            passage.payload = rewritten
            passage.touched.append("rewritten")

    def _record(self, passage: Passage, dialogue: Dialogue) -> None:
        self._seen += 1
        meaning = passage.meaning
        self.operations.append(
            Operation(
                number=self._seen,
                at=time.monotonic(),
                connection=passage.connection.number,
                session_id=dialogue.session_id,
                kind=meaning.kind,
                op=meaning.op,
                xid=meaning.xid,
                path=meaning.path,
                error=meaning.error,
                zxid=meaning.zxid,
                parts=meaning.parts,
                touched=tuple(passage.touched),
            )
        )
