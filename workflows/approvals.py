"""The workflow of an open approval: it reminds who is asked, and asks their manager when a deadline passes in silence.

It decides nothing. Each time it wakes, one activity reads the approval from the log, escalates what is overdue, tells whom it
concerns, and says when to look again. What wakes it may come twice, late or in any order. Silence approves nothing.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from uuid import UUID

    from workflows.messages import APPROVAL_WORKFLOW, ATTEND_APPROVAL, ApprovalRun, Standing

_ATTEMPTS = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=1), maximum_attempts=4)
_PATIENCE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(minutes=1)
"""Between tries when the log cannot be reached."""
_SHORTEST_PAUSE = timedelta(seconds=1)


@workflow.defn(name=APPROVAL_WORKFLOW)
class ApprovalWorkflow:
    """One per approval while a round is open. Ids in, nothing out."""

    @workflow.init
    def __init__(self, _run: ApprovalRun) -> None:
        self._asked = True

    @workflow.signal
    def requested(self, event: UUID) -> None:
        """The event with this id changed something; the log has the facts."""
        workflow.logger.debug("asked by event %s", event)
        self._asked = True

    @workflow.run
    async def run(self, run: ApprovalRun) -> None:
        failures = 0
        while True:
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(run)
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

    @staticmethod
    async def _attend(run: ApprovalRun) -> Standing | None:
        try:
            standing: Standing = await workflow.execute_local_activity(
                ATTEND_APPROVAL, run, result_type=Standing, schedule_to_close_timeout=_PATIENCE, retry_policy=_ATTEMPTS
            )
        except FailureError as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("the approval could not be seen to and is tried again later: %s", error)
            return None
        return standing
