"""python -m tests.hostile NAME ZOOKEEPER ROOT [HOST PORT WORKERS]: one of them, as a manifest's command starts it."""

from __future__ import annotations

import sys

from tests.hostile.implementation import Place, called, live

if __name__ == "__main__":
    live()
    called(sys.argv[1]).run(Place(*sys.argv[2:]))
