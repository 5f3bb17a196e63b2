"""Taking up open deals in the background: their clocks start without anyone waiting for it, at a rate that leaves room for users.

A deal that its source closes, or whose import is undone, is no longer looked after: its workflow is woken and ends.

A move asked of a deal that has not been taken up yet goes through the trigger and starts its workflow at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from uuid import UUID

from temporalio.service import RPCError

from domain.deals import DealCloseDateLapsed, DealCloseDateMoved, DealPipelineMigrated, DealStalled
from domain.deals.imported import DealImportUndone, DealStageReported
from infra.database import Database, Tenant
from infra.event_store import Store
from workflows.opened import BEGINNINGS, open_deals
from workflows.starting import Starter
from workflows.tails import Fact, Tail, together

NAME = "take_up"
STARTS = (*BEGINNINGS, DealStageReported.topic)
"""What may bring an open deal that nobody looks after yet."""
ENDS = (DealImportUndone.topic, DealStageReported.topic)
"""What may leave a running workflow without an open deal, unseen by that workflow."""
TOPICS = (
    *STARTS,
    DealImportUndone.topic,
    DealCloseDateMoved.topic,
    DealPipelineMigrated.topic,
    DealStalled.topic,
    DealCloseDateLapsed.topic,
)
"""After the others a workflow has to set its clocks anew, to remind somebody, or to end."""
RATE = 60.0
"""Deals per second while no user waits for a workflow."""
RATE_BESIDE_USERS = 10.0
_QUIET = 1.0
"""Seconds without a move after which no user counts as waiting."""
_BUSY = 20.0
"""Commits a second above which requests want the processors; those within some 10 ms count as one."""
_BATCH = 50
_AT_ONCE = 4

_log = logging.getLogger("concord.workflows")


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


class TakeUp:
    """Starts the workflows of deals that were opened or imported. How far it has come is its tracking row's position."""

    def __init__(self, database: Database, store: Store, starter: Starter, quiet_for: Callable[[], float]) -> None:
        self._store = store
        self._starter = starter
        self._pace = Pace(quiet_for, lambda: store.wakes.rung)
        self._limit = asyncio.Semaphore(_AT_ONCE)
        self.tail = Tail(NAME, TOPICS, self._handle, database, store.wakes, batch=_BATCH, gap=0.25)

    async def _handle(self, tenant: Tenant, facts: Sequence[Fact]) -> None:
        by_deal: dict[UUID, Fact] = {}
        ended: dict[UUID, Fact] = {}
        # a deal that is closed within the batch that brings it never had a workflow; most imported ones are such
        begun = {fact.stream for fact in facts if fact.topic in BEGINNINGS and fact.version == 1}
        for fact in facts:
            known = by_deal.get(fact.stream)
            # a deal that begins and changes in one batch is looked at once, when it starts
            if known is None or known.topic not in STARTS:
                by_deal[fact.stream] = fact
            if fact.topic in ENDS and fact.stream not in begun:
                ended[fact.stream] = fact
        waiting = await open_deals(self._store, tenant, list(by_deal))
        open_ones = [self._take(tenant, fact) for fact in by_deal.values() if fact.stream in waiting]
        # one whose history was told before anybody followed it may wait for approvers already
        held = [deal.approval for deal in waiting.values() if deal.approvals and deal.approval is not None]
        open_ones += [self._starter.ask_approval(tenant, approval, approval) for approval in held]
        over = [self._take(tenant, fact, over=True) for fact in ended.values() if fact.stream not in waiting]
        await together([*open_ones, *over])

    async def _take(self, tenant: Tenant, fact: Fact, *, over: bool = False) -> None:
        async with self._limit:
            await self._pace()
            try:
                if over:
                    await self._starter.wake(tenant, fact.stream, fact.id)
                elif fact.topic == DealStageReported.topic or fact.version == 1:
                    await self._starter.start(tenant, fact.stream)
                else:
                    # a deal imported anew may meet the workflow that is about to end with its undoing
                    await self._starter.ask(tenant, fact.stream, fact.id)
            except RPCError as error:
                _log.error("deal %s of tenant %s could not be taken up: %s", fact.stream, tenant.slug, error)
