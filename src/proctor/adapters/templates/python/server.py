"""A server to begin with: one process, a thread for each connection, the methods `ping` and `pi`.

It keeps the profile `wire`. What the other profiles want is marked TODO.
"""

import argparse
import socket
import sys
import threading
import time

from service import converse

ACCEPT_PAUSE_S = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("workers", type=int)
    parser.add_argument("zookeeper", help="host:port,...[/chroot]")
    parser.add_argument("root", help="the node below which servers register")
    given = parser.parse_args()

    try:
        listener = socket.create_server((given.host, given.port), backlog=128)
    except OSError as error:
        sys.exit(f"can't listen on {given.host}:{given.port}: {error.strerror}")
    # TODO supervision, restart: keep `given.workers` processes that accept from this listener.
    # TODO discovery: register {"host", "port"} below `given.root` on `given.zookeeper`.
    print("not supplied yet: worker processes (supervision, restart), registration (discovery)", file=sys.stderr)
    while True:
        try:
            connection, _address = listener.accept()
            threading.Thread(target=converse, args=(connection,), daemon=True).start()
        except (OSError, RuntimeError):  # no descriptor or thread is left, or the client is gone already
            time.sleep(ACCEPT_PAUSE_S)


if __name__ == "__main__":
    main()
