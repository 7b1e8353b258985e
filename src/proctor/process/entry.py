"""What stands between the kit and an implementation's command: a clean start, then `exec`.

Run as `python -I -S entry.py KIT MARK IGNORED LIMITS COMMAND...`: the kit's pid, a number, signals by their numbers,
such as "2,17" or "", limits such as "RLIMIT_NOFILE=64:64,..." (soft:hard) or "". It exists because what it does can't
be done safely between fork and exec of a process with threads, and because ignored signals and blocked masks survive
exec: a job that a shell started with `&` has SIGINT ignored, and an implementation must not be blamed for that.

It is started once for each implementation process and must be quick: it imports nothing from the kit, nor `signal`,
whose enum takes a third of the time that is left, nor `json`.
Exit statuses, as a shell's: 127 the command does not exist, 126 it can't be executed.
"""

import _signal  # type: ignore[import-not-found]  # of C, behind `signal`: no stubs
import ctypes
import os
import resource
import sys

PR_SET_PDEATHSIG = 1
PR_SET_PTRACER = 0x59616D61
PR_SET_PTRACER_ANY = ctypes.c_ulong(-1)
UNCATCHABLE = {_signal.SIGKILL, _signal.SIGSTOP}
RLIMIT_LOCKS = 10  # of no effect since Linux 2.4.25 (setrlimit(2)); it is no name of Python's


def reset_signals(ignored: set[int]) -> None:
    for number in _signal.valid_signals() - UNCATCHABLE:
        _signal.signal(number, _signal.SIG_IGN if number in ignored else _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, [])


def bind_to_the_kit(kit: int) -> None:
    """Die with the kit, and let it trace us where Yama restricts that. Both are kept over exec, not over fork."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, _signal.SIGKILL)
    if os.getppid() != kit:  # it died before it could take us along
        os._exit(1)
    libc.prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY)


def carry(mark: int) -> None:
    """What all that comes of us is known by: it is inherited whatever becomes of environment, group and session."""
    resource.setrlimit(RLIMIT_LOCKS, (mark, mark))


def limit(names: str) -> None:
    for given in filter(None, names.split(",")):
        name, _, values = given.partition("=")
        soft, _, hard = values.partition(":")
        resource.setrlimit(getattr(resource, name), (int(soft), int(hard)))


def main() -> None:
    _, kit, mark, ignored, limits, *argv = sys.argv
    bind_to_the_kit(int(kit))
    carry(int(mark))
    limit(limits)
    reset_signals({int(number) for number in ignored.split(",") if number})
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


if __name__ == "__main__":
    main()
