"""Groups for blocking callers: each waits on a lock of its own while one thread, on one connection, serves all that wait."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

import psycopg

from infra.database import Tenant
from infra.event_store.committers import ATTEMPTS, PASSING, back_off, give_up
from infra.event_store.loader import Version, asked, every_event, found
from infra.event_store.requests import Append, appending, parameters, settle, take_group

_MOST = 256
"""Loads of one round trip."""


@dataclass(slots=True)
class Load:
    """The events of a stream with a version above `after`, once they are there."""

    stream: UUID
    after: int
    events: list[Version] = field(default_factory=list)
    error: Exception | None = None
    done: Any = field(default=None, repr=False)  # the caller's lock


T = TypeVar("T", Append, Load)


class _Grouping(ABC, Generic[T]):
    """The thread, its connection, and what waits for it."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._waiting: deque[T] = deque()
        self._some = threading.Event()
        self._stopped = False
        self._connection: psycopg.Connection[Any] | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _ask(self, one: T) -> T:
        one.done = lock = threading.Lock()
        lock.acquire()
        self._waiting.append(one)
        self._some.set()
        lock.acquire()
        if one.error is not None:
            raise one.error
        return one

    def _run(self) -> None:
        while True:
            self._some.wait()
            self._some.clear()
            while self._waiting:
                group = self._take()
                self._serve_surely(group)
                for one in group:
                    one.done.release()
                self._served()
            if self._stopped:
                return

    def _serve_surely(self, group: Sequence[T]) -> None:
        failure: Exception | None = None
        for attempt in range(ATTEMPTS):
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = psycopg.connect(self._url, autocommit=True, application_name="concord append")
                    self._connection.execute("SET lock_timeout = '10s'; SET jit = off")
                self._serve(self._connection, group)
            except PASSING as error:
                failure = error
                if self._connection is not None and self._connection.broken:
                    self._connection.close()
                time.sleep(back_off(attempt))
            except Exception as error:  # noqa: BLE001  handed to the one it belongs to
                failure = error
                break
            else:
                return
        assert failure is not None
        if len(group) > 1 and not isinstance(failure, PASSING):
            for one in group:
                self._serve_surely([one])
        else:
            for one in group:
                one.error = give_up(failure)

    @abstractmethod
    def _take(self) -> list[T]:
        """The next of those that wait, which one statement can serve."""

    @abstractmethod
    def _serve(self, connection: psycopg.Connection[Any], group: Sequence[T]) -> None:
        """Write each one's answer into it."""

    def _served(self) -> None:
        """After each group."""

    def close(self) -> None:
        """Let what waits be served, then stop the thread and close its connection."""
        self._stopped = True
        self._some.set()
        self._thread.join(timeout=10)
        if self._connection is not None:
            self._connection.close()


class ThreadCommitter(_Grouping[Append]):
    """Appends, as `LoopCommitter`."""

    def __init__(self, url: str, tenant: Tenant, on_commit: Callable[[], None] = lambda: None) -> None:
        self._append, self._on_commit = appending(tenant), on_commit
        super().__init__(url, f"append {tenant.slug}")

    def append(self, append: Append) -> Append:
        """As `LoopCommitter.append`, blocking."""
        return self._ask(append)

    def _take(self) -> list[Append]:
        return take_group(self._waiting)

    def _serve(self, connection: psycopg.Connection[Any], group: Sequence[Append]) -> None:
        settle(group, self._append.call_blocking(connection, parameters(group)))

    def _served(self) -> None:
        self._on_commit()


class ThreadLoader(_Grouping[Load]):
    """Events of streams, as `GroupLoader`, but all of a stream at once."""

    def __init__(self, url: str, tenant: Tenant) -> None:
        self._events = every_event(tenant)
        super().__init__(url, f"load {tenant.slug}")

    def load(self, stream: UUID, after: int = 0) -> list[Version]:
        """Every event of the stream with a version above `after`, in order. Raises StoreUnavailable."""
        return self._ask(Load(stream, after)).events

    def _take(self) -> list[Load]:
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST))]

    def _serve(self, connection: psycopg.Connection[Any], group: Sequence[Load]) -> None:
        result = self._events.call_blocking(connection, asked([(load.stream, load.after) for load in group]))
        for load, events in zip(group, found(result, len(group)), strict=True):
            load.events = events
