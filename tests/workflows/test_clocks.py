"""Clocks: what time brings about is recorded, the owner is reminded, then the manager told; imported pasts tell no one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from temporalio.testing import TimeSkipper, TimeSkippingConfig

from domain.deals import DealCloseDateLapsed, DealStalled, ImportDeal, MoveCloseDate, deals
from domain.kernel import SYSTEM
from domain.notifications import NotificationRaised
from infra.ids import uuid7
from tests.workflows.office import ANNA, BOSS, MAX_DAYS, PIPELINE, Office
from workflows.clocks import due, next_due
from workflows.messages import DEAL_WORKFLOW, ESCALATE_AFTER
from workflows.starting import Starter
from workflows.sweep import schedule_sweep, sweep_now

STILL = TimeSkippingConfig(enabled=False)
"""Time passes as it does, until a test says that some has passed."""


async def told(desk: Office) -> list[tuple[str, object]]:
    return [(r.event.kind, r.event.member) for r in await desk.log(NotificationRaised) if isinstance(r.event, NotificationRaised)]


async def begin(desk: Office, skipper: TimeSkipper, deal) -> None:
    """Start the workflow, and wait until it has set its first clock."""
    await Starter(skipper.client).ask(desk.tenant, DEAL_WORKFLOW, deal)
    await desk.until(lambda: _sleeps(desk, deal))


async def _sleeps(desk: Office, deal) -> bool:
    history = await desk.handle(deal).fetch_history()
    return any(e.HasField("timer_started_event_attributes") for e in history.events)


async def pass_time(desk: Office, skipper: TimeSkipper, deal, days: float) -> None:
    """Both clocks go forward; decisions see the time first, as in life."""
    desk.clock.ahead += timedelta(days=days)
    await skipper.fast_forward(desk.handle(deal), timedelta(days=days))


async def test_a_stalled_deal_reminds_its_owner_and_three_days_later_tells_the_manager(desk: Office):
    skipper = TimeSkipper(desk.client, config=STILL)
    deal = await desk.open_deal(closes_in=300)
    async with desk.worker():
        await begin(desk, skipper, deal)
        await pass_time(desk, skipper, deal, MAX_DAYS - 1)
        assert await told(desk) == []
        await pass_time(desk, skipper, deal, 3)
        await desk.until(lambda: _told(desk, 1))
        assert await told(desk) == [("deal_stalled", ANNA)]
        await pass_time(desk, skipper, deal, ESCALATE_AFTER.days + 1)
        await desk.until(lambda: _told(desk, 2))
        await pass_time(desk, skipper, deal, 60)
    assert await told(desk) == [("deal_stalled", ANNA), ("deal_stalled_escalated", BOSS)]
    assert len(await desk.log(DealStalled)) == 1


async def test_a_close_date_that_passes_is_told_again_only_for_another_date(desk: Office):
    skipper = TimeSkipper(desk.client, config=STILL)
    deal = await desk.open_deal(closes_in=5)
    async with desk.worker():
        await begin(desk, skipper, deal)
        await pass_time(desk, skipper, deal, 7)
        await desk.until(lambda: _told(desk, 1))
        # the owner reacts, so the manager hears nothing
        await desk.do(deals, deal, MoveCloseDate(close_date=(desk.clock() + timedelta(days=10)).date()))
        await pass_time(desk, skipper, deal, 8)
        assert await told(desk) == [("close_date_lapsed", ANNA)]
        await pass_time(desk, skipper, deal, 4)
        await desk.until(lambda: _told(desk, 2))
    assert await told(desk) == [("close_date_lapsed", ANNA)] * 2
    assert len(await desk.log(DealCloseDateLapsed)) == 2


async def _told(desk: Office, count: int) -> bool:
    return len(await told(desk)) >= count


async def test_what_an_import_brings_overdue_is_recorded_and_told_to_no_one(desk: Office):
    deal = await _import(desk)
    async with desk.worker():
        await Starter(desk.client).ask(desk.tenant, DEAL_WORKFLOW, deal)
        await desk.until(lambda: _recorded(desk))
    assert await told(desk) == []


async def _import(desk: Office):
    deal, long_ago = uuid7(), datetime(2024, 1, 15, tzinfo=UTC)
    imported = ImportDeal(
        run=uuid7(),
        source="old",
        source_id="1",
        title="Old",
        pipeline=PIPELINE,
        stage="first",
        owner=ANNA,
        close_date=date(2024, 3, 1),
        stage_since=long_ago,
    )
    await desk.store.execute(desk.tenant, deals, deal, imported, by=SYSTEM, effective_at=long_ago)
    return deal


async def _recorded(desk: Office) -> bool:
    return len(await desk.log(DealStalled, DealCloseDateLapsed)) == 2


async def test_the_daily_sweep_records_what_is_due_where_no_workflow_looks(desk: Office):
    await desk.open_deals(3)
    await _import(desk)
    async with desk.worker():
        counts = await sweep_now(desk.client, desk.tenant)
        assert (counts.deals, counts.stalled, counts.lapsed) == (4, 1, 1)
        again = await sweep_now(desk.client, desk.tenant)
        assert (again.deals, again.stalled, again.lapsed) == (4, 0, 0)
    assert await _recorded(desk)


async def test_every_tenant_has_one_schedule_however_often_it_is_asked_for(desk: Office):
    await schedule_sweep(desk.client, desk.tenant)
    await schedule_sweep(desk.client, desk.tenant)
    description = await desk.client.get_schedule_handle("acme-daily-sweep").describe()
    assert description.schedule.policy.catchup_window == timedelta(days=1)


async def test_clocks_run_out_on_the_deals_own_day(desk: Office):
    deal = await desk.deal(await desk.open_deal(closes_in=60))
    first = next_due(deal, desk.clock())
    assert first is not None
    assert first.time() == datetime.min.time()
    assert (first.date() - deal.since.date()).days == MAX_DAYS + 1
    assert due(deal, first - timedelta(microseconds=1)) == ()
    assert len(due(deal, first)) == 1
