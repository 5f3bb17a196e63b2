"""Processes that outlive their parent: known by pid *and* start time, so that a reused pid is never signalled.

Also the two things that starting servers needs: a lock between starters and free ports.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

LOOPBACK = "127.0.0.1"
_POLL = 0.02  # seconds
_KEPT_LOG = 10_000_000  # bytes


@dataclass(frozen=True, slots=True)
class RunningProcess:
    """A process that was seen alive. `started` is opaque: equal exactly when it is the same process of the same boot."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The live process with this pid, or None if there is none (or only its zombie)."""
        started = _started(pid)
        return cls(pid, started) if started else None

    @property
    def alive(self) -> bool:
        return _started(self.pid) == self.started

    def signal(self, number: int) -> bool:
        """Send a signal, unless the process has gone. Returns whether it was sent."""
        if not self.alive:
            return False
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True

    def wait(self, seconds: float) -> bool:
        """Wait for it to end; returns whether it did."""
        deadline = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL)
        return True

    def stop(self, *signals: tuple[int, float]) -> None:
        """Send each signal in turn, giving the process so many seconds after each, until it has gone."""
        for number, seconds in signals or ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
            if not self.signal(number) or self.wait(seconds):
                return


def _started(pid: int) -> str | None:
    if pid <= 0:
        return None
    if not sys.platform.startswith("linux"):
        asked = subprocess.run(["ps", "-p", str(pid), "-o", "stat=,lstart="], capture_output=True, text=True, check=False)  # noqa: S603, S607
        state, _, started = asked.stdout.strip().partition(" ")
        return None if not state or state.startswith("Z") else started.strip()
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    # the name (field 2) may hold spaces and brackets: count from its closing one. Field 3 is the state, 20 the number of
    # threads, 22 the start in ticks since boot. A first thread that has ended is no zombie while others hold files and ports.
    fields = stat.rpartition(")")[2].split()
    ended = fields[0] == "X" or (fields[0] == "Z" and int(fields[17]) <= 1)
    return None if ended else f"{boot}/{fields[19]}"


def runs_on(pid: int, program: str, directory: Path) -> bool:
    """Whether this process is that program at work in that directory: it is its working directory, or named on its command line."""
    if sys.platform.startswith("linux"):
        place = Path(f"/proc/{pid}")
        with suppress(OSError):
            if place.joinpath("comm").read_text(encoding="utf-8").strip() != program:
                return False
            if str(directory) in place.joinpath("cmdline").read_text(encoding="utf-8", errors="surrogateescape").split("\0"):
                return True
            # in a container root may often not look at this
            return place.joinpath("cwd").readlink() == directory.resolve()
        return False
    asked = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return program in asked.stdout and str(directory) in asked.stdout


def remember(file: Path, process: RunningProcess, **ports: int) -> None:
    """Write down that we started this process, and on which ports, for whoever comes after us."""
    write_privately(file, json.dumps({"pid": process.pid, "started": process.started, "ports": ports}))


def recall(file: Path) -> tuple[RunningProcess | None, dict[str, int]]:
    """What `remember` wrote: the process (which may have gone since) and its ports. Nothing where there is no such file."""
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
        return RunningProcess(int(written["pid"]), str(written["started"])), {str(k): int(v) for k, v in written["ports"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None, {}


class ServerDown(Exception):  # noqa: N818 - the finding, not a fault of ours
    """A server could not be started, or does not answer; the message says why and what to do."""


class LockHeld(Exception):  # noqa: N818 - a finding of its own, not a fault
    """Another process holds the lock."""


@contextmanager
def file_lock(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold an advisory lock on a file; the kernel frees it when the holder dies, however that happens.

    Raises LockHeld if `wait` is false and another process has it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeld(str(path)) from None
        yield
    finally:
        os.close(descriptor)


def free_port(*wanted: int | None, host: str = LOOPBACK) -> int:
    """The first of the wanted ports that nobody listens on, else one that the system picks.

    Another process may take it before it is used: whoever binds it must be ready to ask again.
    """
    for port in (*(port for port in wanted if port), 0):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                return int(probe.getsockname()[1])
            except OSError:
                continue
    raise OSError(f"No free port on {host}.")


def make_directory(path: Path, mode: int) -> None:
    """Make a directory with exactly this mode, whatever the umask; one that exists stays as it is."""
    try:
        path.mkdir(parents=True)
    except FileExistsError:
        return
    path.chmod(mode)


def open_log(file: Path) -> BinaryIO:
    """Open a server's log for appending; what is over 10 MB becomes the one older copy."""
    make_directory(file.parent, 0o700)
    if file.exists() and file.stat().st_size > _KEPT_LOG:
        file.replace(file.with_suffix(".log.1"))
    return file.open("ab")


def write_privately(path: Path, text: str) -> None:
    """Replace a file as a whole, readable by its owner only: a reader sees the old text or the new, also after a crash."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
