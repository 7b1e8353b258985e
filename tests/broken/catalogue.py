"""The deliberately broken implementations: each is the reference with one part replaced by a class that lies.

Such a class says with `breaks` which clause its lie breaks, and by its base which part it replaces. It may have

- `also`: other clauses that can't but break with it, each with the reason;
- `accomplice`: a second such class, without which the lie wouldn't show;
- `found_by`: of a lie that only chance shows, the case in chaos/test_schedules.py that is to find it;
- `arguments`: further words of its command;
- `manifest`: what its manifest says otherwise than the reference's, table by table.

In the file `sound` stand some that are no liars: they do lawfully what the reference doesn't, and must not be blamed.
Each says with `keeps` which clause it was, or could be, wrongly blamed with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from reference.client import ClientParts
    from reference.serve import ServerParts

FILES = (
    "frames",
    "wire",
    "discovery",
    "deregistering",
    "supervision",
    "leaving",
    "directory",
    "client",
    "restart",
    "upgrade",
)
BY_CHANCE = ("chance_servers", "chance_clients")  # found by schedules that are drawn, and by no other case
SOUND = "sound"
LONG_GRACE = ("--grace", "20")  # so that calls are in flight for seconds, and none ends before the lie
LONG_GRACE_IS_PROMISED = {"limits": {"grace_s": 20}}
SAID = ("breaks", "keeps", "also", "found_by", "arguments", "manifest")

Parts = TypeVar("Parts", "ServerParts", "ClientParts")


@dataclass(frozen=True)
class Liar:
    """One of them. Without parts it is the honest one, which breaks nothing; nor does one that `keeps` a clause."""

    name: str
    parts: tuple[type[Any], ...] = ()
    breaks: str = ""
    keeps: str = ""
    also: Mapping[str, str] = field(default_factory=dict)
    found_by: str = ""
    arguments: tuple[str, ...] = ()
    manifest: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def lie(self) -> str:
        return " ".join((self.parts[0].__doc__ or "").split())


HONEST = Liar("honest")


def everybody() -> list[Liar]:
    """All liars that ordinary cases catch, in the order in which they are written."""
    return [liar for file in FILES for liar in liars_in(file)]


def by_chance() -> list[Liar]:
    """All liars that only chance finds, in the order in which they are written."""
    return [liar for file in BY_CHANCE for liar in liars_in(file)]


def sound() -> list[Liar]:
    """All that are lawful in a way of their own, in the order in which they are written."""
    return list(liars_in(SOUND))


def called(name: str) -> Liar:
    """The one of that name; reads no other file than his, since each start of a server waits for it."""
    if name == HONEST.name:
        return HONEST
    return next(liar for liar in liars_in(name.partition(".")[0]) if liar.name == name)


def liars_in(file: str) -> Iterator[Liar]:
    for part in vars(import_module(f"tests.broken.{file}")).values():
        if isinstance(part, type) and not {"breaks", "keeps"}.isdisjoint(vars(part)):
            said = {name: vars(part)[name] for name in SAID if name in vars(part)}
            accomplices = [vars(part)["accomplice"]] if "accomplice" in vars(part) else []
            yield Liar(f"{file}.{part.__name__}", (part, *accomplices), **said)


def replaced(honest: Parts, liar: Liar) -> Parts:
    """The parts of a server or client, the liar's among them."""
    lying = {name: part for name, base in honest._asdict().items() for part in liar.parts if issubclass(part, base)}
    return honest._replace(**lying)
