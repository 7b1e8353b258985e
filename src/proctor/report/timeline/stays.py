"""From what was there at one moment after another to who stayed from when to when."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
What = TypeVar("What")


@dataclass(frozen=True)
class Stay(Generic[Key, What]):
    """`key` was there, as `what`, from `begin` to `end`.

    `open`: it was still there when the history ended. `changed`: it went on as something else.
    """

    key: Key
    what: What
    begin: float
    end: float
    open: bool
    changed: bool = False


Life = list[Stay[Key, What]]  # of one key, each stay as something else, without a gap


def lives(snapshots: Iterable[tuple[float, Mapping[Key, What]]], end: float) -> list[Life[Key, What]]:
    """Of each key that any snapshot shows, its stays; one who comes back begins another life."""
    found: list[Life[Key, What]] = []
    present: dict[Key, Life[Key, What]] = {}
    for at, now in snapshots:
        for key in present.keys() - now.keys():
            close(present.pop(key), at)
        for key, what in now.items():
            if key not in present:
                found.append(present.setdefault(key, []))
            elif present[key][-1].what == what:
                continue
            else:
                close(present[key], at, changed=True)
            present[key].append(Stay(key, what, at, end, open=True))
    return found


def close(life: Life[Key, What], at: float, changed: bool = False) -> None:
    life[-1] = replace(life[-1], end=at, open=False, changed=changed)


def packed(lived: Iterable[Life[Key, What]], apart: float = 0.0) -> list[list[Life[Key, What]]]:
    """Lives in as few rows as hold them so far `apart`: whoever comes takes the first row that is free."""
    rows: list[list[Life[Key, What]]] = []
    for life in sorted(lived, key=lambda life: life[0].begin):
        free = next((row for row in rows if row[-1][-1].end + apart <= life[0].begin), None)
        if free is None:
            rows.append(free := [])
        free.append(life)
    return rows
