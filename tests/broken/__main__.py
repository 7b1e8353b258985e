"""python -m tests.broken NAME serve|drive ...: the reference's command line, with a liar's parts in it.

Without arguments: who there is, what each one's lie is, and which clause it breaks; with --json, for programs.
`NAME manifest FOLDER` writes the impl.toml by which it is examined. `honest` lies about nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from reference.cli import main as reference
from reference.serve import ServerParts
from tests.broken.catalogue import by_chance, called, everybody, replaced


def main(argv: Sequence[str]) -> int:
    if not argv:
        for liar in [*everybody(), *by_chance()]:
            print(f"{liar.breaks:48} {liar.name}: {liar.lie}")
        return 0
    if argv == ["--json"]:
        print(json.dumps([{"name": liar.name, "breaks": liar.breaks, "lie": liar.lie} for liar in everybody()]))
        return 0
    name, *arguments = argv
    if arguments[:1] == ["manifest"]:
        from tests.broken.manifest import write  # noqa: PLC0415  # the kit's parts: no server waits for them

        write(called(name), Path(arguments[1]))
        return 0
    if arguments[:1] == ["serve"]:
        return reference(arguments, server=replaced(ServerParts(), called(name)))
    from reference.client import ClientParts  # noqa: PLC0415  # kazoo: no server waits for it

    return reference(arguments, client=replaced(ClientParts(), called(name)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
