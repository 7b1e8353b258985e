"""Apache ZooKeeper as a process of ours, from Debian's jars or from a distribution that ZOOKEEPER_HOME names."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from proctor.outcome import TimedOut
from proctor.process.ports import Ports
from proctor.process.process import Process
from proctor.waiting import eventually
from proctor.zookeeper.backend import Registry, RegistryUnavailable
from proctor.zookeeper.client import ask_word

HOST = "127.0.0.1"
DEBIAN_JARS = Path("/usr/share/java")
JARS = (
    "zookeeper.jar",
    "netty-codec.jar",
    "netty-resolver.jar",
    "slf4j-simple.jar",
)  # the rest is in the first's manifest
BOOT_WITHIN_S = 60.0  # about 0.5 s alone on a quiet machine, but many JVMs may boot at once on two cores
WORD_WITHIN_S = 1.0  # a word that comes in the middle of booting may never be answered: ask again
STOPS_WITHIN_S = 10.0
DIES_WITHIN_S = 10.0  # SIGKILL works at once, but for uninterruptible sleep

CONFIG = """\
tickTime={tick_ms}
dataDir={data}
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
MAIN = "org.apache.zookeeper.server.ZooKeeperServerMain"

GUARD = Path(__file__).with_name("guard.py")


class ApacheRegistry(Registry):
    """One server, standalone, with a data directory of its own under the system's temporary one."""

    ours = True

    def __init__(self, tick_ms: int = 100) -> None:
        self._tick_ms = tick_ms
        self._java, self._classpath = java(), classpath()
        self._ports = Ports(HOST)
        self._port = self._ports.reserve()
        self._home: Path | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._server: Process | None = None

    @property
    def name(self) -> str:
        return f"Apache ZooKeeper {self.version}"

    @property
    def address(self) -> str:
        return f"{HOST}:{self._port}"

    def _start(self) -> None:
        if self._home is None:
            self._home = Path(tempfile.mkdtemp(prefix="proctor-zookeeper-"))
        if self._server is None:
            self._boot(self._home)

    def stop(self) -> None:
        self.kill()
        if self._home is not None:
            shutil.rmtree(self._home)
            self._home = None
        self._ports.close()

    def kill(self) -> None:
        if self._server is not None:
            self._server.send(signal.SIGKILL)
            if not self._server.wait_ended(DIES_WITHIN_S):
                raise RuntimeError(f"Apache ZooKeeper, {self._server}, outlived SIGKILL for {DIES_WITHIN_S:g} s")
            self._server.close()
            self._server = None
        if self._guard is not None:
            self._guard.communicate(b"keep\n", DIES_WITHIN_S)
            self._guard = None

    def restart(self) -> None:
        self.kill()
        self.start()

    def wipe(self) -> None:
        self.kill()
        if self._home is not None:
            shutil.rmtree(self._home / "data")
        self.start()

    def freeze(self) -> None:
        """Returns once every thread of it has stopped."""
        self._running.send(signal.SIGSTOP)
        try:
            eventually(lambda: self._running.state() == "T", STOPS_WITHIN_S, "Apache ZooKeeper to be stopped")
        except TimedOut as late:  # no implementation's fault
            raise RuntimeError(str(late)) from None

    def thaw(self) -> None:
        self._running.send(signal.SIGCONT)

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def _running(self) -> Process:
        if self._server is None:
            raise RuntimeError("Apache ZooKeeper is not running")
        return self._server

    def _boot(self, home: Path) -> None:
        config, data, log = home / "zoo.cfg", home / "data", home / "log"
        data.mkdir(exist_ok=True)
        config.write_text(CONFIG.format(tick_ms=self._tick_ms, data=data, host=HOST, port=self._port))
        options = [option.format(tick_ms=self._tick_ms) for option in OPTIONS]
        server = [self._java, *options, "-cp", self._classpath, MAIN, str(config)]
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARD), str(home), str(log), *server],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._guard.stdout is not None
        pid = self._guard.stdout.readline()
        if not pid:
            raise RegistryUnavailable(f"cannot run {self._java}: {_tail(log)}")
        self._server = Process(int(pid))
        try:
            said = eventually(self._serving, BOOT_WITHIN_S, f"Apache ZooKeeper to serve on {self.address}")
        except TimedOut as late:
            raise RegistryUnavailable(f"{late}\n{_tail(log)}") from None
        if not said.startswith("Zookeeper version"):
            raise RegistryUnavailable(f"Apache ZooKeeper ended while it booted on {self.address}:\n{_tail(log)}")
        found = re.search(r"\d+\.\d+\.\d+", said)
        self.version = found[0] if found else "unknown"

    def _serving(self) -> str:
        """What it says of itself once it serves; that it ended, if it did; nothing as long as neither is so."""
        if self._running.ended():
            return "ended"
        try:
            said = ask_word(HOST, self._port, "srvr", WORD_WITHIN_S)
        except OSError:
            return ""
        return said if "Mode:" in said else ""


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


def _tail(log: Path, lines: int = 20) -> str:
    try:
        said = log.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        said = []
    return "\n".join(said[-lines:]) or "(it logged nothing)"
