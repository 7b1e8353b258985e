"""The command `proctor`: its commands by the task that they are for."""

from __future__ import annotations

import click

from proctor.commands.certificates import merge, verify
from proctor.commands.certify import certify
from proctor.commands.group import STATUSES, Group
from proctor.commands.history import recheck, timeline
from proctor.commands.init import init
from proctor.commands.modes import explain, list_, reproduce
from proctor.commands.registry import send, zookeeper

TASKS = {
    "Begin": (init,),
    "Examine an implementation": (certify, merge, verify),
    "Understand what was found": (explain, send, timeline, recheck),
    "Look at a failure mode": (list_, reproduce),
    "Play": (zookeeper,),
}
COMPLETION = """\b
Completion of commands, options, clauses and failure modes:
  bash  eval "$(_PROCTOR_COMPLETE=bash_source proctor)"     in ~/.bashrc
  zsh   eval "$(_PROCTOR_COMPLETE=zsh_source proctor)"      in ~/.zshrc
  fish  _PROCTOR_COMPLETE=fish_source proctor | source      in ~/.config/fish/config.fish
"""


@click.group(
    cls=Group,
    tasks=TASKS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"{STATUSES}\n{COMPLETION}",
)
@click.version_option(package_name="proctor")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Conformance and chaos for pre-forking RPC servers that register in ZooKeeper, and their clients.

    \b
    Examples:
      proctor certify path/to/yours       or: pytest --impl=PATH
      proctor explain S1
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
