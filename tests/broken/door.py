"""The door through which liars and the honest one are examined: a manifest, and the suite as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from proctor.places import CHECKOUT
from tests.broken.catalogue import Liar

REFERENCE = CHECKOUT / "reference" / "impl.toml"
ENDS_WITHIN_S = 600.0
QUICK_START = ("-p", "no:hypothesispytest", "-p", "no:xdist")  # these two plugins take longer than most sections

Side = Literal["server", "client"]
Tables = dict[str, dict[str, Any]]


class Examination:
    """What came of it, from its certificate; and all that was said."""

    def __init__(self, document: Mapping[str, Any], text: str) -> None:
        self.verdicts: dict[str, str] = {entry["id"]: entry["verdict"] for entry in document["clauses"]}
        self.missing: list[str] = [injector["name"] for injector in document["injectors"]["unavailable"]]
        self.text = text
        self._cases = {entry["id"]: entry["cases"] for entry in document["clauses"]}

    def judged(self, verdict: str) -> dict[str, list[str]]:
        """The clauses with this verdict, and what their cases said."""
        return {clause: self._said(clause) for clause, found in self.verdicts.items() if found == verdict}

    def _said(self, clause: str) -> list[str]:
        return [f"{case['case'].partition('::')[2]}: {case['message']}" for case in self._cases[clause]]


def examined(liar: Liar, side: Side, files: Iterable[str], folder: Path, clauses: Iterable[str] = ()) -> Examination:
    """Runs these files of the suite, or the cases of these `clauses` in them, on one side of it.

    The manifest stands in `folder`, where the report is left, too.
    """
    (folder / "impl.toml").write_text(toml(manifest(liar, side, folder)))
    command = [sys.executable, "-m", "pytest", f"--impl={folder}", "-q", "-p", "no:cacheprovider", *QUICK_START]
    suite = [str(CHECKOUT / file) for file in files]
    chosen = " or ".join(clause.partition("/")[2] for clause in clauses)
    suite += ["-k", chosen] if chosen else []
    run = subprocess.run(
        [*command, *suite], cwd=folder, capture_output=True, text=True, timeout=ENDS_WITHIN_S, check=False
    )
    certificate = folder / "report" / "certificate.json"
    assert certificate.exists(), run.stdout + run.stderr
    return Examination(json.loads(certificate.read_text()), run.stdout)


def manifest(liar: Liar, side: Side, folder: Path) -> Tables:
    """The reference's, with one side of it, and the liar's command and claims."""
    tables: Tables = tomllib.loads(REFERENCE.read_text())
    about, section = tables["implementation"], tables[side]
    about["name"] = liar.name
    about["profiles"] = [profile for profile in about["profiles"] if side_of(profile) == side]
    section["command"] = ["{python}", "-m", "tests.broken", liar.name, *section["command"][3:], *liar.arguments]
    section["cwd"] = str(CHECKOUT)
    section["env.TMPDIR"] = str(folder)  # what it leaves behind goes with the folder
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
