"""What gives a command children that it did not fork: it forks them, then executes the command.

Run as `python -I -S foster.py COMMAND...`. Each child waits for SIGUSR1 and then ends as ENDS says: with an exit
status, or by a signal (negative). It imports nothing from the kit: see entry.py.
"""

import os
import signal
import sys

CUE = signal.SIGUSR1
ENDS = (0, 3, -signal.SIGKILL)


def wait_and_end(end: int) -> None:
    signal.sigwait({CUE})
    if end < 0:
        os.kill(os.getpid(), -end)
    os._exit(end)


def main() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {CUE})
    for end in ENDS:
        if os.fork() == 0:
            wait_and_end(end)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
