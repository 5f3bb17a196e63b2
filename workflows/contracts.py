"""The workflow of a contract in force: over years it wakes on the days that count, and has them looked at.

What the days have brought about is recorded by its activity. It ends when the contract has, and nothing that is owed by it is open.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.messages import ATTEND_CONTRACT, CONTRACT_WORKFLOW, ContractRun, ContractStanding
from workflows.attending import Attending

_ATTEMPTS = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=1), maximum_attempts=4)
_PATIENCE = timedelta(seconds=20)
"""For all attempts of one look together; a look after years goes through many terms."""


@workflow.defn(name=CONTRACT_WORKFLOW)
class ContractWorkflow(Attending):
    """One per contract in force. Ids in, nothing out."""

    @workflow.run
    async def run(self, run: ContractRun) -> None:
        await self.attend(run, _look)


async def _look(run: ContractRun) -> ContractStanding:
    standing: ContractStanding = await workflow.execute_local_activity(
        ATTEND_CONTRACT, run, result_type=ContractStanding, schedule_to_close_timeout=_PATIENCE, retry_policy=_ATTEMPTS
    )
    return standing
