"""`proctor certify`: pytest over the suite, alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest

from proctor.commands.group import CannotTell, nearest, one_line
from proctor.manifest import ManifestError, read_manifest
from proctor.model import PROFILES
from proctor.places import home, suite_folders
from proctor.process.text import printable
from proctor.report.certificate import NAME
from proctor.reproduction.alone import run_alone
from proctor.reproduction.suite import suite


class CannotCertify(CannotTell):
    """Nothing was examined; the status is pytest's own for that."""

    exit_code = int(pytest.ExitCode.USAGE_ERROR)


class LikePytest(click.Command):
    """A command whose wrong usage ends as pytest's does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise CannotCertify(one_line(error)) from None


@click.command(cls=LikePytest)
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("cases", nargs=-1, metavar="[CASE]...")
@click.option("--registry", default="embedded", show_default=True, help="As pytest's --registry.")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Draw everything random from it.")
@click.option("--report", default="report", show_default=True, metavar="DIR", help="Where the certificate goes.")
@click.option("--profile", "profiles", multiple=True, type=click.Choice(PROFILES), help="Only this; may be repeated.")
@click.option("-k", "keyword", metavar="EXPRESSION", help="Only cases of clauses and names like this.")
@click.option("-m", "marks", metavar="EXPRESSION", help='Only such cases: "supervision and must".')
@click.option("--jobs", default="auto", show_default=True, metavar="N", help="How many cases at a time; 0: in order.")
@click.option("--strict", is_flag=True, help="A broken SHOULD, and what can't be injected here, fail it too.")
@click.option("--time-scale", default=1.0, show_default=True, metavar="X", help="Multiply every deadline.")
@click.option("--chaos-budget", default=0.0, show_default=True, metavar="SECONDS", help="Draw schedules for so long.")
@click.option("--shard", metavar="I/N", help="Only the I-th of N shards; see `proctor merge --help`.")
@click.option("--debug", is_flag=True, help="Wait before each case, and let no deadline run out. One case at a time.")
@click.option("--quiet", "-q", is_flag=True, help="No progress, and no heading.")
@click.option("--json", "as_json", is_flag=True, help="The certificate on standard output, all else on standard error.")
@click.pass_context
def certify(ctx: click.Context, /, path: Path, cases: tuple[str, ...], **options: Any) -> None:
    """Examine the implementation in PATH, and leave a certificate.

    PATH is the folder that holds impl.toml. It is pytest --impl=PATH over the whole suite, or over each CASE, as it is
    called on certificates; from a checkout or an installed Proctor alike.

    \b
    Examples:
      proctor certify path/to/yours
      proctor certify . --profile wire --registry zookeeper
      proctor certify . -k every-death-is-reaped --debug

    Under --debug it shows processes, ports and the registry's address before each case, and again as a case starts a
    process of its own, and waits for Enter: attach a debugger meanwhile. Deadlines are ten thousand times as long, so
    that a case which waits for one to pass won't end; the registry's session timeouts are as ever.

    The exit status is pytest's: 0, nothing fails it; 1, something does; 2, interrupted; 3, an error of the kit;
    4, wrong usage, manifest or start; 5, no case ran.
    """
    try:
        read_manifest(path)
    except ManifestError as error:
        raise CannotCertify(printable(str(error))) from None
    arguments = ["-p", "xdist.plugin", f"--impl={path}", *words(options), *places(cases)]
    if not options["as_json"]:
        ctx.exit(run_alone(arguments))
    certificate = Path(options["report"]) / NAME
    before = written(certificate)
    with output_to_standard_error():
        status = run_alone(arguments)
    if written(certificate) not in (None, before):
        click.echo(certificate.read_text(encoding="utf-8"), nl=False)
    ctx.exit(status)


def words(options: dict[str, Any]) -> Iterator[str]:
    """The options as pytest has them."""
    yield from (f"--{name.replace('_', '-')}={options[name]}" for name in ("registry", "report", "time_scale"))
    yield f"--chaos-budget={options['chaos_budget']}"
    yield from (f"--{name}={options[name]}" for name in ("seed", "shard") if options[name] is not None)
    yield from ["--strict"] * options["strict"] + ["-q", "--no-header"] * options["quiet"]
    yield "--debug-cases" if options["debug"] else f"-n{options['jobs']}"
    if options["keyword"]:
        yield f"-k{options['keyword']}"
    if marks := marked(options["profiles"], options["marks"]):
        yield f"-m{marks}"


def marked(profiles: Sequence[str], marks: str | None) -> str:
    """One expression of both."""
    asked = [part for part in (" or ".join(profiles), marks or "") if part]
    return " and ".join(f"({part})" for part in asked) if len(asked) > 1 else "".join(asked)


def places(cases: Sequence[str]) -> list[str]:
    """Where pytest finds these cases, or all. Raises CannotCertify on one that there isn't."""
    known = suite() if cases else {}
    files = {test.partition("::")[0] for test in known}
    for case in cases:
        if case.partition("[")[0] not in {*known, *files}:
            raise CannotCertify(f"{printable(case)!r} is no case of the suite; {nearest(case, [*files, *known])}")
    return [str(home() / case) for case in cases] or [str(folder) for folder in suite_folders()]


def written(path: Path) -> int | None:
    """When, in nanoseconds; None if it isn't there."""
    return path.stat().st_mtime_ns if path.exists() else None


@contextmanager
def output_to_standard_error() -> Iterator[None]:
    """Of this process and those that it starts."""
    sys.stdout.flush()
    kept = os.dup(sys.stdout.fileno())
    try:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, sys.stdout.fileno())
        os.close(kept)
