"""impl.toml: what an implementation provides, promises and claims. Form: spec/README.md and the README.

Anything unknown or malformed is a ManifestError that names the file and the key.
"""

from __future__ import annotations

import os
import re
import string
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import msgspec

from proctor.limits import LIMITS
from proctor.model import PROFILES
from proctor.redaction import SHORTEST_VALUE, Redaction

FILE_NAME = "impl.toml"
BUILD_PLACES = frozenset({"python"})
SERVER_PLACES = frozenset({"python", "host", "port", "workers", "zookeeper", "root"})
CLIENT_PLACES = frozenset({"python", "zookeeper", "root"})
NO_SECRET = "injected, effective, healed, unavailable"  # words of each history
NUL = "\0"


class ManifestError(Exception):
    """The manifest is at fault; the message names the file and the key."""


class About(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[implementation]"""

    name: str
    profiles: list[str]
    version: str = "unknown"
    language: str = "unknown"
    homepage: str = ""


class BuildCommand(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[build]: what is run once, before anything is started."""

    command: list[str]
    cwd: str = "."
    env: dict[str, str] = {}


class ClientCommand(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[client]"""

    command: list[str]
    cwd: str = "."
    env: dict[str, str] = {}


class ServerCommand(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[server]: how it is started, what one of its workers is, and by what it is known to be up."""

    command: list[str]
    cwd: str = "."
    env: dict[str, str] = {}
    workers: Literal["listeners", "children"] = "listeners"
    ready: Literal["node", "port", "workers"] = "node"


class Wire(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[wire]: the dialect of the frames."""

    byte_order: Literal["little", "big"] = "little"


class Capabilities(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[capabilities]: a claim makes its clauses binding."""

    reload: Literal["graceful", "exec"] | None = None
    resize: bool = False
    watchdog: bool = False
    upgrade: bool = False
    methods: tuple[Literal["ping", "pi", "divide", "sleep"], ...] = ("ping", "pi")


class Secrets(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[secrets]: what is hidden in all that is shown or left: the values of environment variables, and what matches."""

    env: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


class Document(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """impl.toml as it is written."""

    implementation: About
    build: BuildCommand | None = None
    server: ServerCommand | None = None
    client: ClientCommand | None = None
    wire: Wire = Wire()
    capabilities: Capabilities = Capabilities()
    limits: dict[str, float] = {}
    secrets: Secrets = Secrets()

    def values_of_secrets(self) -> dict[str, str]:
        """Each value that one of the variables is given, by the variable and by where."""
        places: dict[str, Mapping[str, str]] = {"the environment": os.environ}
        for name, section in (("server", self.server), ("client", self.client)):
            places |= {f"{name}.env": section.env} if section else {}
        given = ((name, where, env.get(name)) for where, env in places.items() for name in self.secrets.env)
        return {f"{name} in {where}": value for name, where, value in given if value}


class Manifest:
    """A checked impl.toml, with the folder that it stands in."""

    def __init__(self, path: Path, document: Document, text: bytes) -> None:
        self.path = path
        self.folder = path.parent
        self.about = document.implementation
        self.build = document.build
        self.server = document.server
        self.client = document.client
        self.byte_order = document.wire.byte_order
        self.capabilities = document.capabilities
        self.limits = document.limits
        self.digest = sha256(text).hexdigest()
        self.redaction = Redaction(document.values_of_secrets().values(), document.secrets.patterns)

    def promise(self, name: str) -> float:
        """A limit of this implementation, in the limit's unit: its own, or the spec's default."""
        return float(self.limits.get(name, LIMITS[name].default))

    def claims(self) -> Mapping[str, object]:
        """What clauses may require, by name (`Requirement.satisfied_by`)."""
        takes_port = self.server is not None and any("{port}" in word for word in self.server.command)
        return {**msgspec.structs.asdict(self.capabilities), "profiles": self.about.profiles, "port": takes_port}


def read_manifest(impl: Path) -> Manifest:
    """The manifest in the folder `impl`, or the file itself."""
    path = impl / FILE_NAME if impl.is_dir() else impl
    if not impl.exists():
        raise ManifestError(f"{impl}: no such folder; name the one that holds {FILE_NAME}")
    if not path.is_file():
        raise ManifestError(
            f"{impl}: holds no {FILE_NAME}, which says how to start the implementation; "
            "name the folder that does, or let `proctor init` write one"
        )
    if path.suffix != Path(FILE_NAME).suffix:
        raise ManifestError(f"{impl}: no manifest; name the folder that holds {FILE_NAME}")
    text = path.read_bytes()
    try:
        document = msgspec.toml.decode(text, type=Document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: {error}") from None
    try:
        check(document, path)
    except ValueError as error:
        raise ManifestError(f"{path}: {error}") from None
    return Manifest(path.resolve(), document, text)


def check(document: Document, path: Path) -> None:
    """What types can't say. ValueError names the key."""
    check_profiles(document)
    check_limits(document.limits)
    check_secrets(document)
    for table, section, places in (
        ("build", document.build, BUILD_PLACES),
        ("server", document.server, SERVER_PLACES),
        ("client", document.client, CLIENT_PLACES),
    ):
        if section is not None:
            check_command(table, section.command, places)
            check_cwd(table, section.cwd, path)
            check_env(table, section.env)


def check_profiles(document: Document) -> None:
    about, server = document.implementation, document.server
    claimed = set(about.profiles)
    if not claimed:
        raise ValueError("implementation.profiles is empty: nothing would be examined")
    if unknown := sorted(claimed - set(PROFILES)):
        raise ValueError(
            f"implementation.profiles: no profile is called {unknown[0]!r}; there are {', '.join(PROFILES)}"
        )
    if claimed - {"client"} and server is None:
        raise ValueError(f"[server] is missing: the profiles {', '.join(sorted(claimed - {'client'}))} need it")
    if "client" in claimed and document.client is None:
        raise ValueError("[client] is missing: the profile client needs it")
    if server and server.ready == "node" and "discovery" not in claimed:
        raise ValueError('server.ready = "node" needs the profile discovery; say "port" or "workers"')


def check_limits(limits: Mapping[str, float]) -> None:
    for name, value in limits.items():
        if name not in LIMITS:
            raise ValueError(f"limits.{name}: no limit is called so; there are {', '.join(LIMITS)}")
        least, most = LIMITS[name].least, LIMITS[name].most
        if not least <= value <= most:
            raise ValueError(f"limits.{name} = {value:g} {LIMITS[name].unit}: the spec allows {least:g} to {most:g}")


def check_secrets(document: Document) -> None:
    for place, value in document.values_of_secrets().items():
        if len(value) < SHORTEST_VALUE:
            raise ValueError(
                f"secrets.env: the value of {place} has {len(value)} characters: "
                f"too short to be told from other text; give it {SHORTEST_VALUE} or more, or take it out"
            )
    for pattern in document.secrets.patterns:
        try:
            found = re.compile(pattern)
        except re.error as error:
            raise ValueError(f"secrets.patterns: {pattern!r} is no regular expression: {error}") from None
        if found.search("") or found.search(NO_SECRET):
            raise ValueError(f"secrets.patterns: {pattern!r} matches what is no secret, such as {NO_SECRET!r}")


def check_command(table: str, command: list[str], places: frozenset[str]) -> None:
    if not command:
        raise ValueError(f"{table}.command is empty")
    for word in command:
        if NUL in word:
            raise ValueError(f"{table}.command: {word!r}: holds a NUL, which no program can be given")
        for place in placeholders(table, word):
            if place not in places:
                known = ", ".join("{" + name + "}" for name in sorted(places))
                raise ValueError(f"{table}.command: {word!r}: no placeholder {{{place}}}; there are {known}")


def placeholders(table: str, word: str) -> list[str]:
    try:
        return [name for _, name, _, _ in string.Formatter().parse(word) if name is not None]
    except ValueError as error:
        raise ValueError(f"{table}.command: {word!r}: {error}; a brace itself is written twice") from None


def check_cwd(table: str, cwd: str, path: Path) -> None:
    if not (path.parent / cwd).is_dir():
        raise ValueError(f"{table}.cwd = {cwd!r}: no such folder beside {path.name}")


def check_env(table: str, env: Mapping[str, str]) -> None:
    for name, value in env.items():
        if not name or "=" in name or NUL in name:
            raise ValueError(f"{table}.env: no variable can be called {name!r}")
        if NUL in value:
            raise ValueError(f"{table}.env.{name}: holds a NUL, which no variable can")


def fill(command: list[str], **values: Any) -> list[str]:
    """The command's words with their placeholders filled; `{python}` is the interpreter that runs the kit."""
    return [word.format(python=sys.executable, **values) for word in command]
