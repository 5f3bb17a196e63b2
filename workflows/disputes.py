"""The workflow of a dispute that is worked on: it wakes when a clock warns or runs out, or when something happened in the case.

A late fact moves the clocks, and the log says where they stand. It ends when the case is settled or over and no corrective
action is open; the trigger starts it anew when the case is reopened.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.messages import ATTEND_DISPUTE, DISPUTE_WORKFLOW, DisputeRun, DisputeStanding
from workflows.attending import Attending

_ATTEMPTS = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=1), maximum_attempts=4)
_PATIENCE = timedelta(seconds=20)
"""For all attempts of one look together."""


@workflow.defn(name=DISPUTE_WORKFLOW)
class DisputeWorkflow(Attending):
    """One per case that is worked on. Ids in, nothing out."""

    @workflow.run
    async def run(self, run: DisputeRun) -> None:
        await self.attend(run, _look)


async def _look(run: DisputeRun) -> DisputeStanding:
    standing: DisputeStanding = await workflow.execute_local_activity(
        ATTEND_DISPUTE, run, result_type=DisputeStanding, schedule_to_close_timeout=_PATIENCE, retry_policy=_ATTEMPTS
    )
    return standing
