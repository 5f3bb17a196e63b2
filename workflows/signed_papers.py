"""What follows from the end of a paper: the contract or amendment is signed by what all have signed, and whoever sent it hears of it.

Safe to repeat: the contract takes a paper once, and a member is told once.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.contract_dates import local_day
from domain.contracts import Contract, contracts
from domain.contracts.commands import ActivateContract, SignAmendment
from domain.contracts.terms import SignedPaper
from domain.kernel import SYSTEM, Command, Refused, natural_id
from domain.notifications import Notify
from domain.papers import Paper, PaperStatus
from domain.papers.agreements import is_agreement
from infra.database import Tenant
from infra.event_store import Store
from infra.event_store.requests import KeyReused, VersionConflict
from workflows.telling import tell
from workflows.titles import titled

_ENDS = {
    PaperStatus.COMPLETED: (" is signed by all", "It is sealed and kept; every signatory finds it behind their link."),
    PaperStatus.DECLINED: (" was declined", "Its history says who and why: `concord replay`."),
    PaperStatus.EXPIRED: (" was not signed in time", "Not everybody signed by the last day."),
}


async def settle(store: Store, tenant: Tenant, id: UUID, paper: Paper, now: datetime) -> None:
    """Do what follows from how the paper ended; quiet where it has not."""
    if paper.status not in _ENDS:
        return
    says, body = _ENDS[paper.status]
    if is_agreement(paper):
        if paper.status is PaperStatus.COMPLETED:
            refused = await _signed(store, tenant, id, paper, now)
            body = f"{body} {'It is in force by it.' if refused is None else f'But it could not be taken as signed: {refused.detail}'}"
        else:
            body = f"{body} What it was to be signed as stays approved: `concord papers prepare` prints it again, to be sent anew."
    title = titled(f"{paper.title} ({paper.number})", says)
    cause = natural_id("paper ended", str(id), paper.status.value)
    await tell(
        store,
        tenant,
        Notify(member=paper.by, kind=f"paper_{paper.status.value}", noun="paper", about=id, cause=cause, title=title, body=body),
    )


async def _signed(store: Store, tenant: Tenant, id: UUID, paper: Paper, now: datetime) -> Refused | None:
    """Let the contract, or the amendment, be signed by the sealed paper; why not, where it cannot be any more."""
    contract: Contract | None = (await store.load(tenant, contracts, paper.subject.id)).state
    assert contract is not None, "a paper is about something"
    assert paper.sealed is not None, "what is complete is sealed"
    assert paper.signed_on is not None, "what is complete has its day"
    sealed = SignedPaper(id=id, reference=paper.number, sha256=paper.sealed.sha256)
    # the last signature is dated in UTC, the contract in its own zone, which may be a day behind
    day, part = min(paper.signed_on, local_day(now, contract.zone)), paper.subject.part
    command: Command = ActivateContract(signed_on=day, paper=sealed)
    if part is not None:
        command = SignAmendment(amendment=part, signed_on=day, paper=sealed)
    try:
        await store.execute(tenant, contracts, paper.subject.id, command, by=SYSTEM, command_id=natural_id("paper step", str(id), "sign"))
    except (VersionConflict, KeyReused):
        raise  # says nothing about the contract: it is tried again
    except Refused as refused:
        return None if _by(contract, id, part) else refused
    return None


def _by(contract: Contract, paper: UUID, amendment: UUID | None) -> bool:
    """Whether the contract, or its amendment, was signed by this paper already, by hand."""
    if amendment is not None:
        held = contract.amendments.get(amendment)
        return held is not None and held.settled and held.approved
    return contract.paper is not None and contract.paper.id == paper and contract.signed_on is not None
