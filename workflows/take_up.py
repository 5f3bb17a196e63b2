"""Taking up open deals in the background: their clocks start without anyone waiting for it, at a rate that leaves room for users.

A deal that its source closes, or whose import is undone, is no longer looked after: its workflow is woken and ends.

A move asked of a deal that has not been taken up yet goes through the trigger and starts its workflow at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from domain.deals import DealCloseDateLapsed, DealCloseDateMoved, DealPipelineMigrated, DealStalled
from domain.deals.imported import DealImportUndone, DealStageReported
from infra.database import Database, Tenant
from infra.event_store import Store
from workflows.messages import APPROVAL_WORKFLOW, DEAL_WORKFLOW
from workflows.opened import BEGINNINGS, open_deals
from workflows.pace import Pace
from workflows.starting import Starter
from workflows.tails import Fact, Tail, together
from workflows.waking import Waking

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
_BATCH = 50
_AT_ONCE = 4


class TakeUp:
    """Starts the workflows of deals that were opened or imported. How far it has come is its tracking row's position."""

    def __init__(self, database: Database, store: Store, starter: Starter, quiet_for: Callable[[], float]) -> None:
        self._store = store
        self._starter = starter
        self._waking = Waking(DEAL_WORKFLOW, _AT_ONCE, Pace(quiet_for, lambda: store.wakes.rung))
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
        await self._waking.each(tenant, (fact for fact in by_deal.values() if fact.stream in waiting), self._take)
        await self._waking.each(tenant, (fact for fact in ended.values() if fact.stream not in waiting), self._end)
        # one whose history was told before anybody followed it may wait for approvers already
        held = [deal.approval for deal in waiting.values() if deal.approvals and deal.approval is not None]
        await together(self._starter.ask(tenant, APPROVAL_WORKFLOW, approval, approval) for approval in held)

    async def _take(self, tenant: Tenant, fact: Fact) -> None:
        begins = fact.topic == DealStageReported.topic or fact.version == 1
        # a deal imported anew may meet the workflow that is about to end with its undoing
        await self._starter.ask(tenant, DEAL_WORKFLOW, fact.stream, None if begins else fact.id)

    async def _end(self, tenant: Tenant, fact: Fact) -> None:
        await self._starter.wake(tenant, DEAL_WORKFLOW, fact.stream, fact.id)
