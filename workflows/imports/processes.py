"""Work in copies of this process: each begins where this one stands, with all that was read and settled, and sends back what came of it.

A copy lives for one piece of work. It uses no connection, thread or loop of the original, leaves the original's to it, and ends
once nobody listens any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import warnings
from collections.abc import Callable, Coroutine, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from domain.kernel import Refused

Advance = Callable[[int], None]
"""Progress: so many more are done."""
Task = Callable[[Advance], Coroutine[Any, Any, Any]]
"""What a copy does, in an event loop of its own. What it returns or raises is pickled."""


class PartStopped(Refused):
    """A process that took part in the work was stopped from outside; what it had stored is kept."""


def most_processes() -> int:
    """How many processes can work at once on this machine; 1 where it cannot copy them safely."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


async def in_copies(tasks: Sequence[Task], advance: Advance) -> list[Any]:
    """What each task returns, each done in a copy of this process, all at once.

    The first failure ends them all and is raised; PartStopped for one that was killed.
    """
    copies: list[_Copy] = []
    loop = asyncio.get_running_loop()

    def told(count: int) -> None:
        loop.call_soon_threadsafe(advance, count)

    try:
        for task in tasks:
            copies.append(_Copy(task, copies))
        return await asyncio.gather(*(asyncio.to_thread(copy.follow, told) for copy in copies))
    finally:
        for copy in copies:
            copy.end()


class _Copy:
    def __init__(self, task: Task, others: Sequence[_Copy]) -> None:
        self._listening, saying = Pipe(duplex=False)
        with warnings.catch_warnings():
            # a copy never waits for a lock that another thread of the original may hold: it prints nothing and logs nothing
            warnings.simplefilter("ignore", DeprecationWarning)
            self._pid = os.fork()
        if self._pid == 0:
            _be_copy(task, saying, [self._listening, *(other._listening for other in others)])  # noqa: SLF001  of this class
        saying.close()
        self._ended = False

    def follow(self, advance: Advance) -> Any:
        """Listen until it is done; blocking. Returns or raises what the task did."""
        while True:
            try:
                what, value = self._listening.recv()
            except EOFError:
                raise PartStopped("A part of this was stopped from outside; do the same again, and it carries on.") from None
            if what == "more":
                advance(value)
            elif what == "done":
                return value
            else:
                raise value

    def end(self) -> None:
        """It is gone after this, if it was not."""
        if not self._ended:
            self._ended = True
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)


def _be_copy(task: Task, saying: Connection, inherited: Sequence[Connection]) -> None:
    """The copy's whole life. It never returns into the frames that it has copied."""
    try:
        for listening in inherited:
            listening.close()  # or nobody would notice that the original is gone
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the original is told, too, and ends its copies
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)

        def advance(count: int) -> None:
            saying.send(("more", count))

        async def work() -> Any:
            return await task(advance)

        try:
            answer = "done", asyncio.run(work())
        except Exception as failure:  # noqa: BLE001  raised by who listens
            answer = "failed", failure
        saying.send(answer)
    except OSError:
        pass  # nobody listens
    finally:
        os._exit(0)
