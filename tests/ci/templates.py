"""The templates of CI/, as far as they are commands: what each system would run, and with which variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from proctor.places import CHECKOUT

FOLDER = CHECKOUT / "CI"
ACTION = FOLDER / "github" / "action.yml"
WORKFLOW = FOLDER / "github" / "workflow.yml"
GITLAB = FOLDER / "gitlab" / "proctor.gitlab-ci.yml"
JENKINS = FOLDER / "jenkins" / "Jenkinsfile"
DOCKERFILE = FOLDER / "docker" / "Dockerfile"
SEED = "7"
INPUT = re.compile(r"\$\{\{ inputs\.([\w-]+) \}\}")
SHELL = re.compile(r"\bsh (?:'''(.*?)'''|'([^'\n]*)')", re.DOTALL)


@dataclass(frozen=True)
class Step:
    """`shell`: the words that a script is handed to."""

    shell: tuple[str, ...]
    script: str
    env: Mapping[str, str]


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def github(name: str, **inputs: str) -> Step:
    """A step of the action; of the inputs, `_` stands for `-`."""
    action = read(ACTION)
    (step,) = [step for step in action["runs"]["steps"] if step["name"] == name]
    given = {name: about.get("default", SEED) for name, about in action["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    env = {name: INPUT.sub(lambda found: given[found[1]], value) for name, value in step.get("env", {}).items()}
    shell = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
    return Step(shell, step["run"], {**env, "GITHUB_ACTION_PATH": str(ACTION.parent)})


def gitlab(name: str, shard: int, **variables: str) -> Step:
    """A job, as `shard` of those that are like it."""
    document = read(GITLAB)
    job = document[f"proctor:{name}"]
    of = {"CI_PIPELINE_ID": SEED, "CI_NODE_INDEX": str(shard), "CI_NODE_TOTAL": str(job.get("parallel", 1))}
    env = {name: str(value) for name, value in document["variables"].items()}
    return Step(("bash", "-eo", "pipefail", "-c"), "\n".join(job["script"]), {**env, **of, **variables})


def jenkins(word: str, shard: int, **variables: str) -> Step:
    """The shell step that says `word`."""
    text = JENKINS.read_text()
    scripts = [(found[1] or found[2]).replace("\\\n", "") for found in SHELL.finditer(text)]
    (script,) = [script for script in scripts if word in script]
    env = dict(re.findall(r"(PROCTOR_\w+) = '(.*)'", text))
    of = {"BUILD_NUMBER": SEED, "SHARD": str(shard), "PART": str(shard)}
    return Step(("sh", "-xec"), script, {**env, **of, **variables})
