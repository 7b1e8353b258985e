"""The manifest by which a liar is examined: the reference's, but for what he says otherwise, and the side that lies."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, Literal

from proctor.places import home
from tests.broken.catalogue import Liar

REFERENCE = home() / "reference" / "impl.toml"
SOON = {"register_s": 2, "update_s": 1, "respawn_s": 3, "recover_s": 2, "orphan_s": 3, "reload_s": 3, "stop_s": 3}

Side = Literal["server", "client"]
Tables = dict[str, dict[str, Any]]


def write(liar: Liar, folder: Path) -> None:
    (folder / "impl.toml").write_text(toml(manifest(liar, folder)))


def quick(liar: Liar, folder: Path) -> Path:
    """The folder, with a manifest in it that promises to be quick: then faults that are waited for show soon."""
    tables = manifest(liar, folder)
    tables["limits"] = {**tables.get("limits", {}), **SOON}
    (folder / "impl.toml").write_text(toml(tables))
    return folder


def manifest(liar: Liar, folder: Path) -> Tables:
    """Its tables. What the liar leaves behind he leaves in `folder`."""
    tables: Tables = tomllib.loads(REFERENCE.read_text())
    side = side_of((liar.breaks or liar.keeps).partition("/")[0])
    about, section = tables["implementation"], tables[side]
    about["name"] = liar.name
    about["profiles"] = [profile for profile in about["profiles"] if side_of(profile) == side]
    section["command"] = ["{python}", "-m", "tests.broken", liar.name, *section["command"][3:], *liar.arguments]
    section["cwd"] = str(home())
    section["env.TMPDIR"] = str(folder)
    for table, members in liar.manifest.items():
        tables[table].update(members)
    return {name: table for name, table in tables.items() if name not in ("server", "client") or name == side}


def side_of(profile: str) -> Side:
    return "client" if profile == "client" else "server"


def toml(tables: Tables) -> str:
    """What is in them (strings, numbers, truths, lists of these) is written in TOML as in JSON."""
    lines = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"
