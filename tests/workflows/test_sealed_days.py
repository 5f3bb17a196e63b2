"""S26: the daily sweep seals the days of the access log, and lets those go that are no longer kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg

from domain.access_days import AccessDayRemoved
from domain.access_retention import ChangeAccessRetention
from domain.settings import SETTINGS_ID, settings
from infra.access_days import sealed_days
from tests.workflows.office import ADMIN, Office
from workflows.activities import Activities
from workflows.messages import SweepRun
from workflows.sweep import sweep_page


async def test_the_sweep_seals_the_days_that_are_over_once_and_another_page_seals_none(desk: Office):
    now = datetime.now(UTC)
    at = now - timedelta(days=2)
    async with desk.database.tenant(desk.tenant) as cursor:
        await cursor.execute("SELECT access_log_month(%s)", (at,))
        await cursor.execute(
            "INSERT INTO access_log (at, kind, operation, source, status) VALUES (%s, 'sign_in', 'sign_in', 'x', 201)", (at,)
        )
    await sweep_page(desk.database, desk.store, SweepRun(tenant=desk.tenant.slug, after=1), lambda: now)
    assert await sealed_days(desk.store, desk.tenant) == []
    for _ in range(2):
        await sweep_page(desk.database, desk.store, SweepRun(tenant=desk.tenant.slug), lambda: now)
    days = await sealed_days(desk.store, desk.tenant)
    assert (days[0].day, days[0].rows) == (at.date(), 1)
    assert len({day.day for day in days}) == len(days)


async def test_the_sweep_lets_go_of_the_days_that_are_no_longer_kept(desk: Office, database_url: str):
    now = datetime.now(UTC)
    old = now - timedelta(days=367)
    with psycopg.connect(database_url, autocommit=True) as connection:
        schema = desk.tenant.schema
        connection.execute(f"CREATE TABLE {schema}.access_log_rest PARTITION OF {schema}.access_log DEFAULT")
        entry = f"INSERT INTO {schema}.access_log (at, kind, operation, source, status) VALUES (%s, 'sign_in', 'sign_in', 'x', 201)"
        for at in (old, now - timedelta(days=2)):
            connection.execute(entry, (at,))
    await sweep_page(desk.database, desk.store, SweepRun(tenant=desk.tenant.slug), lambda: now)
    assert await desk.log(AccessDayRemoved) == [], "without a setting nothing goes"
    await desk.do(settings, SETTINGS_ID, ChangeAccessRetention(keep_days=366), ADMIN)
    for _ in range(2):
        await sweep_page(desk.database, desk.store, SweepRun(tenant=desk.tenant.slug), lambda: now)
    assert [(r.event.day, r.event.rows) for r in await desk.log(AccessDayRemoved)] == [(old.date(), 1)]
    async with desk.database.tenant(desk.tenant) as cursor:
        await cursor.execute("SELECT at FROM access_log")
        assert await cursor.fetchall() == [(now - timedelta(days=2),)]


async def test_the_same_job_lets_go_of_sign_ins_that_belong_to_no_tenant_where_the_operator_says_for_how_long(
    desk: Office, database_url: str
):
    def kept() -> int:
        return connection.execute("SELECT count(*) FROM identity.access_log").fetchone()[0]

    with psycopg.connect(database_url, autocommit=True) as connection:
        entry = "INSERT INTO identity.access_log (at, kind, operation, source, status) VALUES (%s, 'sign_in', 'sign_in', 'x', 401)"
        connection.execute(entry, (datetime.now(UTC) - timedelta(days=500),))
        run, later = SweepRun(tenant=desk.tenant.slug), SweepRun(tenant=desk.tenant.slug, after=1)
        await Activities(desk.database, desk.store).sweep_page(run)
        await Activities(desk.database, desk.store, sign_ins_keep=400).sweep_page(later)
        assert kept() == 1, "without a setting, and on later pages, none goes"
        await Activities(desk.database, desk.store, sign_ins_keep=400).sweep_page(run)
        assert kept() == 0
