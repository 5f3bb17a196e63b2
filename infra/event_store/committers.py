"""Group commit: everything that waits is appended together, in one round trip and one fsync; see `threads` for blocking callers.

After a lost connection the same group is sent again: the command ids tell what had been stored. What cannot be stored at all
is stored alone and fails alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from infra.database import Database, StoreUnavailable, Tenant
from infra.event_store.requests import Append, Outcome, appending, parameters, settle, take_group

ATTEMPTS = 8
"""How often a group is sent after lost connections; with the back-off some 5 seconds in all."""

LINGER = 0.02
"""Seconds that a connection is kept after a group, because the next append is often only a moment away."""

SPLIT = 16
"""Appends of a group whose callers are told in two halves; fewer cost less in one group than in two side by side."""

PASSING = (psycopg.OperationalError, StoreUnavailable)


def back_off(attempt: int) -> float:
    """Seconds to wait after so many lost connections."""
    return min(0.05 * 2.0**attempt, 1.0)


def give_up(failure: Exception) -> Exception:
    """What the caller hears of a failure that lasted."""
    if isinstance(failure, PASSING):
        unavailable = StoreUnavailable("the event store could not be reached; nothing is known to be stored, send the same command again")
        unavailable.__cause__ = failure
        return unavailable
    return failure


class LoopCommitter:
    """Appends for the tasks of one event loop. One group of a tenant is under way at a time; the rest gathers meanwhile.

    It borrows a connection of the shared pool while there is work, and a moment longer where the pool can spare it.
    """

    def __init__(self, database: Database, tenant: Tenant, on_commit: Callable[[], None] = lambda: None) -> None:
        self._database = database
        self._append = appending(tenant)
        self._waiting: deque[Append] = deque()
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._on_commit = on_commit
        self._reached = 0
        self._alone = True

    async def append(self, append: Append) -> Append:
        """Return the append with its outcome, once it is durable. Raises StoreUnavailable, or the server's own objection."""
        append.done = asyncio.get_running_loop().create_future()
        self._waiting.append(append)
        self._some.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        # a caller that is cancelled takes its future along; the append itself still runs to a definite end
        await append.done
        return append

    async def _drain(self) -> None:
        # callers that are ready in the same turn of the loop join the first group
        await asyncio.sleep(0)
        while self._waiting:
            group = take_group(self._waiting)
            failure: Exception | None = None
            attempt = 0
            while group and attempt < ATTEMPTS:
                try:
                    async with self._database.connection() as connection:
                        while group:
                            await self._store(connection, group)
                            attempt = 0
                            group = await self._next_group(group)
                except PASSING as error:
                    failure = error
                    await asyncio.sleep(back_off(attempt))
                    await self._database.forget_dead()
                    attempt += 1
                except Exception as error:  # noqa: BLE001  handed to the one append it belongs to
                    failure = error
                    break
            if group and failure is not None:
                await self._without(group, failure)

    async def _store(self, connection: psycopg.AsyncConnection[Any], group: Sequence[Append]) -> None:
        settle(group, await self._append.call(connection, parameters(group)))
        stored = [append for append in group if append.outcome is Outcome.STORED and append.last is not None]
        if stored:
            self._alone = stored[0].first == self._reached + 1
            self._reached = stored[-1].last or 0

    async def _next_group(self, stored: list[Append]) -> list[Append]:
        """Settle what was stored and take what is next, so that the server works on the one while callers go on from the other."""
        if not self._waiting:
            # of callers that come again at once, half make up the next group and half go on while that is under way
            # (another process that appends fills the gap by itself, and then the larger group is the better one)
            half = len(stored) // 2 if len(stored) >= SPLIT and self._alone else len(stored)
            self._settled(stored[:half])
            stored = stored[half:]
            await asyncio.sleep(0)
        if self._waiting:
            if stored:
                asyncio.get_running_loop().call_soon(self._settled, stored)
            return take_group(self._waiting)
        if stored:
            self._settled(stored)
        self._some.clear()
        if self._database.spare:
            try:
                async with asyncio.timeout(LINGER):
                    await self._some.wait()
            except TimeoutError:
                return []
        return take_group(self._waiting)

    def _settled(self, group: Sequence[Append]) -> None:
        for append in group:
            if not append.done.done():
                if append.error is not None:
                    append.done.set_exception(append.error)
                else:
                    append.done.set_result(None)
        self._on_commit()

    async def _without(self, group: Sequence[Append], failure: Exception) -> None:
        """What a group that cannot be stored comes to: each of its appends alone, so that the one at fault fails alone."""
        if isinstance(failure, PASSING) or len(group) == 1:
            for append in group:
                append.error = give_up(failure)
            self._settled(group)
            return
        for append in group:
            try:
                async with self._database.connection() as connection:
                    await self._store(connection, [append])
            except Exception as error:  # noqa: BLE001  handed to the one append it belongs to
                append.error = give_up(error)
            self._settled([append])

    async def close(self) -> None:
        """Let what waits be stored."""
        if self._task is not None:
            await self._task
