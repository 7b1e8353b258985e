"""`proctor recheck` and `proctor timeline`: what can be done with a saved history."""

from __future__ import annotations

from pathlib import Path

import click

from proctor.commands.group import CannotTell
from proctor.history import History
from proctor.process.text import legible
from proctor.report.timeline.command import NoTimeline, show
from proctor.schedules.judging import findings
from proctor.schedules.recovery import recovery_s


@click.command()
@click.argument("history", type=click.Path(path_type=Path))
def recheck(history: Path) -> None:
    """Judge a saved history again, without running anything.

    HISTORY is of a schedule. It stands beside the replay file of a chaos run that failed.

    \b
    Examples:
      proctor recheck report/replays/.../17.history.jsonl
      proctor recheck history.jsonl && echo nothing is wrong

    The exit status is 0 if nothing is wrong in it; 1 if something is, with a line for each thing; 2 if it can't be
    judged.
    """
    try:
        told = History.load(history)
    except (OSError, ValueError) as error:
        raise CannotTell(str(error)) from None
    try:
        found, recovered = findings(told), recovery_s(told)
    except (ValueError, TypeError, KeyError, AttributeError) as error:  # its events are of other forms than ours
        raise CannotTell(f"{history}: can't be judged: {error}") from None
    for finding in found:
        click.echo(legible(f"{finding.clause or 'no rest'}: {finding.message}"))
    if found:
        raise SystemExit(1)
    rest = "it never came to rest" if recovered is None else f"at rest {recovered:.2f} s after the last act"
    click.echo(f"{history}: nothing is wrong in {len(told.events('call'))} calls; {rest}")


@click.command()
@click.argument("history", type=click.Path(path_type=Path))
@click.option("--output", metavar="FILE", type=click.Path(path_type=Path), help="The page; default: beside HISTORY")
@click.option("--text", is_flag=True, help="Print it for the terminal instead.")
def timeline(history: Path, output: Path | None, text: bool) -> None:
    """Show a saved history on one time axis.

    The page needs no network.

    \b
    Examples:
      proctor timeline report/histories/chaos.test_workers.test_a.jsonl
      proctor timeline history.jsonl --text | less

    The exit status is 0 if it is shown; 2 if the history can't be read, or the page can't be written.
    """
    if text and output:
        raise click.UsageError("--text prints, and --output writes a page: choose one.")
    try:
        for line in show(history, output, text):
            click.echo(legible(line))
    except NoTimeline as error:
        raise CannotTell(str(error)) from None
