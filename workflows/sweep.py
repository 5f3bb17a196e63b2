"""The daily sweep: what the clock brings about is recorded for every open deal, also where no workflow looks after it yet,
and the days of the access log that are over are sealed, those that are no longer kept removed.

It goes through the log in windows, so that nothing but the log has to be right for it, and yields between them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
)
from temporalio.common import RetryPolicy, WorkflowIDConflictPolicy

with workflow.unsafe.imports_passed_through():
    from domain.deals import DealCloseDateLapsed, DealCommitLost, DealStalled, deals
    from domain.kernel import SYSTEM, Refused
    from infra.access_days import seal_days
    from infra.access_retention import remove_days
    from infra.database import Database, Tenant
    from infra.event_store import Store
    from infra.temporal import RPC_TIMEOUT, TASK_QUEUE
    from workflows.clocks import due
    from workflows.holding import held
    from workflows.messages import SWEEP_PAGE, SWEEP_WORKFLOW, SweepCounts, SweepPage, SweepRun
    from workflows.opened import open_deals, opened
    from workflows.starting import reaching
from workflows.sweep_purchasing import sweep_purchasing

_PATIENCE = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
_LOADED_TOGETHER = 200


@workflow.defn(name=SWEEP_WORKFLOW)
class SweepWorkflow:
    """One sweep through one tenant's log; returns what it recorded."""

    @workflow.run
    async def run(self, run: SweepRun) -> SweepCounts:
        while True:
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(run)
            page = await workflow.execute_activity(
                SWEEP_PAGE, run, result_type=SweepPage, start_to_close_timeout=timedelta(minutes=5), retry_policy=_PATIENCE
            )
            counts = run.counts.plus(page.counts)
            if page.upto is None:
                return counts
            run = SweepRun(tenant=run.tenant, after=page.upto, counts=counts)


async def sweep_page(database: Database, store: Store, run: SweepRun, clock: Callable[[], datetime]) -> SweepPage:
    """Record what is due for the deals that begin in the window of the log after `run.after`."""
    tenant = Tenant(run.tenant)
    if await held(database, tenant):
        return SweepPage(upto=None, counts=SweepCounts())
    if run.after == 0:
        with contextlib.suppress(Refused):  # another clock is a moment behind ours: the next sweep seals the day
            await seal_days(database, store, tenant, clock())
            await remove_days(database, store, tenant, clock())
    await sweep_purchasing(database, store, tenant, run.after, clock)
    window = await opened(database, tenant, run.after)
    seen, counts = 0, dict.fromkeys((DealStalled, DealCloseDateLapsed, DealCommitLost), 0)
    for start in range(0, len(window.deals), _LOADED_TOGETHER):
        found = await open_deals(store, tenant, window.deals[start : start + _LOADED_TOGETHER])
        seen += len(found)
        for id, deal in found.items():
            for command in due(deal, clock()):
                try:
                    done = await store.execute(tenant, deals, id, command, by=SYSTEM)
                except Refused:
                    continue  # somebody is changing the deal at this moment; its own workflow, or tomorrow's sweep, looks again
                for event in done.events:
                    if type(event) in counts:
                        counts[type(event)] += 1
    found_counts = SweepCounts(
        deals=seen, stalled=counts[DealStalled], lapsed=counts[DealCloseDateLapsed], commits_lost=counts[DealCommitLost]
    )
    return SweepPage(upto=window.upto, counts=found_counts)


async def schedule_sweep(client: Client, tenant: Tenant) -> None:
    """Have the tenant swept daily from now on; quiet where that is so already. Raises TemporalUnavailable."""
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            SWEEP_WORKFLOW, SweepRun(tenant=tenant.slug), id=f"{tenant.slug}-{SWEEP_WORKFLOW}", task_queue=TASK_QUEUE
        ),
        spec=ScheduleSpec(calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(0)], minute=[ScheduleRange(10)])]),
        # a day that was missed while Temporal was away is made up for once, on its return
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(days=1)),
    )
    with contextlib.suppress(ScheduleAlreadyRunningError):
        await reaching(client.create_schedule(f"{tenant.slug}-daily-sweep", schedule, rpc_timeout=RPC_TIMEOUT))


async def sweep_now(client: Client, tenant: Tenant) -> SweepCounts:
    """Sweep the tenant at once and wait for the end. Raises TemporalUnavailable."""
    handle = await reaching(
        client.start_workflow(
            SWEEP_WORKFLOW,
            SweepRun(tenant=tenant.slug),
            id=f"{tenant.slug}-{SWEEP_WORKFLOW}-now",
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            rpc_timeout=RPC_TIMEOUT,
            result_type=SweepCounts,
        )
    )
    return await reaching(handle.result())
