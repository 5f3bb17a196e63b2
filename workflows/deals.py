"""The workflow of an open deal: it sees to the deal whenever something was asked of it, or one of its clocks has run out.

It decides nothing about deals. Each time it wakes, one activity reads the deal from the log, carries out the move that is
pending there, records what is due, and says how the deal stands. What wakes it may therefore come twice, late or in any
order: the log says what is left to do. Approvals and signatures, when they come, are awaited here, between the wake and
the activity's entering of the stage; until they are given the move stays pending in the log.

It ends when the deal is won or lost; the trigger starts it anew when the deal is reopened.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from uuid import UUID

    from workflows.messages import ATTEND, DEAL_WORKFLOW, ESCALATE_AFTER, Attend, DealRun, Standing

_ATTEMPTS = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=1), maximum_attempts=4)
_PATIENCE = timedelta(seconds=10)
"""For all attempts of one look together. The SDK panics on a start-to-close timeout whose worker was replaced meanwhile."""
_LONGEST_PAUSE = 60.0
"""Seconds between tries when the log cannot be reached, or a fault of ours keeps a deal from being seen to."""
_SHORTEST_PAUSE = timedelta(seconds=1)


@workflow.defn(name=DEAL_WORKFLOW)
class DealWorkflow:
    """One per open deal. Ids in, nothing out."""

    @workflow.init
    def __init__(self, run: DealRun) -> None:
        self._asked = True  # a run that starts, for whatever reason, looks at the deal first
        self._escalations: dict[UUID, datetime | None] = dict(run.escalations)
        self._clocks: set[datetime] = set()
        self._failures = 0
        self._sleepers: set[asyncio.Task[None]] = set()

    @workflow.signal
    def requested(self, event: UUID) -> None:
        """The event with this id asks for something, most often for a move; the log has the facts."""
        workflow.logger.debug("asked by event %s", event)
        self._asked = True

    @workflow.run
    async def run(self, run: DealRun) -> None:
        while True:
            await workflow.wait_condition(lambda: self._asked)
            if workflow.info().is_continue_as_new_suggested():
                # nothing is lost between the runs: the next one looks first
                workflow.continue_as_new(run.model_copy(update={"escalations": self._escalations}))
            self._asked = False
            standing = await self._attend(run)
            if standing is None:
                self._failures += 1
                self._wake(workflow.now() + timedelta(seconds=min(2.0**self._failures, _LONGEST_PAUSE)))
                continue
            self._failures = 0
            if not standing.open and not self._asked:
                return
            self._settle(standing)

    async def _attend(self, run: DealRun) -> Standing | None:
        now = workflow.now()
        ripe = tuple(concern for concern, at in self._escalations.items() if at is not None and at <= now)
        ask = Attend(tenant=run.tenant, deal=run.deal, known=tuple(self._escalations), escalate=ripe)
        try:
            # local: a move then costs one workflow task instead of two and a task of its own
            standing: Standing = await workflow.execute_local_activity(
                ATTEND, ask, result_type=Standing, schedule_to_close_timeout=_PATIENCE, retry_policy=_ATTEMPTS
            )
        except FailureError as error:  # of a local activity as it is, not inside an ActivityError
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("the deal could not be seen to and is tried again later: %s", error)
            return None
        self._escalations |= dict.fromkeys(ripe)
        return standing

    def _settle(self, standing: Standing) -> None:
        """Set the clocks for what is left to come."""
        now = workflow.now()
        kept = {concern: self._escalations.get(concern, now + ESCALATE_AFTER) for concern in standing.concerns}
        self._escalations = kept
        coming = [at for at in (standing.next_due, *kept.values()) if at is not None]
        if coming:
            self._wake(min(coming))

    def _wake(self, at: datetime) -> None:
        """Look again at that instant. A clock that was set before is never cancelled: it makes us look once more, in vain."""
        if any(clock <= at for clock in self._clocks):
            return
        self._clocks.add(at)
        sleeper = asyncio.create_task(self._sleep_until(at))
        self._sleepers.add(sleeper)
        sleeper.add_done_callback(self._sleepers.discard)

    async def _sleep_until(self, at: datetime) -> None:
        await workflow.sleep(max(at - workflow.now(), _SHORTEST_PAUSE))
        self._clocks.discard(at)
        self._asked = True
