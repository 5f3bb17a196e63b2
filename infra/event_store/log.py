"""Reading the log: tails, histories, the head, and which position an instant was at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from domain.kernel import Recorded
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store.envelope import Meta
from infra.event_store.loader import COLUMNS, Row
from infra.event_store.unreadable import Unreadable, decoded


class Log:
    """Read-only access to every tenant's log."""

    def __init__(self, database: Database, codec: Codec) -> None:
        self._database = database
        self._codec = codec

    @property
    def codec(self) -> Codec:
        """What turns stored bytes into events, for readers that need less than a whole envelope."""
        return self._codec

    @property
    def database(self) -> Database:
        """Where the logs are."""
        return self._database

    def decode(self, tenant: Tenant, row: Row) -> Recorded:
        """One stored row as the event in its envelope. Raises Unreadable."""
        position, stream, version, topic, meta, state, recorded_at, effective_at = row
        try:
            known = Meta.decode(meta)
        except (ValueError, IndexError) as error:
            why = f"who caused version {version} of stream {stream} ({topic}) does not have the shape of an envelope's meta"
            raise Unreadable(why, tenant.slug, stream, version, position) from error
        return Recorded(
            originator_id=stream,
            originator_version=version,
            position=position,
            event=decoded(self._codec, tenant.slug, stream, version, topic, state, position),
            recorded_at=recorded_at,
            effective_at=effective_at,
            actor=known.actor,
            on_behalf_of=known.on_behalf_of,
            command_id=known.command_id,
            correlation_id=known.correlation_id,
            causation_id=known.causation_id,
        )

    async def rows(self, tenant: Tenant, after: int, limit: int) -> list[Row]:
        """Up to `limit` stored rows after a position, in order; for readers that pass over what they cannot decode."""
        return await self._rows(tenant, "position > %s ORDER BY position LIMIT %s", (after, limit))

    async def read(self, tenant: Tenant, after: int, limit: int) -> list[Recorded]:
        """Up to `limit` events after a position, in order. Raises Unreadable at the first that cannot be read."""
        return [self.decode(tenant, row) for row in await self.rows(tenant, after, limit)]

    async def history(self, tenant: Tenant, stream: UUID, *, upto: int | None = None) -> list[Recorded]:
        """Every event of a stream, oldest first; with `upto`, those at or before that position."""
        bound, values = ("", ()) if upto is None else ("AND position <= %s ", (upto,))
        return [self.decode(tenant, row) for row in await self._rows(tenant, f"stream = %s {bound}ORDER BY version", (stream, *values))]

    async def at(self, tenant: Tenant, positions: Sequence[int]) -> list[Recorded]:
        """The events at the given positions, in order."""
        return [self.decode(tenant, row) for row in await self._rows(tenant, "position = ANY (%b) ORDER BY position", (list(positions),))]

    async def masked_words(self, tenant: Tenant, stream: UUID, version: int) -> list[str]:
        """The words of a stored event that are shown to nobody; to be removed where they were copied to. None: the event is not there."""
        rows = await self._rows(tenant, "stream = %s AND version = %s", (stream, version))
        return [word for row in rows for word in self._codec.stored(tenant.slug, stream, version, row[3], row[5])[2]]

    async def between(self, tenant: Tenant, first: int, last: int) -> list[Row]:
        """Stored rows of a closed range of positions."""
        return await self._rows(tenant, "position BETWEEN %s AND %s ORDER BY position", (first, last))

    async def head(self, tenant: Tenant) -> int:
        """The last position; 0 while the log is empty."""
        rows = await self._fetch(tenant, "SELECT coalesce(max(position), 0) FROM {}.events", ())
        return int(rows[0][0])

    async def position_at(self, tenant: Tenant, instant: datetime) -> int:
        """The last position recorded at or before an instant."""
        rows = await self._fetch(tenant, "SELECT {}.position_at(%s)", (instant,))
        return int(rows[0][0])

    async def _rows(self, tenant: Tenant, condition: str, values: tuple[Any, ...]) -> list[Row]:
        return await self._fetch(tenant, f"SELECT {COLUMNS} FROM {{}}.events WHERE {condition}", values)

    async def _fetch(self, tenant: Tenant, query: str, values: tuple[Any, ...]) -> list[Row]:
        text = query.replace("{}", sql.Identifier(tenant.schema).as_string()).encode()
        async with self._database.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(text, values, prepare=True)
            return await cursor.fetchall()
