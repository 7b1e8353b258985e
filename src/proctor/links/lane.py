"""One direction of a link, as data: the conditions that hold on it and what has passed under them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Which way bytes go."""

    TO_SERVER = "to_server"
    TO_CLIENT = "to_client"

    @property
    def opposite(self) -> Direction:
        return Direction.TO_CLIENT if self is Direction.TO_SERVER else Direction.TO_SERVER


@dataclass(frozen=True)
class Conditions:
    """What a direction does to the bytes that pass. The defaults are a clean link.

    `latency_s` delays each byte; `bytes_per_s` limits the rate of each connection; bytes leave in pieces of at most
    `piece_bytes`, `gap_s` seconds apart.
    """

    frozen: bool = False
    latency_s: float = 0.0
    bytes_per_s: float | None = None
    piece_bytes: int | None = None
    gap_s: float = 0.0


CLEAN = Conditions()


@dataclass(frozen=True)
class Traffic:
    """What one direction of a link has passed since it was started: the proof that a condition took effect."""

    passed_bytes: int = 0
    held_bytes: int = 0  # read and not yet passed on, now
    late_bytes: int = 0  # passed on later than they came, because of a fault
    pieces: int = 0  # cut off something longer by slicing
    corrupted_bytes: int = 0


@dataclass
class Lane:
    """One direction of a link: shared by the pipes of all its connections."""

    conditions: Conditions = CLEAN
    corrupt_at: int | None = None  # offset among `passed_bytes` of the byte to be corrupted
    stop_at: int | None = None  # when so many bytes have passed, no more do
    passed_bytes: int = 0
    late_bytes: int = 0
    pieces: int = 0
    corrupted_bytes: int = 0

    def corrupt(self, nth_byte: int) -> None:
        self.corrupt_at = self.passed_bytes + nth_byte - 1

    def stop_after(self, count: int) -> None:
        self.stop_at = self.passed_bytes + count

    def go_on(self) -> None:
        self.stop_at = None

    @property
    def passes(self) -> bool:
        return not self.conditions.frozen and self.room_bytes != 0

    @property
    def room_bytes(self) -> int | None:
        """How many bytes may pass before it stops; None for any number."""
        return None if self.stop_at is None else self.stop_at - self.passed_bytes

    def heal(self) -> None:
        self.conditions = CLEAN
        self.corrupt_at = None
        self.go_on()

    def traffic(self, held_bytes: int) -> Traffic:
        return Traffic(self.passed_bytes, held_bytes, self.late_bytes, self.pieces, self.corrupted_bytes)

    def corrupted(self, data: memoryview) -> memoryview:
        """`data` as it is to be passed on next: all bits of the byte at `corrupt_at` turned over, once."""
        if self.corrupt_at is None or self.corrupt_at >= self.passed_bytes + len(data):
            return data
        changed = bytearray(data)
        changed[self.corrupt_at - self.passed_bytes] ^= 0xFF
        self.corrupt_at = None
        self.corrupted_bytes += 1
        return memoryview(changed)
