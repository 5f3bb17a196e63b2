"""Histories of every branch of an approval's workflow, for `test_replay.py`."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from domain.approvals import Approve, approvals
from infra.database import StoreUnavailable
from infra.ids import uuid7
from infra.temporal import connect
from tests.workflows.office import SANDBOX, Activities, Office
from tests.workflows.test_approvals import DIRECTOR, MANAGER, discounted, furnish, told, waits
from workflows.messages import APPROVAL_WORKFLOW, ApprovalRun, Standing
from workflows.worker import worker_of


class FalteringApprovals(Activities):
    """Fails the first looks at an approval, longer than the workflow tries at once."""

    failures = 5

    async def _attend_approval(self, ask: ApprovalRun) -> Standing:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("the log is away")
        return await super()._attend_approval(ask)


def handle_of(desk: Office, approval: UUID) -> WorkflowHandle:
    return desk.handle(approval, APPROVAL_WORKFLOW)


async def agreed(desk: Office) -> WorkflowHandle:
    """Asked, and answered."""
    await furnish(desk)
    client = await connect(desk.address, desk.client.namespace, lazy=False)
    async with worker_of(client, desk.activities(), SANDBOX), desk.trigger():
        deal = await discounted(desk)
        await desk.ask(deal, "second")
        approval = await waits(desk, deal)
        await told(desk, "approval_asked")
        await desk.do(approvals, approval, Approve(), MANAGER)
        await handle_of(desk, approval).result()
    return handle_of(desk, approval)


async def escalated(desk: Office) -> WorkflowHandle:
    """Reminded, escalated after silence, then answered by the next one up."""
    client = await connect(desk.address, desk.client.namespace, lazy=False)
    async with worker_of(client, desk.activities(), SANDBOX), desk.trigger():
        deal = await discounted(desk)
        await desk.ask(deal, "second")
        approval = await waits(desk, deal)
        await told(desk, "approval_asked", 2)
        skipper = TimeSkipper(desk.client, config=TimeSkippingConfig(enabled=False))

        async def move_on(to: datetime) -> None:
            ahead = to - desk.clock() + timedelta(seconds=1)
            desk.clock.ahead += ahead
            await skipper.fast_forward(handle_of(desk, approval), ahead)

        (_, _, step), *_ = (await desk.store.load(desk.tenant, approvals, approval)).state.pending
        await move_on(step.asked_at + (step.due_at - step.asked_at) / 2)
        await told(desk, "approval_reminder")
        await move_on(step.due_at)
        await told(desk, "approval_escalated")
        await desk.do(approvals, approval, Approve(), DIRECTOR)
        await handle_of(desk, approval).result()
    desk.clock.ahead = timedelta(0)
    return handle_of(desk, approval)


async def tried_again(desk: Office) -> WorkflowHandle:
    """The log could not be reached at first."""
    client = await connect(desk.address, desk.client.namespace, lazy=False)
    async with worker_of(client, FalteringApprovals(desk.database, desk.store, desk.clock), SANDBOX), desk.trigger():
        deal = await discounted(desk)
        await desk.ask(deal, "second")
        approval = await waits(desk, deal)
        await told(desk, "approval_asked", 3)
    return handle_of(desk, approval)


async def continued(desk: Office) -> WorkflowHandle:
    """Woken so often that it continues as new."""
    await furnish(desk)
    client = await connect(desk.address, desk.client.namespace, lazy=False)
    async with worker_of(client, desk.activities(), SANDBOX), desk.trigger():
        deal = await discounted(desk)
        await desk.ask(deal, "second")
        approval = await waits(desk, deal)
        await told(desk, "approval_asked")
        handle = handle_of(desk, approval)
        first = None
        while True:
            description = await handle.describe()
            first = first or description.run_id
            if description.run_id != first:
                break
            await handle.signal("requested", uuid7())
            await asyncio.sleep(0.3)
    return desk.client.get_workflow_handle(handle.id, run_id=first)
