"""Everything of one CONCORD_HOME under one process: servers, then database, then children; tended until told to stop."""

import http.client
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import FrameType
from typing import Protocol

from infra.embedded.children import Child, stop_all
from infra.embedded.listening import INHERITED, bind
from infra.embedded.process import LOOPBACK, RunningProcess, ServerDown
from infra.embedded.run_state import READY, STOPPING, RunState
from infra.embedded.services import Services
from infra.settings import Settings

TENDING = 0.5
"""Seconds between looks at the children and servers; cheap enough to be nothing when all is idle."""
API_PATIENCE = 60.0
"""Seconds until the API must answer; it takes two to five."""
_OF_A_PERSON = ("CONCORD_API_KEY", "CONCORD_ADDRESS")
"""What says who types commands: no server acts as they do."""
_DEATHS_AT_START = 3


class Screen(Protocol):
    """Where the supervisor tells a person what goes on."""

    def step(self, sentence: str) -> None: ...
    def ready(self, settings: Settings, state: RunState) -> None: ...
    def event(self, sentence: str) -> None: ...


class _Told(KeyboardInterrupt):
    """A signal told us to stop. No Exception, so that nothing on the way takes it for a fault of its own, asyncio included."""


class Supervisor:
    """Runs until SIGINT, SIGTERM or SIGHUP. The caller holds the lock of the home, so that there is one at a time."""

    def __init__(
        self,
        settings: Settings,
        *,
        commands: Mapping[str, Sequence[str]],
        prepare: Callable[[Settings, str], Settings],
        screen: Screen,
        once: Mapping[str, Sequence[str]] | None = None,
        after_lost_state: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`commands`: the children by name; the one named api inherits the listening socket. `prepare` is given the settings
        with all addresses and the API's address, brings the database to shape, and returns the settings for the children.
        `once` runs when all is ready; `after_lost_state` too, if Temporal began anew.
        """
        self.settings = settings
        self.state = RunState(supervisor=_ourselves())
        self._file = settings.home / "state.json"
        self._commands = commands
        self._prepare = prepare
        self._screen = screen
        self._once = dict(once or {})
        self._after_lost_state = dict(after_lost_state or {})
        self._services = Services(settings, screen.step)
        self._listening: socket.socket | None = None
        self._children: list[Child] = []
        self._tasks: list[Child] = []
        self._told = False
        self._interruptible = True

    def run(self) -> None:
        """Start, tend, stop. Raises what `Services.start` and `prepare` raise, after everything was stopped again."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._signalled)
        problem = ""
        try:
            self._start()
            self._tend()
        except _Told:
            pass
        except Exception as error:
            problem = str(error)
            raise
        finally:
            self._interruptible = False
            self._stop(problem)

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self._told = True
        if self._interruptible:
            raise _Told

    def _start(self) -> None:
        earlier = RunState.read(self._file)
        if earlier and (orphans := earlier.stop_orphans()):
            self._screen.step(f"Stopped what an earlier run left behind: {', '.join(orphans)}")
        self._write()
        # first what fails at once
        last = _port_of(earlier.address) if earlier else None
        self._listening = bind(self.settings.http_host, self.settings.http_port, last)
        self._screen.step("Starting PostgreSQL and Temporal")
        reached = self._services.start()
        port = int(self._listening.getsockname()[1])
        address = f"http://{shown_host(self.settings.http_host)}:{port}"
        self._screen.step("Bringing the database to shape")
        self.settings = self._prepare(replace(reached, http_port=port), address)
        self.state = replace(self.state, address=address, postgres=_place(self.settings), temporal=self.settings.temporal_address or "")
        self._write()
        self._screen.step(f"Starting {', '.join(self._commands)}")
        for name, command in self._commands.items():
            self._children.append(self._child(name, command))
            self._begin(self._children[-1])
        self._await_api()
        failing = tuple(f"{child.name} does not run: {child.cause} (more in {child.log})" for child in self._children if child.deaths)
        self.state = replace(self.state, phase=READY, notes=(*self._services.notes, *failing))
        self._screen.ready(self.settings, self.state)
        self._write()
        if self._services.lost_temporal_state:
            self._once |= self._after_lost_state
        for name, command in self._once.items():
            self._tasks.append(self._child(name, command))
            self._begin(self._tasks[-1])

    def _child(self, name: str, command: Sequence[str]) -> Child:
        fds = [self._listening.fileno()] if name == "api" and self._listening else []
        return Child(name, command, self.settings.logs / f"{name}.log", lambda: self._environment(fds), fds)

    def _environment(self, fds: Sequence[int]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in {INHERITED, *_OF_A_PERSON}}
        given = {INHERITED: str(fds[0])} if fds else {}
        return {**inherited, **self.settings.environment(), **given, "PYTHONUNBUFFERED": "1"}

    def _begin(self, child: Child) -> None:
        child.start()
        self._note(child)

    def _note(self, child: Child) -> None:
        if child.process:
            self.state = self.state.with_child(child.name, child.process)
            self._write()

    def _write(self) -> None:
        self.state.write(self._file)

    def _await_api(self) -> None:
        api = next((child for child in self._children if child.name == "api"), None)
        deadline = time.monotonic() + API_PATIENCE
        while api and not self._answers():
            self._look_after_children()
            if api.deaths >= _DEATHS_AT_START or time.monotonic() > deadline:
                cause = api.cause or f"it does not answer within {API_PATIENCE:.0f} s"
                raise ServerDown(f"The API does not start: {cause} (more in {api.log})")
            time.sleep(0.05)

    def _answers(self) -> bool:
        assert self._listening is not None
        host, port = self._listening.getsockname()[:2]
        connection = http.client.HTTPConnection(LOOPBACK if host in {"0.0.0.0", "::"} else host, port, timeout=2)  # noqa: S104
        try:
            # our own socket: whoever answers is our child, and any answer but "not yet" will do
            connection.request("GET", "/health")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _tend(self) -> None:
        pause, due = 0.5, 0.0
        while not self._told:
            time.sleep(TENDING)
            self._look_after_children()
            self._look_after_tasks()
            if self._services.alive:
                pause = 0.5
            elif time.monotonic() >= due:
                self._screen.event("A server has ended: starting it again")
                try:
                    self._recover()
                except ServerDown as error:
                    self._screen.event(str(error))
                    due, pause = time.monotonic() + pause, min(pause * 2, 30.0)

    def _recover(self) -> None:
        before = (self.settings.database_url, self.settings.temporal_address)
        reached = self._services.start()
        self.settings = replace(
            self.settings, database_url=reached.database_url, migrator_url=reached.migrator_url, temporal_address=reached.temporal_address
        )
        if before != (self.settings.database_url, self.settings.temporal_address):
            # the old port was taken meanwhile: the children know only that one
            self._screen.event("A server has moved to another port: starting the processes again")
            stop_all(self._children)
            for child in self._children:
                self._begin(child)
        self.state = replace(self.state, postgres=_place(self.settings), temporal=self.settings.temporal_address or "")
        self._write()
        self._screen.event("The servers run again")

    def _look_after_children(self) -> None:
        for child in self._children:
            before = child.process
            if death := child.tend():
                self._screen.event(f"{death.child} ended ({death.cause}): starting it again in {death.pause:g} s")
            if child.process != before:
                self._note(child)

    def _look_after_tasks(self) -> None:
        for task in [task for task in self._tasks if not task.alive]:
            self._tasks.remove(task)
            code = task.reap()
            self._screen.event(f"{task.name} is done" if code == 0 else f"{task.name} failed: {task.why(code or 0)} (more in {task.log})")

    def _stop(self, problem: str) -> None:
        self._screen.step("Stopping")
        self.state = replace(self.state, phase=STOPPING, problem=problem)
        with suppress(OSError):  # a full disk must not keep anything from being stopped
            self._write()
        stop_all([*self._tasks, *self._children])
        if self._listening:
            self._listening.close()
        for sentence in self._services.stop():
            self._screen.event(sentence)
        self.state = replace(self.state, children={})
        with suppress(OSError):
            self._write()


def shown_host(host: str) -> str:
    """The host as it stands in an address that a person opens on this machine."""
    return LOOPBACK if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host  # noqa: S104


def _port_of(address: str) -> int | None:
    port = address.rpartition(":")[2]
    return int(port) if port.isdecimal() else None


def _place(settings: Settings) -> str:
    """Where the database is, without the password."""
    return (settings.database_url or "").rpartition("@")[2].partition("?")[0]


def _ourselves() -> RunningProcess:
    process = RunningProcess.of(os.getpid())
    assert process is not None
    return process
