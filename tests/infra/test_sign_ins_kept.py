"""Sign-ins that belong to no tenant are kept as long as the operator says: older ones go, the last year and every tenant's rows stay."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from infra.access_retention import remove_sign_ins
from infra.database import Database, Tenant
from infra.doctor import _sign_ins
from infra.settings import InvalidSettings, Settings

NOW = datetime.now(UTC)
OLD, YOUNG = NOW - timedelta(days=402), NOW - timedelta(days=398)
ENTRY = "INSERT INTO {}.access_log (at, kind, operation, source, status) VALUES (%s, 'sign_in', 'sign_in', '10.0.0.1', 401)"


@pytest.fixture
def aged(database_url: str, tenant: Tenant) -> Tenant:
    """An old and a younger row of nobody, and of a tenant whose days nobody has sealed."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {tenant.schema}.access_log_rest PARTITION OF {tenant.schema}.access_log DEFAULT")
        for schema in ("identity", tenant.schema):
            for at in (OLD, YOUNG):
                connection.execute(ENTRY.format(schema), (at,))
    return tenant


async def left(database: Database, table: str) -> list[datetime]:
    async with database.connection() as connection:
        return [at for (at,) in await (await connection.execute(f"SELECT at FROM {table} ORDER BY at")).fetchall()]


async def test_those_that_are_older_than_the_operator_keeps_them_go_and_the_process_log_says_so(database, database_url, aged, caplog):
    caplog.set_level(logging.INFO, "concord.access")
    assert await remove_sign_ins(database, 400) == 1
    assert caplog.messages == ["1 sign-ins that belong to no tenant were removed: older than 400 days (CONCORD_SIGN_INS_KEEP)"]
    assert await left(database, "identity.access_log") == [YOUNG]
    with psycopg.connect(database_url) as connection:
        tenants = connection.execute(f"SELECT at FROM {aged.schema}.access_log ORDER BY at").fetchall()
    assert tenants == [(OLD,), (YOUNG,)], "a tenant's rows go by its own retention, sealed"


async def test_where_nothing_is_that_old_it_stays_quiet(database, aged, caplog):
    caplog.set_level(logging.INFO, "concord.access")
    assert await remove_sign_ins(database, 403) == 0
    assert caplog.messages == []
    assert await left(database, "identity.access_log") == [OLD, YOUNG]


@pytest.mark.parametrize("days", [364, 0, -1, None])
async def test_the_database_keeps_a_year_whoever_asks(database, aged, days):
    with pytest.raises(psycopg.errors.RaiseException, match="the last year stay"):
        await remove_sign_ins(database, days)
    assert await left(database, "identity.access_log") == [OLD, YOUNG]


async def test_no_process_deletes_any_by_itself(database, aged):
    for statement in ("DELETE FROM identity.access_log", "TRUNCATE identity.access_log", "UPDATE identity.access_log SET times = 0"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with database.connection() as connection:
                await connection.execute(statement)


def test_the_setting_names_days_and_a_year_at_least():
    assert Settings.from_environment({}).sign_ins_keep is None
    kept = Settings.from_environment({"CONCORD_SIGN_INS_KEEP": "400"})
    assert kept.sign_ins_keep == 400
    assert kept.environment()["CONCORD_SIGN_INS_KEEP"] == "400"
    with pytest.raises(InvalidSettings, match="CONCORD_SIGN_INS_KEEP must be a number of days from 365 to 36600, not '30'"):
        Settings.from_environment({"CONCORD_SIGN_INS_KEEP": "30"})


def test_the_doctor_tells_how_many_since_when_for_how_long_and_whether_the_job_stands_still(login_url, aged):
    with psycopg.connect(login_url, autocommit=True) as connection:
        since = f"2 that belong to no tenant, since {OLD.date()}"
        told = {days: _sign_ins(connection, days) for days in (None, 402, 365)}
    assert {days: (found.level, found.found) for days, found in told.items()} == {
        None: ("ok", f"{since}, kept for ever: CONCORD_SIGN_INS_KEEP is not set"),
        402: ("ok", f"{since}, kept for 402 days"),
        365: ("warning", f"{since}, although kept for 365 days"),
    }
