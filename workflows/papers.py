"""The workflow of a paper that is with those who sign: links go out, time runs, and what all have signed is sealed."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.messages import ATTEND_PAPER, PAPER_WORKFLOW, PaperRun, Standing
from workflows.attending import Attending

_ATTEMPTS = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=5), maximum_attempts=4)
_PATIENCE = timedelta(minutes=2)
"""For one attempt: sealing takes under a second, a mail server may take its time for each letter."""
_LONGEST_PAUSE = timedelta(minutes=5)


@workflow.defn(name=PAPER_WORKFLOW)
class PaperWorkflow(Attending):
    """One per paper that is out. Ids in, nothing out."""

    @workflow.run
    async def run(self, run: PaperRun) -> None:
        await self.attend(run, _look, longest_pause=_LONGEST_PAUSE)


async def _look(run: PaperRun) -> Standing:
    standing: Standing = await workflow.execute_activity(
        ATTEND_PAPER, run, result_type=Standing, start_to_close_timeout=_PATIENCE, retry_policy=_ATTEMPTS
    )
    return standing
