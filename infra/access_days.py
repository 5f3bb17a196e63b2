"""Sealing the days of the access log, and telling a day whose rows are no longer those that were sealed.

A row's canonical bytes are its columns in the order of `COLUMNS`, each behind its length as int32 (-1 for null): `at` in µs
since 1970 and the numbers as int64, ids as 16 bytes, texts as UTF-8. All big-endian. A day's root is SHA-256 over the SHA-256
of each row's bytes, the rows ordered by those bytes, hence by time. Lengths go before values, so that no text, line breaks
included, can pass for another column or row.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple
from uuid import uuid5

import psycopg
from psycopg import sql

from domain.access_days import ACCESS_DAYS, ONE_DAY, AccessDayRemoved, AccessDaySealed, SealAccessDay, access_days, over
from domain.kernel import SYSTEM
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store import Store

COLUMNS = ("at", "kind", "operation", "principal", "member", "key", "source", "target", "status", "correlation_id", "times")
_SENT = {
    **dict.fromkeys(COLUMNS, "convert_to({}, 'UTF8')"),
    "at": "int8send((extract(epoch FROM {}) * 1000000)::bigint)",
    **dict.fromkeys(("principal", "member", "key", "correlation_id"), "uuid_send({})"),
    **dict.fromkeys(("status", "times"), "int8send({}::bigint)"),
}
_PARTS = [f"coalesce(int4send(octet_length(b.{name})) || b.{name}, int4send(-1))" for name in COLUMNS]
_ROOT = (
    "SELECT count(*), min(c.at), max(c.at), encode(sha256(coalesce(string_agg(sha256(c.bytes), ''::bytea ORDER BY c.bytes), ''::bytea)), 'hex') "
    f"FROM (SELECT a.at, {' || '.join(_PARTS)} AS bytes FROM {{schema}}.access_log AS a CROSS JOIN LATERAL "
    f"(SELECT {', '.join(_SENT[name].format('a.' + name) + ' AS ' + name for name in COLUMNS)}) AS b "
    "WHERE a.at >= %s AND a.at < %s) AS c"
)


Verdict = Literal["holds", "altered", "removed", "elsewhere"]
IMPORTED = "SELECT head FROM concord.imported_logs WHERE slug = %s AND admitted_at IS NOT NULL"
"""Up to which position a tenant's log was written elsewhere; no row: it was not imported."""


class DayRoot(NamedTuple):
    """What a day's rows come to now."""

    rows: int
    first: datetime | None
    last: datetime | None
    root: str


class DayCheck(NamedTuple):
    """A sealed day beside its rows.

    `removed`: it is gone, as the log says; `elsewhere`: it was sealed, and its rows stayed, where this log was imported from.
    """

    sealed: AccessDaySealed
    found: DayRoot
    verdict: Verdict


async def seal_days(database: Database, store: Store, tenant: Tenant, now: datetime) -> int:
    """Seal each day that is over and not yet sealed, oldest first; how many. Repeatable. Raises what `Store.execute` raises.

    Nothing is sealed before the first row.
    """
    state = (await store.load(tenant, access_days, ACCESS_DAYS)).state
    day = await _first_day(database, tenant) if state is None else state.through + ONE_DAY
    sealed = 0
    while day is not None and over(day) <= now:
        command = SealAccessDay(day=day, **(await day_root(database, tenant, day))._asdict())
        done = await store.execute(tenant, access_days, ACCESS_DAYS, command, by=SYSTEM, command_id=uuid5(ACCESS_DAYS, day.isoformat()))
        sealed += bool(done.events) and not done.repeated
        day += ONE_DAY
    return sealed


async def sealed_days(store: Store, tenant: Tenant) -> list[AccessDaySealed]:
    """Every sealed day, oldest first."""
    return [r.event for r in await store.history(tenant, ACCESS_DAYS) if isinstance(r.event, AccessDaySealed)]


async def day_root(database: Database, tenant: Tenant, day: date) -> DayRoot:
    """What the rows of a day come to now."""
    async with database.tenant(tenant, read_only=True) as cursor:
        await cursor.execute(*_query(tenant, day))
        return DayRoot(*(await cursor.fetchone() or ()))


def check_days(connection: psycopg.Connection[Any], tenant: Tenant, since: date = date.min) -> Iterator[DayCheck]:
    """Compare every day sealed from `since` on with its rows; `connection` is in autocommit, and may act as the tenant's role."""
    query = sql.SQL("SELECT position, version, topic, state FROM {}.events WHERE stream = %s ORDER BY version")
    rows = connection.execute(query.format(sql.Identifier(tenant.schema)), (ACCESS_DAYS,)).fetchall()
    imported = connection.execute(IMPORTED, (tenant.slug,)).fetchone()
    codec, sealed, removed = Codec(), dict[date, tuple[AccessDaySealed, bool]](), set[date]()
    for position, version, topic, state in rows:
        match codec.decode(tenant.slug, ACCESS_DAYS, version, topic, state):
            case AccessDaySealed() as event:
                sealed[event.day] = event, imported is not None and position <= imported[0]
            case AccessDayRemoved(day=day):
                removed.add(day)
    for day, (event, elsewhere) in sealed.items():
        if day >= since:
            found = _found(connection, tenant, day)
            yield DayCheck(event, found, _verdict(event, found, removed=day in removed, elsewhere=elsewhere))


def _verdict(sealed: AccessDaySealed, found: DayRoot, *, removed: bool, elsewhere: bool) -> Verdict:
    if found == (sealed.rows, sealed.first, sealed.last, sealed.root):
        # also where it is to go, and the process ended between saying so and doing it
        return "removed" if removed and not found.rows else "holds"
    if found.rows:
        return "altered"
    return "removed" if removed else "elsewhere" if elsewhere else "altered"


def _found(connection: psycopg.Connection[Any], tenant: Tenant, day: date) -> DayRoot:
    with connection.transaction():
        connection.execute("SELECT set_config('role', %s, true), set_config('timezone', 'UTC', true)", (tenant.role,))
        return DayRoot(*(connection.execute(*_query(tenant, day)).fetchone() or ()))


async def _first_day(database: Database, tenant: Tenant) -> date | None:
    async with database.tenant(tenant, read_only=True) as cursor:
        await cursor.execute("SELECT min(at) FROM access_log")
        row = await cursor.fetchone()
    return row[0].astimezone(UTC).date() if row and row[0] else None


def _query(tenant: Tenant, day: date) -> tuple[bytes, tuple[datetime, datetime]]:
    begins = datetime.combine(day, time(), UTC)
    return _ROOT.replace("{schema}", sql.Identifier(tenant.schema).as_string()).encode(), (begins, begins + timedelta(days=1))
