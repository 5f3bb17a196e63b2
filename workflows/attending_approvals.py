"""Seeing to one approval: escalate what is overdue, tell whom it concerns. Safe to repeat at any point."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from domain.approvals import Approval, Escalate, approvals
from domain.kernel import SYSTEM
from domain.members import Member, members
from infra.access_members import Directory
from infra.database import Tenant
from infra.event_store import Store
from workflows.approval_notices import next_due, notices
from workflows.approving import next_up
from workflows.messages import Standing
from workflows.telling import tell


async def attend_approval(store: Store, directory: Directory, tenant: Tenant, id: UUID, clock: Callable[[], datetime]) -> Standing:
    """Escalate, remind and tell; then whether the round is open, and when to look again."""
    approval = await _load(store, tenant, id)
    if approval is None:
        return Standing(open=False)
    if await _escalate(store, directory, tenant, id, approval, clock()):
        approval = await _load(store, tenant, id)
        assert approval is not None
    for member, notice in notices(approval, id, await store.history(tenant, id), clock()):
        await tell(store, tenant, notice)
        if (deputy := await _stand_in(store, tenant, member, clock())) is not None and deputy not in approval.parties:
            await tell(store, tenant, notice.model_copy(update={"member": deputy}))
    return Standing(open=approval.open, next_due=next_due(approval, clock()))


async def _escalate(store: Store, directory: Directory, tenant: Tenant, id: UUID, approval: Approval, now: datetime) -> bool:
    late = [(chain, number, step) for chain, number, step in approval.pending if step.due_at is not None and step.due_at <= now]
    if not late:
        return False
    organisation = await directory.organisation(tenant)
    for chain, number, step in late:
        command = Escalate(chain=chain, step=number, to=next_up(organisation, step.asked[-1], step.posts))
        await store.execute(tenant, approvals, id, command, by=SYSTEM)
    return True


async def _load(store: Store, tenant: Tenant, id: UUID) -> Approval | None:
    approval: Approval | None = (await store.load(tenant, approvals, id)).state
    return approval


async def _stand_in(store: Store, tenant: Tenant, id: UUID, now: datetime) -> UUID | None:
    member: Member | None = (await store.load(tenant, members, id)).state
    return None if member is None else member.stand_in(now)
