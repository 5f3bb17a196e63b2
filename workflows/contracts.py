"""The workflow of a contract in force: over years it wakes on the days that count, and has them looked at.

It decides nothing. Each time it wakes, one activity reads the contract from the log, records what the days have brought about, tells
whom it concerns, and says when to look again. What wakes it may come twice, late or in any order: the log says what is left to do.
It ends when the contract has, and nothing that is owed by it is open.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from uuid import UUID

    from workflows.messages import ATTEND_CONTRACT, CONTRACT_WORKFLOW, ContractRun, ContractStanding

_ATTEMPTS = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=1), maximum_attempts=4)
_PATIENCE = timedelta(seconds=20)
"""For all attempts of one look together; a look after years goes through many terms."""
_LONGEST_PAUSE = timedelta(minutes=1)
"""Between tries when the log cannot be reached."""
_SHORTEST_PAUSE = timedelta(seconds=1)


@workflow.defn(name=CONTRACT_WORKFLOW)
class ContractWorkflow:
    """One per contract in force. Ids in, nothing out."""

    @workflow.init
    def __init__(self, run: ContractRun) -> None:
        self._asked = True
        self._told = run.told

    @workflow.signal
    def requested(self, event: UUID) -> None:
        """The event with this id changed something; the log has the facts."""
        workflow.logger.debug("asked by event %s", event)
        self._asked = True

    @workflow.run
    async def run(self, run: ContractRun) -> None:
        failures = 0
        while True:
            if workflow.info().is_continue_as_new_suggested():
                # nothing is lost between the runs: the next one looks first
                workflow.continue_as_new(run.model_copy(update={"told": self._told}))
            self._asked = False
            standing = await self._attend(run)
            if standing is not None and not standing.open and not self._asked:
                return
            failures = failures + 1 if standing is None else 0
            pause = min(timedelta(seconds=2.0**failures), _LONGEST_PAUSE) if failures else None
            if standing is not None and standing.next_due is not None:
                pause = max(standing.next_due - workflow.now(), _SHORTEST_PAUSE)
            try:
                await workflow.wait_condition(lambda: self._asked, timeout=pause)
            except TimeoutError:
                continue

    async def _attend(self, run: ContractRun) -> ContractStanding | None:
        ask = run.model_copy(update={"told": self._told})
        try:
            standing: ContractStanding = await workflow.execute_local_activity(
                ATTEND_CONTRACT, ask, result_type=ContractStanding, schedule_to_close_timeout=_PATIENCE, retry_policy=_ATTEMPTS
            )
        except FailureError as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("the contract could not be seen to and is tried again later: %s", error)
            return None
        self._told = standing.told
        return standing
