"""Wakes the workflows that an approval concerns: its own, and the one of the deal or the contract that waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from temporalio.service import RPCError

from domain.approvals import (
    Approval,
    ApprovalGranted,
    ApprovalRequested,
    ApprovalStepApproved,
    ApprovalStepRejected,
    ApprovalWithdrawn,
    approvals,
)
from domain.contracts.consent import NOUN as CONTRACT
from domain.deals.approving import NOUN as DEAL
from infra.database import Database, Tenant
from infra.event_store import Store
from workflows.contract_trigger import watched_contracts
from workflows.opened import open_deals
from workflows.starting import Starter
from workflows.tails import Fact, Tail, together

NAME = "approval_trigger"
TOPICS = tuple(e.topic for e in (ApprovalRequested, ApprovalStepApproved, ApprovalStepRejected, ApprovalGranted, ApprovalWithdrawn))
_AT_ONCE = 8

_log = logging.getLogger("concord.workflows")


class ApprovalTrigger:
    """A decision stays in the log until Temporal has taken it, so that none is lost while that is away."""

    def __init__(self, database: Database, store: Store, starter: Starter) -> None:
        self._store = store
        self._starter = starter
        self._limit = asyncio.Semaphore(_AT_ONCE)
        self.tail = Tail(NAME, TOPICS, self._handle, database, store.wakes)

    async def _handle(self, tenant: Tenant, facts: Sequence[Fact]) -> None:
        latest: dict[UUID, Fact] = {fact.stream: fact for fact in facts}
        await together(self._wake(tenant, fact) for fact in latest.values())

    async def _wake(self, tenant: Tenant, fact: Fact) -> None:
        async with self._limit:
            approval: Approval | None = (await self._store.load(tenant, approvals, fact.stream)).state
            if approval is None or not any(run.steps for run in approval.chains.values()):
                return  # nobody was asked: nobody waits
            try:
                # one that was decided at once still tells whoever waits
                await self._starter.ask_approval(tenant, fact.stream, fact.id)
                if not approval.open:
                    await self._wake_waiting(tenant, approval, fact.id)
            except RPCError as error:
                # one approval's trouble must not hold up the others; `concord workflows reconcile` asks again
                _log.error("the workflows of approval %s of tenant %s could not be woken: %s", fact.stream, tenant.slug, error)

    async def _wake_waiting(self, tenant: Tenant, approval: Approval, event: UUID) -> None:
        if approval.noun == CONTRACT:
            if await watched_contracts(self._store, tenant, [approval.about]):
                await self._starter.ask_contract(tenant, approval.about, event)
        elif approval.noun == DEAL:
            waiting = await open_deals(self._store, tenant, [approval.about])
            if any(deal.pending is not None for deal in waiting.values()):
                await self._starter.ask(tenant, approval.about, event)


async def open_approvals(store: Store, tenant: Tenant, ids: Sequence[UUID]) -> list[UUID]:
    """Those of the approvals that ask somebody."""
    found = await asyncio.gather(*(store.load(tenant, approvals, id) for id in ids))
    states: dict[UUID, Approval | None] = {id: loaded.state for id, loaded in zip(ids, found, strict=True)}
    return [id for id, approval in states.items() if approval is not None and approval.open]
