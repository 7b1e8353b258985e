"""`proctor verify` and `proctor merge`: what can be done with certificates."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from proctor.commands.group import CannotTell
from proctor.manifest import ManifestError
from proctor.process.text import printable
from proctor.report.certificate import NAME, nothing_was_judged
from proctor.report.document import Unreadable
from proctor.report.merge import NotMerged, merged, read_part
from proctor.report.pages import whereabouts, write_report
from proctor.report.terminal import summary_lines
from proctor.report.verify import differences, fits, on_disk, read_certificate
from proctor.spec import SpecError

TIMELINES = "timelines"
NO_CASE_RAN = 5  # as pytest has it


@click.command()
@click.argument("certificate", type=click.Path(path_type=Path))
@click.option(
    "--impl",
    default=".",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder (or impl.toml in it) of the implementation that was examined.",
)
def verify(certificate: Path, impl: Path) -> None:
    """Say whether a certificate still fits what stands here.

    That is the implementation, the spec and the suite, each by its version and digest.

    \b
    Examples:
      proctor verify report/certificate.json
      proctor verify report/certificate.json --impl path/to/yours

    The exit status is 0 if it fits; 1 if it doesn't, with a line for each thing that differs; 2 if it can't be told.
    """
    try:
        examined, here = read_certificate(certificate), on_disk(impl)
    except ManifestError as error:
        raise CannotTell(f"{error} (--impl={impl})") from None
    except (Unreadable, SpecError, OSError) as error:
        raise CannotTell(str(error)) from None
    lines = list(differences(examined, here))
    for line in lines or [fits(examined)]:
        click.echo(printable(line))
    if lines:
        raise SystemExit(1)


@click.command()
@click.argument("certificates", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option(
    "--report",
    metavar="DIR",
    default="report",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the one certificate goes.",
)
def merge(certificates: tuple[Path, ...], report: Path) -> None:
    """Make one certificate of those of all shards.

    It is as whole as one from one run. PATH is a shard's certificate.json, or a folder with some of them in it, at
    whatever depth. All must be of the same implementation, spec, suite, registry and seed, and each shard be there
    once.

    \b
    Examples:
      proctor certify . --seed 17 --shard 1/2 --report shards/1
      proctor certify . --seed 17 --shard 2/2 --report shards/2
      proctor merge shards --report report

    The exit status is that of one run: 0; 1 if something fails it, as an entry of known_failures.toml that matches in
    no shard; 5 if no case ran. It is 2 if these certificates don't make one.
    """
    try:
        parts = list(found(certificates))
        whole = merged([read_part(path) for path in parts])
        bring_timelines(parts, report)
        path = write_report(whole.document, report)
    except (Unreadable, NotMerged) as error:
        raise CannotTell(str(error)) from None
    except OSError as error:
        raise CannotTell(f"--report={report}: cannot be written: {error.strerror}") from None
    for line in [*summary_lines(whole.document), *whole.untrue, whereabouts(path)]:
        click.echo(printable(line))
    if not whole.passed:
        raise SystemExit(1)
    if nothing_was_judged(whole.document):
        raise SystemExit(NO_CASE_RAN)


def found(paths: tuple[Path, ...]) -> Iterator[Path]:
    """The certificates that these are, or hold. Raises NotMerged on a folder that holds none."""
    for path in paths:
        below = sorted(path.rglob(NAME)) if path.is_dir() else [path]
        if not below:
            raise NotMerged(f"{path}: no {NAME} is in it; give the folders that pytest --shard=I/N had as --report")
        yield from below


def bring_timelines(certificates: Iterable[Path], report: Path) -> None:
    """Those that the certificates' pages link to."""
    for certificate in certificates:
        there = certificate.parent / TIMELINES
        if there.is_dir():
            shutil.copytree(there, report / TIMELINES, dirs_exist_ok=True)
