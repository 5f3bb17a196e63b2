"""Child processes under supervision: started, started again when they die (ever more slowly), stopped together."""

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.process import RunningProcess, open_log

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before a dead child is started again: doubled each time, up to the longest."""
STEADY = 60.0
"""Seconds after which a child counts as well again, and the pause starts anew."""
GRACE = 15.0
"""Seconds that a child has to end after SIGTERM."""
_ERROR = re.compile(r"\b(ERROR|CRITICAL|FATAL|PANIC)\b|^[\w.]*(Error|Exception)\b")
_REPORT = re.compile(r"\b(DEBUG|INFO|WARNING)\b")
"""A log's line that tells of no failure."""


@dataclass(frozen=True, slots=True)
class Death:
    """A child ended by itself; `cause` says how, and why if it told."""

    child: str
    code: int
    cause: str
    pause: float


class Child:
    """One process that ought to run. Its output goes to `log`."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, environment: Callable[[], Mapping[str, str]], fds: Iterable[int] = ()
    ) -> None:
        """`environment` is asked at each start, because addresses may have changed since the last; `fds` are inherited."""
        self.name = name
        self.log = log
        self.process: RunningProcess | None = None
        self.deaths = 0
        self.cause = ""
        """Of its last death; empty while it has not died."""
        self._command = list(command)
        self._environment = environment
        self._fds = tuple(fds)
        self._child: subprocess.Popen[bytes] | None = None
        self._begin = 0
        self._started = 0.0
        self._due = 0.0

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        with open_log(self.log) as output:
            self._begin = output.tell()
            self._child = subprocess.Popen(  # noqa: S603
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(self._environment()),
                pass_fds=self._fds,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops its children in order
            )
        self.process = RunningProcess.of(self._child.pid)
        self._started = time.monotonic()

    def tend(self) -> Death | None:
        """Start it again if it has died and its pause is over. Returns a death that was not seen before."""
        if self.alive:
            return None
        now = time.monotonic()
        if self._child is not None:
            code, self._child = self._child.returncode, None
            self.cause = self.why(code)
            self.deaths = 1 if now - self._started > STEADY else self.deaths + 1
            pause = min(FIRST_PAUSE * 2.0 ** (self.deaths - 1), LONGEST_PAUSE)
            self._due = now + pause
            return Death(self.name, code, self.cause, pause)
        if now >= self._due:
            self.start()
        return None

    def why(self, code: int) -> str:
        """How it ended, for a person, and its last line where that is an error: what it was doing before it was killed is no cause."""
        ended = f"killed by {_signal(-code)}" if code < 0 else f"exit code {code}"
        said = self._last_line()
        # who ends by itself with an error says why in its last words
        tells = _ERROR.search(said) if code <= 0 else said and not _REPORT.search(said)
        return f"{ended}: {said}" if tells else ended

    def _last_line(self) -> str:
        """What it said last: without indentation, at most 300 characters."""
        with self.log.open("rb") as log:
            log.seek(max(self._begin, self.log.stat().st_size - 5000))
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1][:300].rstrip(".") if lines else ""

    def reap(self) -> int | None:
        """Its exit code, after waiting for it to end."""
        if self._child is None:
            return None
        code, self._child = self._child.wait(), None
        return code


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def stop_all(children: Sequence[Child]) -> None:
    """Ask all to end at once, then wait for them together; who has not ended after GRACE seconds is killed."""
    running = [child for child in children if child.alive]
    for child in running:
        if child.process:
            child.process.signal(signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    for child in running:
        if child.process and not child.process.wait(max(0.0, deadline - time.monotonic())):
            child.process.stop((signal.SIGKILL, 5.0))
        child.reap()
