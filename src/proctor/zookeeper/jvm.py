"""One server of Apache ZooKeeper, as a process of ours with a folder of its own below the system's temporary one.

From Debian's jars, or from a distribution that ZOOKEEPER_HOME names.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from proctor.outcome import TimedOut
from proctor.process.process import Process
from proctor.waiting import eventually
from proctor.zookeeper.backend import RegistryUnavailable
from proctor.zookeeper.client import ask_word
from proctor.zookeeper.sessions import longest_ms

HOST = "127.0.0.1"
DEBIAN_JARS = Path("/usr/share/java")
JARS = (
    "zookeeper.jar",
    "netty-codec.jar",
    "netty-resolver.jar",
    "slf4j-simple.jar",
)  # the rest is in the first's manifest
WORD_WITHIN_S = 1.0  # a word that comes in the middle of booting may never be answered: ask again
STOPS_WITHIN_S = 10.0
DIES_WITHIN_S = 10.0  # SIGKILL works at once, but for uninterruptible sleep

CONFIG = """\
tickTime={tick_ms}
maxSessionTimeout={longest_ms}
dataDir={home}/data
clientPort={port}
clientPortAddress={host}
maxClientCnxns=0
"""

OPTIONS = (
    "-XX:TieredStopAtLevel=1",  # boot is what costs, not throughput
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",  # it would leave files in /tmp
    "-Xmx256m",
    "-Djava.net.preferIPv4Stack=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    # The default factory listens before the data is read, and never answers what connects just then (3.8: a
    # NullPointerException in ZooKeeperServer.removeCnxn). After a restart, when every client waits to connect, nearly
    # all would hang until their own timeouts. Netty's closes such connections. (An ensemble of one would not hang at
    # boot, but now and then later: ZOOKEEPER-4537.)
    "-Dzookeeper.serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
    "-Dzookeeper.admin.enableServer=false",
    "-Dzookeeper.4lw.commands.whitelist=*",
    "-Dzookeeper.extendedTypesEnabled=true",  # znodes with a time to live
    "-Dzookeeper.forceSync=no",  # what must survive is a kill, not a power cut
    "-Dzookeeper.preAllocSize=1024",
    "-Dznode.container.checkIntervalMs={tick_ms}",
)
MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"  # standalone, if no other server is configured

GUARD = Path(__file__).with_name("guard.py")


class Installation(NamedTuple):
    """The java to run, and where the server's classes are."""

    java: str
    classpath: str

    @classmethod
    def found(cls) -> Self:
        """Raises RegistryUnavailable where there is no Java or no ZooKeeper."""
        return cls(java(), classpath())


class ApacheServer:
    """Listens for clients on `port` of 127.0.0.1.

    `lines` are added to its configuration, `options` to those of its JVM, `files` to its folder, by their paths in it;
    `{home}` in an option is that folder.
    """

    def __init__(
        self,
        installed: Installation,
        port: int,
        tick_ms: int,
        lines: str = "",
        options: Sequence[str] = (),
        files: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port
        self._tick_ms = tick_ms
        self._lines = lines
        self._options = (*OPTIONS, *options)
        self._files = files or {}
        self._installed = installed
        self._home: Path | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._process: Process | None = None

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def runs(self) -> bool:
        """Whether it was booted, and not killed by us since."""
        return self._process is not None

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError(f"Apache ZooKeeper on {self.address} is not running")
        return self._process

    def boot(self) -> None:
        """Begin; `says` tells when it serves. Raises RegistryUnavailable if Java can't be run."""
        if self._home is None:
            self._home = Path(tempfile.mkdtemp(prefix="proctor-zookeeper-"))
        self._write(self._home)
        options = [option.format(tick_ms=self._tick_ms, home=self._home) for option in self._options]
        server = [self._installed.java, *options, "-cp", self._installed.classpath, MAIN, str(self._home / "zoo.cfg")]
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARD), str(self._home), str(self._log), *server],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._guard.stdout is not None
        pid = self._guard.stdout.readline()
        if not pid:
            raise RegistryUnavailable(f"cannot run {self._installed.java}: {self.last_words()}")
        self._process = Process(int(pid))

    def says(self, word: str = "srvr") -> str:
        """What it answers to a four-letter word; "" if it doesn't. Raises RegistryUnavailable if it ended by itself."""
        if self._running.ended():
            raise RegistryUnavailable(f"Apache ZooKeeper on {self.address} has ended by itself:\n{self.last_words()}")
        try:
            return ask_word(HOST, self.port, word, WORD_WITHIN_S)
        except OSError:
            return ""

    def kill(self) -> None:
        if self._process is not None:
            self._process.send(signal.SIGKILL)
            if not self._process.wait_ended(DIES_WITHIN_S):
                raise RuntimeError(f"Apache ZooKeeper, {self._process}, outlived SIGKILL for {DIES_WITHIN_S:g} s")
            self._process.close()
            self._process = None
        if self._guard is not None:
            self._guard.communicate(b"keep\n", DIES_WITHIN_S)
            self._guard = None

    def forget(self) -> None:
        """Lose what it has stored; of a server that doesn't run."""
        if self._home is not None:
            shutil.rmtree(self._home / "data")

    def remove(self) -> None:
        """Kill it, and leave nothing of it behind."""
        self.kill()
        if self._home is not None:
            shutil.rmtree(self._home)
            self._home = None

    def freeze(self) -> None:
        """Returns once every thread of it has stopped."""
        self._running.send(signal.SIGSTOP)
        try:
            eventually(lambda: self._running.state() == "T", STOPS_WITHIN_S, "Apache ZooKeeper to be stopped")
        except TimedOut as late:  # no implementation's fault
            raise RuntimeError(str(late)) from None

    def thaw(self) -> None:
        self._running.send(signal.SIGCONT)

    def last_words(self, lines: int = 20) -> str:
        try:
            said = self._log.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            said = []
        return "\n".join(said[-lines:]) or "(it logged nothing)"

    @property
    def _log(self) -> Path:
        assert self._home is not None
        return self._home / "log"

    def _write(self, home: Path) -> None:
        config = CONFIG.format(
            tick_ms=self._tick_ms, longest_ms=longest_ms(self._tick_ms), home=home, host=HOST, port=self.port
        )
        (home / "data").mkdir(exist_ok=True)
        for name, text in {"zoo.cfg": config + self._lines, **self._files}.items():
            (home / name).write_text(text)


def version_in(said: str) -> str:
    """The version that a server's answer to a word names."""
    found = re.search(r"version: (\d+\.\d+\.\d+)", said)
    return found[1] if found else "unknown"


def java() -> str:
    """The java to run. Raises RegistryUnavailable."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    if found is None:
        where = f"in JAVA_HOME={home}" if home else "on PATH"
        raise RegistryUnavailable(
            f"Apache ZooKeeper is not here: no java {where}. On Debian: apt-get install default-jre-headless zookeeper"
        )
    return found


def classpath() -> str:
    """Where the server's classes are. Raises RegistryUnavailable."""
    home = os.environ.get("ZOOKEEPER_HOME")
    if home:
        if not list(Path(home, "lib").glob("zookeeper-*.jar")):
            raise RegistryUnavailable(
                f"Apache ZooKeeper is not here: ZOOKEEPER_HOME={home} has no lib/zookeeper-*.jar. "
                "Let it name an unpacked binary distribution"
            )
        return f"{home}/conf:{home}/lib/*"
    if not (DEBIAN_JARS / "zookeeper.jar").exists():
        raise RegistryUnavailable(
            f"Apache ZooKeeper is not here: no {DEBIAN_JARS}/zookeeper.jar, and ZOOKEEPER_HOME is not set. "
            "On Debian: apt-get install zookeeper; elsewhere unpack a binary distribution and name it in ZOOKEEPER_HOME"
        )
    return ":".join(str(DEBIAN_JARS / name) for name in JARS)
