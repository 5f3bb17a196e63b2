"""Wakes the workflows that an approval concerns: its own, and the one of the deal or the contract that waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

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
from workflows.messages import APPROVAL_WORKFLOW, CONTRACT_WORKFLOW, DEAL_WORKFLOW
from workflows.opened import open_deals, states_of
from workflows.starting import Starter
from workflows.tails import Fact, Tail
from workflows.waking import Waking, latest

NAME = "approval_trigger"
TOPICS = tuple(e.topic for e in (ApprovalRequested, ApprovalStepApproved, ApprovalStepRejected, ApprovalGranted, ApprovalWithdrawn))
_AT_ONCE = 8


class ApprovalTrigger:
    """A decision stays in the log until Temporal has taken it, so that none is lost while that is away."""

    def __init__(self, database: Database, store: Store, starter: Starter) -> None:
        self._store = store
        self._starter = starter
        self._waking = Waking(APPROVAL_WORKFLOW, _AT_ONCE)
        self.tail = Tail(NAME, TOPICS, self._handle, database, store.wakes)

    async def _handle(self, tenant: Tenant, facts: Sequence[Fact]) -> None:
        await self._waking.each(tenant, latest(facts).values(), self._wake)

    async def _wake(self, tenant: Tenant, fact: Fact) -> None:
        approval: Approval | None = (await self._store.load(tenant, approvals, fact.stream)).state
        if approval is None or not any(run.steps for run in approval.chains.values()):
            return  # nobody was asked: nobody waits
        # one that was decided at once still tells whoever waits
        await self._starter.ask(tenant, APPROVAL_WORKFLOW, fact.stream, fact.id)
        if not approval.open:
            await self._wake_waiting(tenant, approval, fact.id)

    async def _wake_waiting(self, tenant: Tenant, approval: Approval, event: UUID) -> None:
        if approval.noun == CONTRACT:
            if await watched_contracts(self._store, tenant, [approval.about]):
                await self._starter.ask(tenant, CONTRACT_WORKFLOW, approval.about, event)
        elif approval.noun == DEAL:
            waiting = await open_deals(self._store, tenant, [approval.about])
            if any(deal.pending is not None for deal in waiting.values()):
                await self._starter.ask(tenant, DEAL_WORKFLOW, approval.about, event)


async def open_approvals(store: Store, tenant: Tenant, ids: Sequence[UUID]) -> list[UUID]:
    """Those of the approvals that ask somebody."""
    found = await states_of(store, tenant, approvals, ids)
    return [id for id, approval in found.items() if approval.open]
