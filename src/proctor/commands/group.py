"""What all commands have in common: the overview by task, exit statuses, and errors of one line."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import click

STATUSES = """\b
Exit statuses:
  0  done, and nothing is wrong
  1  done, and something is wrong: a failure, a difference, a finding
  2  it can't be done or told: wrong usage or input, or this machine lacks something
certify ends as pytest does, with 1 and also:
  2  interrupted    3  an error of the kit    4  wrong usage or input, or no start
  5  no case ran; merge, too
"""


class CannotTell(click.ClickException):
    """Nothing can be done or said: whoever typed the command, or this machine, is at fault."""

    exit_code = 2


class Group(click.Group):
    """Lists its commands under the task that they are for. `tasks`: each heading with its commands."""

    def __init__(self, *, tasks: Mapping[str, Sequence[click.Command]], **rest: Any) -> None:
        super().__init__(commands=[command for commands in tasks.values() for command in commands], **rest)
        self.tasks = tasks

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's
        widest = max(len(name) for name in self.commands)
        room = formatter.width - widest - 4
        for task, commands in self.tasks.items():
            with formatter.section(task):
                formatter.write_dl(
                    [(str(command.name).ljust(widest), command.get_short_help_str(room)) for command in commands]
                )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise CannotTell(one_line(error)) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and not args[0].startswith("-") and not ctx.resilient_parsing:
            hint = nearest(args[0], self.commands)
            raise CannotTell(f"{args[0]!r} is no command; {hint}; `{ctx.command_path} --help` shows all")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise CannotTell(one_line(error)) from None


def one_line(error: click.UsageError) -> str:
    """What it says, and where help is."""
    path = error.ctx.command_path if error.ctx else "proctor"
    return f"{' '.join(error.format_message().split())} `{path} --help` shows how"


def nearest(word: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    """What somebody may have meant who typed `word`."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"the nearest is {near[0]}" if near else "none is named like it"
