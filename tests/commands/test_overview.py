"""What `proctor` says of itself: its commands by task, examples, exit statuses, and what a shell completes."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.cli import TASKS, main
from proctor.places import CHECKOUT
from tests.commands.typed import complaint, proctor

COMMANDS = [str(command.name) for commands in TASKS.values() for command in commands]


def test_alone_it_shows_its_commands_by_task() -> None:
    alone = proctor()
    assert (alone.returncode, alone.stderr) == (0, "")
    assert alone.stdout == proctor("--help").stdout
    places = [alone.stdout.index(f"\n{task}:\n") for task in TASKS]
    assert places == sorted(places)
    assert "..." not in alone.stdout.partition("Exit statuses")[0].partition("]...")[2]


def test_every_command_has_its_task() -> None:
    assert sorted(main.commands) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_by_examples_and_tells_the_exit_status(command: str) -> None:
    told = proctor(command, "--help").stdout
    examples = told.partition("Examples:\n")[2].partition("\n\n")[0].splitlines()
    assert 2 <= sum(f"proctor {command}" in line for line in examples) + (command == "merge") <= 3, told
    assert "exit status" in " ".join(told.split())


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["certfy", "."], 2, "'certfy' is no command; the nearest is certify; `proctor --help` shows all"),
        (["--nix"], 2, "No such option '--nix'. `proctor --help` shows how"),
        (["verify"], 2, "Missing argument 'CERTIFICATE'. `proctor verify --help` shows how"),
        (["certify"], 4, "Missing argument 'PATH'. `proctor certify --help` shows how"),
        (["certify", ".", "--seed=x"], 4, "Invalid value for '--seed': 'x' is not a valid integer"),
        (["zookeeper", "--port=70000"], 2, "Invalid value for '--port': 70000 is not in the range 0<=x<=65535."),
        (["timeline", "x", "--text", "--output=y"], 2, "--text prints, and --output writes a page: choose one."),
        (["send", "--impl=nowhere", "00"], 2, "nowhere: no such folder"),
    ],
)
def test_wrong_usage_is_one_line_that_says_where_help_is(words: list[str], status: int, said: str) -> None:
    assert complaint(proctor(*words), status).startswith(said)


def test_the_readme_has_the_same_exit_statuses() -> None:
    readme = " ".join((CHECKOUT / "README.md").read_text(encoding="utf-8").replace("`", "").split())
    statuses = proctor("--help").stdout.partition("Exit statuses:\n")[2].partition("\n\n")[0].splitlines()
    said = [part.strip()[3:] for line in statuses if line.strip()[0].isdigit() for part in line.split("    ") if part]
    assert [text for text in said if text and text not in readme] == []


# --- completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_script(shell: str) -> None:
    run = proctor(_PROCTOR_COMPLETE=f"{shell}_source")
    assert run.returncode == 0
    assert f"_PROCTOR_COMPLETE={shell}_complete" in run.stdout


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        (["exp"], ["explain"]),
        (["explain", "wire/pi"], ["wire/ping-echoes"]),
        (["explain", "s2"], ["S2"]),
        (["reproduce", "F2"], ["F2"]),
        (["certify", "--prof"], ["--profile"]),
        (["certify", "--profile", "super"], ["supervision"]),
    ],
)
def test_commands_options_clauses_and_failure_modes_are_completed(
    typed: list[str], completed: list[str], tmp_path: Path
) -> None:
    line = " ".join(["proctor", *typed])
    run = proctor(cwd=tmp_path, _PROCTOR_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(typed)))
    assert run.returncode == 0, run.stderr
    offered = [answer.partition(",")[2] for answer in run.stdout.split()]
    assert set(completed) <= set(offered)
    assert all(offer.lower().startswith(typed[-1].lower()) for offer in offered)
