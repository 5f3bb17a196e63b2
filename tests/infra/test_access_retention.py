"""The access log is kept as long as the tenant says: whole sealed days go, the log says which, and nothing else can be deleted."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import psycopg
import pytest

from domain.access_days import ACCESS_DAYS, AccessDayRemoved, access_days
from domain.access_retention import ChangeAccessRetention
from domain.kernel import SYSTEM, natural_id
from domain.privacy import HoldPerson, ReleasePerson, privacy, privacy_id
from domain.settings import SETTINGS_ID, settings
from infra.access_days import COLUMNS, check_days, seal_days, sealed_days
from infra.access_retention import remove_days
from infra.database import Database, Tenant
from infra.event_store import Store

NOW = datetime.now(UTC)
OLD = NOW.date() - timedelta(days=400)
OLDER, OLDEST = OLD - timedelta(days=1), OLD - timedelta(days=2)
MEMBER = natural_id("test", "member")


def row(day: date, minute: int = 1, target: str | None = None, member: UUID = MEMBER):
    at = datetime.combine(day, time(9, minute, 0, 123_456), UTC)
    return (at, "read", "read_deal", None, member, None, "10.0.0.1", target, 200, None, 1)


def write(database_url: str, tenant: Tenant, *rows) -> None:
    """With the database's own keys: processes write into the present month alone."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {tenant.schema}.access_log_rest PARTITION OF {tenant.schema}.access_log DEFAULT")
        for one in rows:
            connection.execute(
                f"INSERT INTO {tenant.schema}.access_log ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(one))})", one
            )


@pytest.fixture
async def aged(database: Database, database_url: str, store: Store, tenant: Tenant) -> Tenant:
    """Three sealed days, the middle one quiet; each is older than a year."""
    write(database_url, tenant, row(OLDEST), row(OLDEST, 2, "a thing"), row(OLD))
    assert await seal_days(database, store, tenant, datetime.combine(OLD + timedelta(days=1), time(12), UTC)) == 3
    return tenant


async def keep(store: Store, tenant: Tenant, days: int | None) -> None:
    await store.execute(tenant, settings, SETTINGS_ID, ChangeAccessRetention(keep_days=days), by=SYSTEM)


async def left(database: Database, tenant: Tenant) -> list[date]:
    async with database.tenant(tenant) as cursor:
        await cursor.execute("SELECT at FROM access_log ORDER BY at")
        return [at.date() for (at,) in await cursor.fetchall()]


async def told(store: Store, tenant: Tenant) -> dict[date, AccessDayRemoved]:
    return {r.event.day: r.event for r in await store.history(tenant, ACCESS_DAYS) if isinstance(r.event, AccessDayRemoved)}


def verdicts(url: str, tenant: Tenant):
    with psycopg.connect(url, autocommit=True) as connection:
        return [check.verdict for check in check_days(connection, tenant)]


async def test_days_that_are_no_longer_kept_are_removed_and_told_with_count_and_root(database, store, aged, login_url):
    before = {day.day: day for day in await sealed_days(store, aged)}
    await keep(store, aged, 400)
    assert await remove_days(database, store, aged, NOW) == 2
    assert await left(database, aged) == [OLD], "of yesterday, 400 days ago, it is the last day"
    found = await told(store, aged)
    assert list(found) == [OLDEST, OLDER], "the quiet one, too"
    for day, event in found.items():
        assert (event.rows, event.root, event.keep_days) == (before[day].rows, before[day].root, 400)
    assert verdicts(login_url, aged) == ["removed", "removed", "holds"]
    assert await remove_days(database, store, aged, NOW) == 0


async def test_without_a_setting_nothing_is_ever_removed(database, store, aged):
    assert await remove_days(database, store, aged, NOW + timedelta(days=9999)) == 0
    await keep(store, aged, 400)
    await keep(store, aged, None)
    assert await remove_days(database, store, aged, NOW) == 0
    assert len(await left(database, aged)) == 3


async def test_a_day_with_entries_by_or_about_somebody_on_hold_stays_until_the_hold_ends(database, store, tenant, database_url, login_url):
    held, about = natural_id("test", "held"), natural_id("test", "about")
    write(database_url, tenant, row(OLDEST, member=held), row(OLDER, target=str(about)), row(OLD))
    await seal_days(database, store, tenant, datetime.combine(OLD + timedelta(days=1), time(12), UTC))
    for person in (held, about):
        await store.execute(tenant, privacy, privacy_id(person), HoldPerson(person=person, case="LIT-1"), by=SYSTEM)
    await keep(store, tenant, 365)
    assert await remove_days(database, store, tenant, NOW) == 1
    assert await left(database, tenant) == [OLDEST, OLDER]
    assert verdicts(login_url, tenant) == ["holds", "holds", "removed"]
    await store.execute(tenant, privacy, privacy_id(about), ReleasePerson(person=about, case="LIT-1"), by=SYSTEM)
    assert await remove_days(database, store, tenant, NOW) == 1
    assert await left(database, tenant) == [OLDEST]


async def test_a_day_whose_rows_were_changed_stays_as_evidence(database, store, aged, database_url, login_url, caplog):
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute("UPDATE t_acme.access_log SET status = 403 WHERE at = %s", (row(OLD)[0],)).rowcount == 1
    await keep(store, aged, 365)
    assert await remove_days(database, store, aged, NOW) == 2
    assert await left(database, aged) == [OLD]
    assert verdicts(login_url, aged) == ["removed", "removed", "altered"]
    assert f"from {OLD} on, are not as they were sealed" in caplog.text


async def test_a_gap_that_the_log_does_not_tell_is_tampering(store, aged, database_url, login_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM t_acme.access_log")
    assert verdicts(login_url, aged) == ["altered", "holds", "altered"]


async def test_rows_slipped_into_a_removed_day_are_tampering_and_stay(database, store, aged, database_url, login_url):
    await keep(store, aged, 365)
    assert await remove_days(database, store, aged, NOW) == 3
    write(database_url, aged, row(OLDEST, 7))
    assert verdicts(login_url, aged)[0] == "altered"
    assert await remove_days(database, store, aged, NOW) == 0
    assert await left(database, aged) == [OLDEST]


async def test_a_removal_that_was_told_and_not_finished_is_finished_by_the_next_run(database, store, aged, database_url, login_url):
    rows = [row(OLDEST), row(OLDEST, 2, "a thing")]
    await keep(store, aged, 365)
    assert await remove_days(database, store, aged, NOW) == 3
    write(database_url, aged, *rows)  # as they were before a process ended between saying so and doing it
    assert verdicts(login_url, aged)[0] == "holds"
    await keep(store, aged, None)
    assert await remove_days(database, store, aged, NOW) == 1
    assert (await left(database, aged), verdicts(login_url, aged)[0]) == ([], "removed")


async def test_no_process_deletes_a_row_nor_a_day_that_the_log_does_not_tell_of(database, store, aged):
    for statement in ("DELETE FROM access_log", "DELETE FROM access_log_rest", "TRUNCATE access_log", "DROP TABLE access_log_rest"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with database.tenant(aged) as cursor:
                await cursor.execute(statement)
    with pytest.raises(psycopg.errors.RaiseException, match="does not say"):
        async with database.tenant(aged) as cursor:
            await cursor.execute("SELECT access_log_remove(%s)", (OLDEST,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with database.connection() as connection:
            await connection.execute(f"SELECT {aged.schema}.access_log_remove(%s)", (OLDEST,))
    assert len(await left(database, aged)) == 3


async def test_the_database_keeps_a_year_whatever_the_log_says(database, store, tenant, database_url):
    young = NOW.date() - timedelta(days=360)
    write(database_url, tenant, row(young))
    await seal_days(database, store, tenant, datetime.combine(young + timedelta(days=1), time(12), UTC))
    await keep(store, tenant, 365)
    ahead = Store(database, store._codec, clock=lambda: NOW + timedelta(days=9))
    with pytest.raises(psycopg.errors.RaiseException, match="younger than a year"):
        await remove_days(database, ahead, tenant, NOW + timedelta(days=9))
    await ahead.close()
    assert await left(database, tenant) == [young]
    assert (await store.load(tenant, access_days, ACCESS_DAYS)).state.removed(young)
