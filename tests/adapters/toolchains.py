"""What is written by `proctor init`, built here, where its compiler is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from proctor.adapters.begin import begin
from proctor.adapters.languages import LANGUAGES, Language
from proctor.manifest import fill

BUILT_WITHIN_S = 300


def begun(folder: Path, name: str) -> Language:
    """The beginning in that language, in `folder`. Skips where what it takes is missing."""
    tool = [*LANGUAGES[name].build, *LANGUAGES[name].serve][0]
    if tool != "{python}" and shutil.which(tool) is None:
        pytest.skip(f"a beginning in {LANGUAGES[name].title} needs {tool}")
    return begin(folder, name)


def built(folder: Path, name: str) -> Language:
    language = begun(folder, name)
    if language.build:
        done = subprocess.run(
            language.build, cwd=folder, capture_output=True, text=True, timeout=BUILT_WITHIN_S, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), "it compiles without a word"
    return language


def driver(folder: Path, language: Language) -> subprocess.Popen[bytes]:
    """Its driver, on a registry that isn't there."""
    command = [*fill(list(language.drive)), "127.0.0.1:1", "/service"]
    return subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sys.stderr)
