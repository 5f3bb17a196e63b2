"""From the draft to the signature: reviewed and allowed by other eyes than those that wrote it, sent out, signed."""

from __future__ import annotations

from datetime import date
from typing import Protocol
from uuid import UUID

from domain.contract_dates import local_day
from domain.contracts import commands as c
from domain.contracts import events as e
from domain.contracts.consent import consented, let_go
from domain.contracts.content import content_hash
from domain.contracts.refusals import (
    ContentChanged,
    ContractSigned,
    DayInFuture,
    OwnReview,
    PaperNotSealed,
    PaperStillOut,
    ReviewNeedsLegal,
    WrongState,
)
from domain.contracts.state import BEFORE_SIGNING, Contract
from domain.contracts.terms import ContractStatus, SignedPaper
from domain.deals.references import paper_read
from domain.documents import DocumentRef
from domain.kernel import SYSTEM, Context, Event, On, Outcome, Read, Role

REVIEWERS = frozenset({Role.LEGAL, Role.FINANCE_CHIEF, Role.EXECUTIVE})
"""Roles that allow a contract, or an amendment, to be signed; Concord's own approvals may too."""


def check_state(contract: Contract, *needed: ContractStatus) -> None:
    """Refuse what only makes sense in other states."""
    if contract.status in needed:
        return
    if contract.status not in BEFORE_SIGNING:
        raise ContractSigned("This contract was signed and stays as it is; propose an amendment.", status=contract.status.value)
    raise WrongState(
        f"This contract is {contract.status.value.replace('_', ' ')}; it has to be {' or '.join(s.value.replace('_', ' ') for s in needed)}.",
        status=contract.status.value,
        needed=[status.value for status in needed],
    )


def check_reviewer(ctx: Context, *own: UUID | None) -> None:
    """Refuse who may not review, and whose own work it is, in person or by another. Raises ReviewNeedsLegal, OwnReview."""
    if ctx.actor.id == SYSTEM.id and ctx.actor.on_behalf_of is None:
        return
    if ctx.actor.id != SYSTEM.id and not ctx.actor.has(*REVIEWERS):
        raise ReviewNeedsLegal(
            "Only legal, the finance chief and executives allow it to be signed; ask one of them.", roles=sorted(REVIEWERS)
        )
    if {ctx.actor.id, ctx.actor.on_behalf_of} & {member for member in own if member is not None}:
        raise OwnReview("Nobody allows what is their own; ask another member of legal.")


def check_past(day: date, zone_name: str, ctx: Context) -> None:
    """Refuse what would have happened after today."""
    today = local_day(ctx.now, zone_name)
    if day > today:
        raise DayInFuture(f"{day} has not come yet; give {today} or an earlier day.", day=day.isoformat(), today=today.isoformat())


def check_at_home(contract: Contract) -> None:
    """Refuse to take back what those who sign still have. Raises PaperStillOut."""
    if contract.status is ContractStatus.OUT_FOR_SIGNATURE and contract.paper is not None and contract.paper.id is not None:
        reference = contract.paper.reference
        raise PaperStillOut(f"{reference} is with those who sign: concord papers void {reference} first.", reference=reference)


class SealedPaper(Protocol):
    """What a contract reads of a paper of ours."""

    @property
    def subject(self) -> PaperPart: ...
    @property
    def sealed(self) -> DocumentRef | None: ...
    @property
    def content(self) -> str | None: ...


class PaperPart(Protocol):
    """What a paper is about."""

    @property
    def noun(self) -> str: ...
    @property
    def id(self) -> UUID: ...
    @property
    def part(self) -> UUID | None: ...


def check_sealed(paper: SignedPaper | None, amendment: UUID | None, content: str | None, ctx: Context) -> None:
    """Refuse a paper of ours that is not signed by all, or as something else; papers kept elsewhere are taken at one's word."""
    if paper is None or paper.id is None:
        return
    known: SealedPaper | None = ctx.fact(paper_read(paper.id))
    about = known and (known.subject.noun, known.subject.id, known.subject.part, known.content)
    if (
        known is None
        or known.sealed is None
        or known.sealed.sha256 != paper.sha256
        or about != ("contract", ctx.own_id, amendment, content)
    ):
        raise PaperNotSealed(
            f"{paper.reference} is no paper about this that everybody has signed as it stands; name one that is.", paper=str(paper.id)
        )


def submit(contract: Contract, _command: c.SubmitContract, ctx: Context) -> tuple[Event, ...]:
    """Raises ContractSigned, WrongState."""
    if contract.status is ContractStatus.IN_REVIEW:
        return ()
    check_state(contract, ContractStatus.DRAFT)
    content = content_hash(contract.title, contract.number, contract.party, contract.terms, contract.zone)
    return (e.ContractSubmitted(content=content, by=ctx.actor.on_behalf_of or ctx.actor.id),)


def send_back(contract: Contract, command: c.ReturnContract, ctx: Context) -> Outcome:
    """Raises ContractSigned, WrongState, PaperStillOut."""
    if contract.status is ContractStatus.DRAFT:
        return ()
    check_state(contract, ContractStatus.IN_REVIEW, ContractStatus.APPROVED, ContractStatus.OUT_FOR_SIGNATURE)
    check_at_home(contract)
    return (e.ContractReturned(previous=contract.status, reason=command.reason), *let_go(contract, None, command.reason, ctx))


def approve(contract: Contract, command: c.ApproveContract, ctx: Context) -> Outcome:
    """Raises ContractSigned, WrongState, ContentChanged, ReviewNeedsLegal, OwnReview, ConsentMissing."""
    if contract.status is ContractStatus.APPROVED and contract.content == command.content:
        return ()
    check_state(contract, ContractStatus.IN_REVIEW)
    check_reviewer(ctx, contract.submitted_by, contract.owner)
    if contract.content != command.content:
        raise ContentChanged("The contract was changed since you read it; read it again, then approve that.", content=contract.content)
    agreed = consented(contract, command, ctx)
    approval = command.approval or (contract.approval if agreed else None)
    return (e.ContractApproved(content=command.content, approval=approval, note=command.note), *agreed)


def send_out(contract: Contract, command: c.SendForSignature, _ctx: Context) -> tuple[Event, ...]:
    """Raises ContractSigned, WrongState."""
    if contract.status is ContractStatus.OUT_FOR_SIGNATURE and contract.paper == command.paper:
        return ()
    check_state(contract, ContractStatus.APPROVED)
    return (e.ContractSentForSignature(paper=command.paper),)


def activate(contract: Contract, command: c.ActivateContract, ctx: Context) -> Outcome:
    """Raises ContractSigned, WrongState, DayInFuture, PaperNotSealed."""
    if contract.in_force and contract.signed_on == command.signed_on and command.paper in {None, contract.paper}:
        return ()
    check_state(contract, ContractStatus.OUT_FOR_SIGNATURE)
    check_past(command.signed_on, contract.zone, ctx)
    check_sealed(command.paper, None, contract.content, ctx)
    paper = command.paper or contract.paper
    assert paper is not None, "what is out for signature has a paper"
    assert contract.content is not None, "what is out for signature was reviewed"
    activated = e.ContractActivated(
        terms=contract.terms,
        content=contract.content,
        signed_on=command.signed_on,
        paper=paper,
        deal=contract.deal,
        renews=contract.renews,
    )
    return (activated, *succession(contract.renews, contract.terms.start, ctx))


def contract_read(contract: UUID) -> Read:
    return Read("contract", contract)


def succession(renews: UUID | None, takes_over_on: date, ctx: Context) -> tuple[On, ...]:
    """What the contract that this one follows is told; nothing where it has ended meanwhile, or another follows it."""
    if renews is None:
        return ()
    old: Contract | None = ctx.fact(contract_read(renews))
    if old is None or not old.in_force or old.successor is not None:
        return ()
    return (On(contract_read(renews), e.ContractSuccessorSigned(successor=ctx.own_id, takes_over_on=takes_over_on)),)
