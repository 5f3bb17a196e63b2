"""The eventsourcing library's recorder interfaces over a tenant's log, so that its Application, Mapper and Repository work here.

Blocking, for scripts and library code; Concord's own processes use `Store`, the asynchronous form of the same append.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    ListenNotifySubscription,
    Notification,
    OperationalError,
    StoredEvent,
    Tracking,
    TrackingRecorder,
)
from psycopg import sql
from psycopg_pool import ConnectionPool

from infra.database import StoreUnavailable, Tenant
from infra.event_store.requests import Append, KeyReused, Outcome, StoredRow
from infra.event_store.threads import ThreadCommitter, ThreadLoader
from infra.ids import uuid7

POLL_SECONDS = 0.1
"""How soon a subscription sees what another process appended."""

Pool = ConnectionPool[psycopg.Connection[Any]]


class _Reader:
    """Connections for blocking reads, and writes under the tenant's role."""

    def __init__(self, pool: Pool, tenant: Tenant) -> None:
        self._pool = pool
        self.tenant = tenant
        self._schema = sql.Identifier(tenant.schema).as_string()

    def rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        with self._pool.connection() as connection:
            return connection.cursor(binary=True).execute(query.replace("{}", self._schema).encode(), values, prepare=True).fetchall()

    @contextmanager
    def writing(self) -> Iterator[psycopg.Cursor[Any]]:
        try:
            with self._pool.connection() as connection, connection.transaction():
                connection.execute("SELECT set_config('role', %s, true)", (self.tenant.role,))
                yield connection.cursor(binary=True)
        except psycopg.errors.UniqueViolation as error:
            raise IntegrityError(str(error)) from error
        except psycopg.OperationalError as error:
            raise OperationalError(str(error)) from error

    def select(
        self, table: str, topic: str, originator_id: UUID | str, bounds: dict[str, Any], *, desc: bool, limit: int | None
    ) -> list[Any]:
        query, values = f"SELECT stream, version, {topic}, state FROM {{}}.{table} WHERE stream = %s", [originator_id]
        for operator, value in bounds.items():
            if value is not None:
                query += f" AND version {operator} %s"
                values.append(value)
        query += " ORDER BY version DESC" if desc else " ORDER BY version"
        if limit is not None:
            query += " LIMIT %s"
            values.append(limit)  # type: ignore[arg-type]
        return [StoredEvent(*row) for row in self.rows(query, values)]


class ConcordApplicationRecorder(ApplicationRecorder):
    """`insert_events` takes `command_id`, `fingerprint` and `guards` beside the library's own arguments."""

    def __init__(self, url: str, pool: Pool, tenant: Tenant) -> None:
        self._reader = _Reader(pool, tenant)
        self._subscriptions: weakref.WeakSet[Subscription] = weakref.WeakSet()
        self._committer = ThreadCommitter(url, tenant, self._wake)
        self._loader = ThreadLoader(url, tenant)

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        command_id: UUID | None = None,
        fingerprint: bytes | None = None,
        guards: Sequence[tuple[UUID, int]] = (),
        meta: bytes = b"",
        **_: Any,
    ) -> Sequence[int] | None:
        """Append all or none; the positions, in order. Raises IntegrityError on a conflict, OperationalError out of reach."""
        if not stored_events and command_id is None:
            return []
        rows = [StoredRow(e.originator_id, e.originator_version, e.topic, meta, e.state) for e in stored_events]  # type: ignore[arg-type]
        append = Append(command_id or uuid7(), rows, fingerprint, guards)
        try:
            self._committer.append(append)
        except StoreUnavailable as error:
            raise OperationalError(str(error)) from error
        except psycopg.errors.UniqueViolation as error:
            raise IntegrityError(str(error)) from error
        if append.outcome is Outcome.REUSED:
            raise KeyReused("this command id was used for something else")
        if append.outcome is Outcome.CONFLICT:
            raise IntegrityError(f"{[(e.originator_id, e.originator_version) for e in stored_events]} or a guard has been overtaken")
        if append.first is None or append.last is None:
            return []
        return list(range(append.first, append.last + 1))

    def select_events(
        self, originator_id: UUID | str, *, gt: int | None = None, lte: int | None = None, desc: bool = False, limit: int | None = None
    ) -> Sequence[StoredEvent]:
        if not desc and limit is None:  # what a Repository asks for: many threads' streams come in one round trip
            try:
                events = self._loader.load(UUID(originator_id) if isinstance(originator_id, str) else originator_id, gt or 0)
            except StoreUnavailable as error:
                raise OperationalError(str(error)) from error
            return [StoredEvent(originator_id, v, t, s) for v, t, s in events if lte is None or v <= lte]
        return self._reader.select("events", "topic", originator_id, {">": gt, "<=": lte}, desc=desc, limit=limit)

    def select_notifications(
        self, start: int | None, limit: int, stop: int | None = None, topics: Sequence[str] = (), *, inclusive_of_start: bool = True
    ) -> Sequence[Notification]:
        query, values = "SELECT position, stream, version, topic, state FROM {}.events WHERE true", list[Any]()
        if start is not None:
            query += " AND position >= %s" if inclusive_of_start else " AND position > %s"
            values.append(start)
        if stop is not None:
            query += " AND position <= %s"
            values.append(stop)
        if topics:
            query += " AND topic = ANY (%s)"
            values.append(list(topics))
        rows = self._reader.rows(query + " ORDER BY position LIMIT %s", [*values, limit])
        return [Notification(id=p, originator_id=s, originator_version=v, topic=t, state=b) for p, s, v, t, b in rows]

    def max_notification_id(self) -> int | None:
        found: int | None = self._reader.rows("SELECT max(position) FROM {}.events", ())[0][0]
        return found

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription:
        subscription = Subscription(self, gt, topics)
        self._subscriptions.add(subscription)
        return subscription

    def _wake(self) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.wake()

    def close(self) -> None:
        """Let what waits be stored and stop the threads; the pool belongs to whoever made it."""
        self._committer.close()
        self._loader.close()


class Subscription(ListenNotifySubscription[ConcordApplicationRecorder]):
    """Woken in this process after each commit; looks by itself for what other processes append."""

    def __init__(self, recorder: ConcordApplicationRecorder, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        self._poll = threading.Thread(target=self._look, name="concord subscription", daemon=True)
        self._poll.start()

    def wake(self) -> None:
        self._has_been_notified.set()

    def _look(self) -> None:
        pause = threading.Event()
        while not self._has_been_stopped:
            pause.wait(POLL_SECONDS)
            self.wake()


class ConcordSnapshotRecorder(AggregateRecorder):
    """Snapshots in the tenant's disposable table."""

    def __init__(self, pool: Pool, tenant: Tenant) -> None:
        self._reader = _Reader(pool, tenant)

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        if stored_events:
            with self._reader.writing() as cursor:
                cursor.executemany(
                    f"INSERT INTO {sql.Identifier(self._reader.tenant.schema).as_string()}.snapshots (stream, version, schema, state) "
                    "VALUES (%s, %s, %s, %s)",
                    [(e.originator_id, e.originator_version, e.topic, e.state) for e in stored_events],
                )
        return None

    def select_events(
        self, originator_id: UUID | str, *, gt: int | None = None, lte: int | None = None, desc: bool = False, limit: int | None = None
    ) -> Sequence[StoredEvent]:
        return self._reader.select("snapshots", "schema", originator_id, {">": gt, "<=": lte}, desc=desc, limit=limit)


class ConcordTrackingRecorder(TrackingRecorder):
    """How far consumers have come, in the same table that Concord's own projections use."""

    def __init__(self, pool: Pool, tenant: Tenant) -> None:
        self._reader = _Reader(pool, tenant)

    def insert_tracking(self, tracking: Tracking) -> None:
        """Record that a position was processed. Raises IntegrityError for one that is not later than the last."""
        with self._reader.writing() as cursor:
            name = sql.Identifier(self._reader.tenant.schema).as_string()
            cursor.execute(
                f"INSERT INTO {name}.tracking AS t (name, position) VALUES (%s, %s) ON CONFLICT (name) "
                "DO UPDATE SET position = excluded.position, updated_at = clock_timestamp() WHERE t.position < excluded.position",
                (tracking.application_name, tracking.notification_id),
            )
            if cursor.rowcount == 0:
                raise IntegrityError(f"{tracking.application_name} is already past {tracking.notification_id}")

    def max_tracking_id(self, application_name: str) -> int | None:
        with self._reader.writing() as cursor:
            name = sql.Identifier(self._reader.tenant.schema).as_string()
            row = cursor.execute(f"SELECT position FROM {name}.tracking WHERE name = %s", (application_name,)).fetchone()
        return row[0] if row else None
