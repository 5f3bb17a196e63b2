"""The workflow of a paper that is with those who sign: links go out, time runs, and what all have signed is sealed.

It decides nothing. Each time it wakes, one activity reads the paper from the log, does what is left to do, and says when to look
again. What wakes it may come twice, late or in any order.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from uuid import UUID

    from workflows.messages import ATTEND_PAPER, PAPER_WORKFLOW, PaperRun, Standing

_ATTEMPTS = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=5), maximum_attempts=4)
_PATIENCE = timedelta(minutes=2)
"""For one attempt: sealing takes under a second, a mail server may take its time for each letter."""
_LONGEST_PAUSE = timedelta(minutes=5)
_SHORTEST_PAUSE = timedelta(seconds=1)


@workflow.defn(name=PAPER_WORKFLOW)
class PaperWorkflow:
    """One per paper that is out. Ids in, nothing out."""

    @workflow.init
    def __init__(self, _run: PaperRun) -> None:
        self._asked = True

    @workflow.signal
    def requested(self, event: UUID) -> None:
        """The event with this id changed something; the log has the facts."""
        workflow.logger.debug("asked by event %s", event)
        self._asked = True

    @workflow.run
    async def run(self, run: PaperRun) -> None:
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
    async def _attend(run: PaperRun) -> Standing | None:
        try:
            standing: Standing = await workflow.execute_activity(
                ATTEND_PAPER, run, result_type=Standing, start_to_close_timeout=_PATIENCE, retry_policy=_ATTEMPTS
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("the paper could not be seen to and is tried again later: %s", error)
            return None
        return standing
