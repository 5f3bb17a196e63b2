"""Who is asked for their consent now, and since when: as the log says, whatever waits for it."""

from __future__ import annotations

from uuid import UUID

from api.callers import Caller
from api.registers import state_at
from domain.approvals import Approval, approvals
from domain.kernel import DECIDERS
from projections.approval_list import AskedCard
from projections.as_of import AsOf


async def asked_now(caller: Caller, approval: UUID | None, as_of: AsOf) -> list[AskedCard]:
    """The steps of an approval that wait for an answer; none where nobody was asked."""
    known: Approval | None = (await state_at(caller, approvals, approval, as_of))[0] if approval is not None else None
    found = []
    for chain, _, step in known.pending if known is not None and known.open else ():
        people = [(await state_at(caller, DECIDERS["member"], id, as_of))[0] for id in step.asked]
        names = [person.name if person else "somebody unknown" for person in people]
        found.append(
            AskedCard(
                approval=approval,
                chain=chain,
                asked=list(step.asked),
                asked_names=names,
                since=step.asked_at,
                due_at=step.due_at,
            )
        )
    return found
