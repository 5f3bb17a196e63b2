"""Removing the days of the access log that are older than the tenant keeps it: first the log says so, then the rows go.

A process that ends in between leaves rows of which the log says that they are gone; the next run lets them go. The other order
would leave, for as long, a gap that nothing explains.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid5

from psycopg import sql

from domain.access_days import (
    ACCESS_DAYS,
    AccessDayHeld,
    AccessDayKept,
    AccessDays,
    AccessDaySealed,
    RemoveAccessDay,
    access_days,
    kept_until,
)
from domain.kernel import SYSTEM
from domain.privacy import PersonHeld, privacy, privacy_id
from domain.settings import SETTINGS_ID, Settings, settings
from infra.access_days import IMPORTED, day_root
from infra.database import Database, Tenant
from infra.event_store import Store

AT_ONCE = 200
"""Days that one run removes at most; the next goes on."""

log = logging.getLogger("concord.access")


async def remove_days(database: Database, store: Store, tenant: Tenant, now: datetime) -> int:
    """Remove each sealed day that is no longer kept, oldest first; how many. Repeatable. Raises what `Store.execute` raises.

    A day stays while it has entries of a person on hold, by them or about them; and one whose rows are not those that were sealed
    stays as it is, because it is evidence: `concord audit verify-log` names it.
    """
    days: AccessDays | None = (await store.load(tenant, access_days, ACCESS_DAYS)).state
    if days is None:
        return 0
    today = now.astimezone(UTC).date()
    sealed = await _sealed_here(database, store, tenant)
    rules: Settings = (await store.load(tenant, settings, SETTINGS_ID)).state
    unfinished = sorted(sealed.keys() & await _days_left(database, tenant, days))
    ever_held, altered, removed = await _ever_held(store, tenant), list[date](), 0
    for day in (*unfinished, *_due(days, rules, sealed, today)):
        told = sealed[day]
        if (await day_root(database, tenant, day)) != (told.rows, told.first, told.last, told.root):
            altered.append(day)
            continue
        people = await _named_in(database, tenant, day, ever_held)
        if await _on_hold(store, tenant, people, today):
            continue
        if not days.removed(day):
            command = RemoveAccessDay(day=day, rows=told.rows, root=told.root, people=people)
            try:
                await store.execute(tenant, access_days, ACCESS_DAYS, command, by=SYSTEM, command_id=uuid5(ACCESS_DAYS, f"removed {day}"))
            except (AccessDayHeld, AccessDayKept):
                continue  # somebody said otherwise at this moment
        async with database.tenant(tenant) as cursor:
            await cursor.execute("SELECT access_log_remove(%s)", (day,))
        removed += 1
        if removed >= AT_ONCE:
            break
    if altered:
        log.error("%d days of %s's access log, from %s on, are not as they were sealed and stay", len(altered), tenant.slug, altered[0])
    return removed


async def remove_sign_ins(database: Database, keep_days: int) -> int:
    """Remove the sign-ins that belong to no tenant and are older than the operator keeps them; how many. Raises StoreUnavailable.

    They are nobody's evidence: no log seals them and tells of it, so that the process's own log does. A tenant's rows stay.
    """
    async with database.connection() as connection:
        row = await (await connection.execute("SELECT identity.access_log_remove(%s)", (keep_days,))).fetchone()
    removed = int(row[0]) if row else 0
    if removed:
        log.info("%d sign-ins that belong to no tenant were removed: older than %d days (CONCORD_SIGN_INS_KEEP)", removed, keep_days)
    return removed


def _due(days: AccessDays, rules: Settings, sealed: Iterable[date], today: date) -> Iterator[date]:
    if (keep := rules.access_keep_days) is not None:
        yield from (day for day in sealed if kept_until(day, keep) < today and not days.removed(day))


async def _sealed_here(database: Database, store: Store, tenant: Tenant) -> dict[date, AccessDaySealed]:
    """The sealed days by day, oldest first; not those that were sealed where the log was imported from."""
    async with database.connection() as connection:
        row = await (await connection.execute(IMPORTED, (tenant.slug,))).fetchone()
    history = await store.history(tenant, ACCESS_DAYS)
    return {r.event.day: r.event for r in history if isinstance(r.event, AccessDaySealed) and (row is None or r.position > row[0])}


async def _days_left(database: Database, tenant: Tenant, days: AccessDays) -> set[date]:
    """The removed days that still have rows."""
    if not days.removals:
        return set()
    last = days.removals[-1].last + timedelta(days=1)
    async with database.tenant(tenant, read_only=True) as cursor:
        await cursor.execute("SELECT DISTINCT (at AT TIME ZONE 'UTC')::date FROM access_log WHERE at < %s", (_begins(last),))
        return {day for (day,) in await cursor.fetchall() if days.removed(day)}


async def _ever_held(store: Store, tenant: Tenant) -> list[UUID]:
    """Everybody who was on hold at any time: whether they are today is what the decision reads."""
    query = sql.SQL("SELECT position FROM {}.events WHERE topic = %s").format(sql.Identifier(tenant.schema))
    async with store.database.connection() as connection:
        rows = await (await connection.execute(query, (PersonHeld.topic,))).fetchall()
    return list({r.event.person for r in await store.at(tenant, [row[0] for row in rows]) if isinstance(r.event, PersonHeld)})


async def _on_hold(store: Store, tenant: Tenant, people: Iterable[UUID], today: date) -> bool:
    states = [(await store.load(tenant, privacy, privacy_id(person))).state for person in people]
    return any(state is not None and state.held(today) for state in states)


async def _named_in(database: Database, tenant: Tenant, day: date, people: list[UUID]) -> tuple[UUID, ...]:
    """Which of the people did something on that day, or had something done with what is theirs."""
    if not people:
        return ()
    query = (
        "SELECT DISTINCT p FROM unnest(%s::uuid[]) AS p WHERE EXISTS "
        "(SELECT FROM access_log WHERE at >= %s AND at < %s AND (member = p OR target = p::text)) ORDER BY p"
    )
    async with database.tenant(tenant, read_only=True) as cursor:
        await cursor.execute(query, (people, _begins(day), _begins(day + timedelta(days=1))))
        return tuple(person for (person,) in await cursor.fetchall())


def _begins(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
