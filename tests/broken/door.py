"""The door through which liars are examined: a manifest, and the suite as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from proctor.places import CHECKOUT
from tests.broken.catalogue import Liar
from tests.broken.manifest import write

ENDS_WITHIN_S = 600.0
QUICK_START = ("-p", "no:hypothesispytest", "-p", "no:xdist")  # these two plugins take longer than most sections


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


def examined(liar: Liar, files: Iterable[str], folder: Path, clauses: Iterable[str] = ()) -> Examination:
    """Runs these files of the suite, or the cases of these `clauses` in them, on the side of it that lies.

    The manifest stands in `folder`, where the report is left, too.
    """
    write(liar, folder)
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
