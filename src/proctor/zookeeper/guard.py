"""Runs one server for as long as the pipe on standard input is open. Executed as a script, by its path.

Should the kit die, however it does, the pipe closes: the server is killed and its directory removed. A line on the
pipe says that the directory is still wanted. (A parent death signal would hang on the thread that started the server,
not on the process.) The server is this process's child, so the kill can't reach another that was given its pid.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


def main(home: str, log: str, *command: str) -> None:
    with Path(log).open("ab") as out:
        try:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        except OSError as error:
            out.write(f"{error}\n".encode())
            return
    print(server.pid, flush=True)
    keep = sys.stdin.readline()
    server.kill()
    server.wait()
    if not keep:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
