"""S26: the daily sweep seals the days of the access log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from infra.access_days import sealed_days
from tests.workflows.office import Office
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
