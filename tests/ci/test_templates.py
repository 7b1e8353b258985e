"""The templates of CI/ are what their systems take, and name exact versions."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import tree_sitter_groovy
from tree_sitter import Language, Parser

from proctor.places import CHECKOUT
from tests.ci.templates import ACTION, DOCKERFILE, FOLDER, GITLAB, JENKINS, SHELL, WORKFLOW, read

BIN = Path(sys.executable).parent
SCHEMA = ("check-jsonschema", "--builtin-schema")
SCRIPTS = sorted(
    str(path.relative_to(CHECKOUT))
    for path in FOLDER.rglob("*")
    if path.is_file() and path.read_bytes().startswith(b"#!")
)
LINTERS = {
    "workflow": ("actionlint", str(WORKFLOW)),
    "workflow's schema": (*SCHEMA, "vendor.github-workflows", str(WORKFLOW)),
    "action's schema": (*SCHEMA, "vendor.github-actions", str(ACTION)),
    "gitlab": (*SCHEMA, "vendor.gitlab-ci", "--data-transform", "gitlab-ci", str(GITLAB)),
    "dockerfile": ("hadolint", str(DOCKERFILE)),
    "scripts": ("shellcheck", ".ci/run", *SCRIPTS),
}


@pytest.mark.parametrize("command", LINTERS.values(), ids=LINTERS)
def test_a_linter_finds_nothing(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def of_github() -> list[str]:
    return [step["run"] for step in read(ACTION)["runs"]["steps"] if "run" in step]


def of_gitlab() -> list[str]:
    return ["\n".join(job["script"]) for name, job in read(GITLAB).items() if name.startswith("proctor:")]


def of_jenkins() -> list[str]:
    return [found[1] or found[2] for found in SHELL.finditer(JENKINS.read_text())]


@pytest.mark.parametrize("scripts", [of_github, of_gitlab, of_jenkins], ids=["github", "gitlab", "jenkins"])
def test_the_shell_in_it_is_sound(scripts: object) -> None:
    assert callable(scripts)
    for script in scripts():
        done = subprocess.run(
            [BIN / "shellcheck", "--shell=bash", "-"],
            input=f"{script}\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout


def test_the_jenkinsfile_is_groovy() -> None:
    """Whether Jenkins takes it, only Jenkins can say."""
    parser = Parser(Language(tree_sitter_groovy.language()))
    assert not parser.parse(JENKINS.read_bytes()).root_node.has_error
    assert parser.parse(JENKINS.read_bytes().replace(b"}", b"", 1)).root_node.has_error


def test_whose_action_is_used_is_named_by_its_commit() -> None:
    used = [line for path in (ACTION, WORKFLOW) for line in re.findall(r"uses: (.*)", path.read_text())]
    others = [line for line in used if not line.startswith("OWNER/proctor/")]
    assert len(used) > len(others) > 0
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line) for line in others)


def test_everybody_names_this_version_and_one_python() -> None:
    texts = [path.read_text() for path in (ACTION, WORKFLOW, GITLAB, JENKINS, DOCKERFILE)]
    assert set(re.findall(r"proctor(?:/CI/github@v|:)(\d+(?:\.\d+)*)", "\n".join(texts))) == {version("proctor")}
    assert len(set(re.findall(r"python(?::|-version: \")(\d+\.\d+\.\d+)", "\n".join(texts)))) == 1


def test_nothing_else_stands_in_the_folder() -> None:
    """Or it would be checked by none of these."""
    checked = {ACTION, WORKFLOW, GITLAB, JENKINS, DOCKERFILE, DOCKERFILE.with_name("Dockerfile.dockerignore")}
    assert {path for path in FOLDER.rglob("*") if path.is_file()} == checked.union(CHECKOUT / name for name in SCRIPTS)
