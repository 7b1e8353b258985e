"""What stands between the kit and an implementation's command: a clean start, then `exec`.

Run as `python -I -S entry.py ORDERS`, ORDERS being JSON: {"kit": pid, "mark": number, "argv": [...],
"ignore": [signal, ...], "limits": {resource: [soft, hard]}}. It exists because what it does can't be done safely
between fork and exec of a process with threads, and because ignored signals and blocked masks survive exec: a job that
a shell started with `&` has SIGINT ignored, and an implementation must not be blamed for that.

It imports nothing from the kit: it is started once for each implementation process and must be quick.
Exit statuses, as a shell's: 127 the command does not exist, 126 it can't be executed.
"""

import ctypes
import json
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_PTRACER = 0x59616D61
PR_SET_PTRACER_ANY = ctypes.c_ulong(-1)
UNCATCHABLE = {signal.SIGKILL, signal.SIGSTOP}
RLIMIT_LOCKS = 10  # of no effect since Linux 2.4.25 (setrlimit(2)); it is no name of Python's


def reset_signals(ignored: list[int]) -> None:
    for number in signal.valid_signals() - UNCATCHABLE:
        signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def bind_to_the_kit(kit: int) -> None:
    """Die with the kit, and let it trace us where Yama restricts that. Both are kept over exec, not over fork."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != kit:  # it died before it could take us along
        os._exit(1)
    libc.prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY)


def carry(mark: int) -> None:
    """What all that comes of us is known by: it is inherited whatever becomes of environment, group and session."""
    resource.setrlimit(RLIMIT_LOCKS, (mark, mark))


def main() -> None:
    orders = json.loads(sys.argv[1])
    bind_to_the_kit(orders["kit"])
    carry(orders["mark"])
    for name, (soft, hard) in orders["limits"].items():
        resource.setrlimit(getattr(resource, name), (soft, hard))
    reset_signals(orders["ignore"])
    argv = orders["argv"]
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


if __name__ == "__main__":
    main()
