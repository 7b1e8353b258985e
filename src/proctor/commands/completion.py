"""What a shell completes: ids of clauses and of failure modes. Where the spec can't be read, nothing."""

from __future__ import annotations

import click

from proctor.places import spec_folder
from proctor.spec import Spec, SpecError, read_spec


def modes(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    spec = readable_spec()
    return [mode for mode in (spec.failure_modes if spec else ()) if mode.startswith(begun.upper())]


def clauses_and_modes(ctx: click.Context, param: click.Parameter, begun: str) -> list[str]:
    spec = readable_spec()
    ids = [clause.id for clause in spec.clauses] if spec else []
    return [*(clause for clause in ids if clause.startswith(begun)), *modes(ctx, param, begun)]


def readable_spec() -> Spec | None:
    try:
        return read_spec(spec_folder())
    except SpecError:
        return None
