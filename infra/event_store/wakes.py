"""Waking readers: at once in this process, and across processes by one coalesced notification after commit.

Never a NOTIFY in the appending transaction: it would serialise every commit of the cluster. Notifications may be lost
(a connection dies); whoever waits therefore gives a timeout and looks again.
"""

from __future__ import annotations

import asyncio
import contextlib

import psycopg

from infra.database import Database, StoreUnavailable
from infra.event_store import arrays
from infra.event_store.prepared import Prepared

CHANNEL = "concord_commits"
_COALESCE = 0.01
"""Seconds over which the commits of a tenant become one notification."""

# a notification is nothing to wait for the disk for: its commit would have it flush what the appends flush already
_NOTIFY = Prepared(
    "notify", f"SELECT pg_notify('{CHANNEL}', s) FROM unnest($1::text[]) AS s, set_config('synchronous_commit', 'off', true)", 1
)


class Wakes:
    """Says, for each tenant, that its log has grown."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._events: dict[str, asyncio.Event] = {}
        self._rung: dict[str, int] = {}
        self._dirty: set[str] = set()
        self._sender: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None

    def committed(self, slug: str) -> None:
        """Say that this process has appended: its own readers wake now, other processes' in a moment."""
        self._ring(slug)
        self._dirty.add(slug)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())

    @property
    def rung(self) -> int:
        """How often any tenant's log has been said to have grown."""
        return sum(self._rung.values())

    def mark(self, slug: str) -> int:
        """Take this before reading, and give it to `wait`, so that a commit in between is not slept through."""
        return self._rung.get(slug, 0)

    async def wait(self, slug: str, seconds: float, since: int | None = None) -> bool:
        """Until the tenant's log may have grown since `since` (default: now), or `seconds` have passed; whether it was woken."""
        if since is not None and since != self.mark(slug):
            return True
        event = self._events.setdefault(slug, asyncio.Event())
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True

    def _ring(self, slug: str) -> None:
        self._rung[slug] = self._rung.get(slug, 0) + 1
        # whoever waits holds the old event; whoever comes later waits on a new one
        if (event := self._events.pop(slug, None)) is not None:
            event.set()

    async def _send(self) -> None:
        while self._dirty:
            await asyncio.sleep(_COALESCE)
            slugs, self._dirty = self._dirty, set()
            with contextlib.suppress(psycopg.Error, StoreUnavailable):  # readers look again by themselves
                async with self._database.connection() as connection:
                    await _NOTIFY.call(connection, (arrays.texts(list(slugs)),))

    def listen(self) -> None:
        """Hear other processes' commits, on a connection of its own, until `close`."""
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(psycopg.Error):
                async with await psycopg.AsyncConnection.connect(
                    self._database.url, autocommit=True, application_name="concord listen"
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    async for notification in connection.notifies():
                        self._ring(notification.payload)
            await asyncio.sleep(1)

    async def close(self) -> None:
        for task in (self._listener, self._sender):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
