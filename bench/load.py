"""HTTP load from a process of its own: raw sockets, one epoll loop, requests made beforehand.

Costs some 30 µs of a core per request, so that on two cores it measures the server and not itself (an ordinary client
library takes ten times that). Run in the same way against Concord and against its peers.
"""

from __future__ import annotations

import pickle
import select
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.rounds import Rate

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """Send `requests` (complete HTTP/1.1 messages) over so many connections until `seconds` are over or all are sent.

    `rejects`: an answer that contains this is a failure whatever its status (JSON-RPC answers 200 to errors).
    `paced`: requests per second in all, evenly; None sends the next as soon as an answer is there.
    """

    port: int
    requests: Sequence[bytes]
    connections: int
    seconds: float
    rejects: bytes | None = None
    keep_answers: bool = False
    paced: float | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back: durations in seconds of the accepted requests, failures as their first bytes, and the exchange's length."""

    durations: list[float]
    elapsed: float
    failures: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def rate(self) -> Rate:
        """Raises RuntimeError if any request failed: a server that errs quickly is not fast."""
        if self.failures:
            raise RuntimeError(
                f"{len(self.failures)} of {len(self.failures) + len(self.durations)} requests failed, first: {self.failures[0]!r}"
            )
        return Rate.of(self.durations, self.elapsed)


def send(load: Load) -> Answers:
    """Run the load in a process of its own and return what it saw."""
    command = [sys.executable, "-c", "from bench.load import answer; answer()"]
    done = subprocess.run(
        command, input=pickle.dumps(load), stdout=subprocess.PIPE, cwd=ROOT, check=True, timeout=load.seconds + 3 * TIMEOUT
    )
    answers: Answers = pickle.loads(done.stdout)
    return answers


class _Connection:
    __slots__ = ("asked", "buffer", "needed", "retried", "socket", "started")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.needed = -1  # length of head and body together, once the head is there
        self.started = 0.0
        self.asked: bytes | None = None  # the request under way
        self.retried = False

    def ask(self, request: bytes) -> None:
        self.started = time.perf_counter()
        self.asked = request
        self.buffer.clear()
        self.needed = -1
        self.socket.sendall(request)

    def complete(self, chunk: bytes) -> bool:
        """Take what arrived; True once the answer is whole."""
        self.buffer += chunk
        if self.needed == -1:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = bytes(self.buffer[:end]).lower()
            at = head.find(b"content-length:")
            if at >= 0:
                self.needed = end + 4 + int(head[at + 15 :].split(b"\r", 1)[0])
            else:
                self.needed = -2 if b"chunked" in head else end + 4
        if self.needed == -2:
            return self.buffer.endswith(b"0\r\n\r\n")
        return len(self.buffer) >= self.needed


class _Run:
    def __init__(self, load: Load) -> None:
        self.load = load
        self.next = 0
        self.begun = 0.0
        self.poll = select.epoll()
        self.open: dict[int, _Connection] = {}
        self.idle: list[_Connection] = []
        self.durations: list[float] = []
        self.failures: list[bytes] = []
        self.bodies: list[bytes] = []

    def connect(self) -> _Connection:
        connection = _Connection(self.load.port)
        self.open[connection.socket.fileno()] = connection
        self.poll.register(connection.socket, select.EPOLLIN)
        return connection

    def due(self, now: float) -> bool:
        """Whether a request is left whose time has come."""
        load = self.load
        if self.next >= len(load.requests) or now >= self.begun + load.seconds:
            return False
        return load.paced is None or now >= self.begun + self.next / load.paced

    def ask(self, connection: _Connection) -> None:
        self.next += 1
        connection.ask(self.load.requests[self.next - 1])

    def finish(self, connection: _Connection) -> _Connection:
        """Note the answer; the connection to use next (a new one where the server closed this one)."""
        answer = bytes(connection.buffer)
        connection.asked, connection.retried = None, False
        accepted = answer[9:10] == b"2" and not (self.load.rejects and self.load.rejects in answer)
        if accepted:
            self.durations.append(time.perf_counter() - connection.started)
            if self.load.keep_answers:
                self.bodies.append(answer)
        else:
            self.failures.append(answer[:600])
        if b"\r\nconnection: close" in answer[: answer.find(b"\r\n\r\n")].lower():
            return self.replace(connection)
        return connection

    def reopened(self, connection: _Connection) -> bool:
        """A server may close a kept connection between two requests: open another, and send what crossed with that once more."""
        if connection.asked is None:
            self.idle[self.idle.index(connection)] = self.replace(connection)
            return True
        if connection.buffer or connection.retried:
            return False
        again = self.replace(connection)
        again.ask(connection.asked)
        again.started, again.retried = connection.started, True
        return True

    def replace(self, connection: _Connection) -> _Connection:
        del self.open[connection.socket.fileno()]
        self.poll.unregister(connection.socket)
        connection.socket.close()
        return self.connect()

    def run(self) -> Answers:
        self.idle = [self.connect() for _ in range(self.load.connections)]
        self.begun = time.perf_counter()
        busy = 0
        while True:
            now = time.perf_counter()
            while self.idle and self.due(now):
                self.ask(self.idle.pop())
                busy += 1
            left = self.next < len(self.load.requests) and now < self.begun + self.load.seconds
            if not busy and not left:
                break
            for number, _ in self.poll.poll(0.001 if left and self.load.paced else TIMEOUT):
                connection = self.open[number]
                chunk = connection.socket.recv(262_144)
                if not chunk and self.reopened(connection):
                    continue
                if chunk and not connection.complete(chunk):
                    continue
                busy -= 1
                if chunk:
                    following = self.finish(connection)
                else:
                    self.failures.append(b"connection closed in the middle of: " + bytes(connection.buffer[:600]))
                    following = self.replace(connection)
                # the next request leaves at once, not after the other sockets of this turn
                if self.load.paced is None and self.due(time.perf_counter()):
                    self.ask(following)
                    busy += 1
                else:
                    self.idle.append(following)
        return Answers(self.durations, time.perf_counter() - self.begun, self.failures, self.bodies)


def answer() -> None:
    """The process's own side of `send`: a load on standard input, what it saw on standard output."""
    asked: Load = pickle.load(sys.stdin.buffer)
    pickle.dump(_Run(asked).run(), sys.stdout.buffer)
