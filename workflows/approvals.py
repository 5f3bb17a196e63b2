"""The workflow of an open approval: it reminds who is asked, and asks their manager when a deadline passes in silence.

Silence approves nothing.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.messages import APPROVAL_WORKFLOW, ATTEND_APPROVAL, ApprovalRun, Standing
from workflows.attending import Attending

_ATTEMPTS = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=1), maximum_attempts=4)
_PATIENCE = timedelta(seconds=10)
"""For all attempts of one look together."""


@workflow.defn(name=APPROVAL_WORKFLOW)
class ApprovalWorkflow(Attending):
    """One per approval while a round is open. Ids in, nothing out."""

    @workflow.run
    async def run(self, run: ApprovalRun) -> None:
        await self.attend(run, _look)


async def _look(run: ApprovalRun) -> Standing:
    standing: Standing = await workflow.execute_local_activity(
        ATTEND_APPROVAL, run, result_type=Standing, schedule_to_close_timeout=_PATIENCE, retry_policy=_ATTEMPTS
    )
    return standing
