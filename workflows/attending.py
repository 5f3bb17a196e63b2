"""What the workflows of approvals, contracts, disputes and papers have in common: they wake, have their stream looked at, and sleep.

They decide nothing. Each time one wakes, one activity reads the stream from the log, does what is left to do, tells whom it
concerns, and says when to look again. What wakes it may come twice, late or in any order: the log says what is left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol, TypeVar

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from datetime import datetime
    from uuid import UUID

    from workflows.messages import Message, Telling

_SHORTEST_PAUSE = timedelta(seconds=1)


class Seen(Protocol):
    """What a look says. `open`: something may still come, next at `next_due`, or else when an event does."""

    @property
    def open(self) -> bool: ...
    @property
    def next_due(self) -> datetime | None: ...


_Run = TypeVar("_Run", bound=Message)


class Attending:
    """Base of a workflow: one per stream that has something to wait for. Ids in, nothing out."""

    def __init__(self) -> None:
        self._asked = True

    @workflow.signal
    def requested(self, event: UUID) -> None:
        """The event with this id changed something; the log has the facts."""
        workflow.logger.debug("asked by event %s", event)
        self._asked = True

    async def attend(self, run: _Run, look: Callable[[_Run], Awaitable[Seen]], longest_pause: timedelta = timedelta(minutes=1)) -> None:
        """Look until nothing is left to wait for. A look that fails is tried again, after pauses that double up to the longest."""
        failures = 0
        while True:
            if workflow.info().is_continue_as_new_suggested():
                # nothing is lost between the runs: the next one looks first
                workflow.continue_as_new(run)
            self._asked = False
            pause = None
            try:
                seen = await look(run)
            except FailureError as error:
                if is_cancelled_exception(error):
                    raise
                workflow.logger.warning("%s could not be seen to and is tried again later: %s", workflow.info().workflow_id, error)
                failures += 1
                pause = min(timedelta(seconds=2.0**failures), longest_pause)
            else:
                if not seen.open and not self._asked:
                    return
                failures = 0
                if isinstance(seen, Telling):
                    run = run.model_copy(update={"told": seen.told})
                if seen.next_due is not None:
                    pause = max(seen.next_due - workflow.now(), _SHORTEST_PAUSE)
            try:
                await workflow.wait_condition(lambda: self._asked, timeout=pause)
            except TimeoutError:
                continue
