"""The workflow of a dispute that is worked on: it wakes when a clock warns or runs out, or when something happened in the case.

It decides nothing. Each time it wakes, one activity reads the case from the log, records what has fallen due, tells whom it
concerns, and says when to look again. What wakes it may come twice, late or in any order: a late fact moves the clocks, and
the log says where they stand. It ends when the case is settled or over and no corrective action is open; the trigger starts
it anew when the case is reopened.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from uuid import UUID

    from workflows.messages import ATTEND_DISPUTE, DISPUTE_WORKFLOW, DisputeRun, DisputeStanding

_ATTEMPTS = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=1), maximum_attempts=4)
_PATIENCE = timedelta(seconds=20)
"""For all attempts of one look together."""
_LONGEST_PAUSE = timedelta(minutes=1)
"""Between tries when the log cannot be reached."""
_SHORTEST_PAUSE = timedelta(seconds=1)


@workflow.defn(name=DISPUTE_WORKFLOW)
class DisputeWorkflow:
    """One per case that is worked on. Ids in, nothing out."""

    @workflow.init
    def __init__(self, run: DisputeRun) -> None:
        self._asked = True
        self._told = run.told

    @workflow.signal
    def requested(self, event: UUID) -> None:
        """The event with this id changed something; the log has the facts."""
        workflow.logger.debug("asked by event %s", event)
        self._asked = True

    @workflow.run
    async def run(self, run: DisputeRun) -> None:
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

    async def _attend(self, run: DisputeRun) -> DisputeStanding | None:
        ask = run.model_copy(update={"told": self._told})
        try:
            standing: DisputeStanding = await workflow.execute_local_activity(
                ATTEND_DISPUTE, ask, result_type=DisputeStanding, schedule_to_close_timeout=_PATIENCE, retry_policy=_ATTEMPTS
            )
        except FailureError as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("the dispute could not be seen to and is tried again later: %s", error)
            return None
        self._told = standing.told
        return standing
