"""Papers by which a contract or an amendment is signed: sent only once it is approved as they show it; the contract hears what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from domain.contracts.consent import content_of
from domain.contracts.events import ContractRecalled, ContractSentForSignature
from domain.contracts.state import Contract
from domain.contracts.terms import ContractStatus, SignedPaper
from domain.kernel import Context, On, Read
from domain.papers.content import PaperKind
from domain.papers.refusals import NotAgreedYet
from domain.papers.state import Paper

_SIGNED_AS = frozenset({PaperKind.CONTRACT, PaperKind.AMENDMENT})


def contract_read(id: UUID) -> Read:
    return Read("contract", id)


def is_agreement(paper: Paper) -> bool:
    """Whether a contract, or an amendment of one, is signed by it."""
    return paper.subject.noun == "contract" and paper.kind in _SIGNED_AS


def agreement_reads(paper: Paper | None) -> Iterator[Read]:
    """The contract that is signed by it."""
    if paper is not None and is_agreement(paper):
        yield contract_read(paper.subject.id)


def sent(paper: Paper, ctx: Context) -> tuple[On, ...]:
    """The contract is out with its paper. Raises NotAgreedYet."""
    if not is_agreement(paper):
        return ()
    contract: Contract | None = ctx.fact(contract_read(paper.subject.id))
    part = paper.subject.part
    if contract is None or not _approved(contract, part):
        state = "gone" if contract is None else "not approved" if part else contract.status.value.replace("_", " ")
        raise NotAgreedYet(
            f"What this paper is to be signed as is {state}; `concord contracts submit` asks for its approval, then send it.", status=state
        )
    if content_of(contract, part) != paper.content:
        raise NotAgreedYet(
            "What was approved is not what this paper shows; `concord papers prepare` prints one that does.", status="changed"
        )
    if part is not None:
        return ()
    out = SignedPaper(id=ctx.own_id, reference=paper.number, sha256=paper.document.sha256)
    return (On(contract_read(paper.subject.id), ContractSentForSignature(paper=out)),)


def _approved(contract: Contract, part: UUID | None) -> bool:
    if part is None:
        return contract.status is ContractStatus.APPROVED
    held = contract.amendments.get(part)
    return contract.in_force and held is not None and held.approved and not held.settled


def recalled(paper: Paper, why: str, ctx: Context) -> tuple[On, ...]:
    """The contract may be sent again; quiet where another paper is out, or it was signed otherwise."""
    if not is_agreement(paper) or paper.subject.part is not None:
        return ()
    contract: Contract | None = ctx.fact(contract_read(paper.subject.id))
    if (
        contract is None
        or contract.status is not ContractStatus.OUT_FOR_SIGNATURE
        or contract.paper is None
        or contract.paper.id != ctx.own_id
    ):
        return ()
    return (On(contract_read(paper.subject.id), ContractRecalled(paper=ctx.own_id, reference=paper.number, why=why)),)
