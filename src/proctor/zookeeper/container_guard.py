"""Removes a container once the pipe on standard input closes, however the kit ends. Executed as a script, by its path.

A line on the pipe says that it is removed already. (testcontainers has Ryuk for this: an image that not everybody can
pull, and that is reached by a bridge, which not every engine has.)
"""

from __future__ import annotations

import sys
from contextlib import suppress

import docker


def main(name: str) -> None:
    if sys.stdin.readline():
        return
    with suppress(docker.errors.DockerException):  # the engine is gone, or the container is
        docker.from_env().containers.get(name).remove(force=True, v=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
