"""How fast workflows are started in the background: at a rate that leaves room for users."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

RATE = 60.0
"""Deals per second while no user waits for a workflow."""
RATE_BESIDE_USERS = 10.0
_QUIET = 1.0
"""Seconds without a move after which no user counts as waiting."""
_BUSY = 20.0
"""Commits a second above which requests want the processors; those within some 10 ms count as one."""


class Pace:
    """Lets callers through one after another, `RATE` a second, or `RATE_BESIDE_USERS` while users are about.

    `quiet_for`: seconds since a user waited for a workflow. `commits`: how many the log has had, ever rising.
    """

    def __init__(self, quiet_for: Callable[[], float], commits: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        self._quiet_for = quiet_for
        self._commits = commits
        self._clock = clock
        self._next = 0.0
        self._busy = False
        self._since, self._seen = clock(), commits()

    @property
    def beside_users(self) -> bool:
        """Whether users wait for workflows, or the log grows so fast that they want the processors."""
        passed = self._clock() - self._since
        if passed >= _QUIET:
            seen = self._commits()
            self._busy = (seen - self._seen) / passed > _BUSY
            self._since, self._seen = self._since + passed, seen
        return self._busy or self._quiet_for() <= _QUIET

    async def __call__(self) -> None:
        """Wait for one's turn."""
        rate = RATE_BESIDE_USERS if self.beside_users else RATE
        turn = max(self._next, self._clock())
        self._next = turn + 1 / rate
        await asyncio.sleep(turn - self._clock())
