"""Papers by which contracts and amendments are signed: sent once they are approved, in force once all have signed, sent again if not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.clauses import clause_id, clauses
from domain.contracts import Contract, contracts
from domain.contracts import amendment_events as a
from domain.contracts import events as e
from domain.contracts.commands import (
    ActivateContract,
    ApproveAmendment,
    ApproveContract,
    DraftContract,
    ProposeAmendment,
    ReturnContract,
    ReviseContract,
    SubmitContract,
)
from domain.contracts.refusals import PaperNotSealed, PaperStillOut
from domain.contracts.terms import Clause, ContractStatus, Side, SignedPaper, TermChanges
from domain.default_papers import default_clauses, default_templates
from domain.documents import StoreDocument, document_id, documents
from domain.kernel import SYSTEM, Actor, Role, natural_id
from domain.papers import (
    DeclinePaper,
    Invited,
    Paper,
    PaperStatus,
    PaperSubject,
    PreparePaper,
    RequestReview,
    ReviewPaper,
    SendPaper,
    VoidPaper,
    papers,
)
from domain.papers.refusals import NotAgreedYet, PartUnknown
from domain.templates import template_id, templates
from domain.values import Money
from infra.ids import uuid7
from infra.papers.press import Press
from tests.workflows.contract_desk import contract_of, today
from tests.workflows.office import ACME, ANNA, Office
from tests.workflows.test_approvals import told
from tests.workflows.test_consenting import terms
from tests.workflows.writing import Writing

LAWYER = Actor(natural_id("test", "lena"), frozenset({Role.LEGAL}))
WHO = (Invited(name="Anna Ant", email="anna@example.org", party="Us"), Invited(name="Bo", email="bo@them.example", party="Them"))


@pytest.fixture
async def writing(desk: Office) -> AsyncIterator[Writing]:
    made = Writing.at(desk)
    for clause in default_clauses():
        await desk.do(clauses, clause_id(clause.key), clause, SYSTEM)
    for template in default_templates():
        await desk.do(templates, template_id(template.key), template, SYSTEM)
    yield made
    made.keys.close()


async def submitted(desk: Office) -> UUID:
    id = uuid7()
    agreed = terms(
        start=today(desk), end=today(desk) + timedelta(days=364), clauses=(Clause(key="data_protection", text="Yours stay yours."),)
    )
    await desk.do(contracts, id, DraftContract(title="Saws for years", side=Side.SELL, party=ACME, owner=ANNA, terms=agreed))
    await desk.do(contracts, id, SubmitContract())
    return id


async def approved(desk: Office) -> UUID:
    id = await submitted(desk)
    await desk.do(contracts, id, ApproveContract(content=(await contract_of(desk, id)).content), LAWYER)
    return id


async def prepared(writing: Writing, subject: PaperSubject, template: str) -> UUID:
    """A paper that somebody else has let pass."""
    desk, id = writing.desk, uuid7()
    printed = await Press(desk.store, writing.documents).prepared(
        desk.tenant, id, PreparePaper(subject=subject, template=template), desk.clock()
    )
    for ref in printed.documents:
        await desk.do(documents, document_id(ref.sha256), StoreDocument(document=ref, uploader=None), SYSTEM)
    await desk.do(papers, id, printed.draft)
    await desk.do(papers, id, RequestReview())
    await desk.do(papers, id, ReviewPaper(allowed=True, document=printed.draft.document.sha256), LAWYER)
    return id


async def sent(writing: Writing, contract: UUID, **subject: Any) -> UUID:
    template = "amendment" if subject else "contract"
    id = await prepared(writing, PaperSubject(noun="contract", id=contract, **subject), template)
    await writing.desk.do(papers, id, SendPaper(signatories=WHO))
    return id


async def signed_by_all(writing: Writing, id: UUID) -> Paper:
    for signatory in (await writing.paper(id)).signatories:
        await writing.sign(id, signatory)
    return await writing.until(id, PaperStatus.COMPLETED)


async def becomes(desk: Office, id: UUID, so: Any) -> Contract:
    async def there() -> bool:
        return bool(so(await contract_of(desk, id)))

    await desk.until(there)
    return await contract_of(desk, id)


async def test_a_contract_is_in_force_by_the_paper_that_all_have_signed(writing: Writing):
    desk = writing.desk
    contract = await approved(desk)
    async with writing.worker():
        id = await sent(writing, contract)
        out = await contract_of(desk, contract)
        assert (out.status, out.paper and out.paper.id) == (ContractStatus.OUT_FOR_SIGNATURE, id)
        with pytest.raises(PaperStillOut):
            await desk.do(contracts, contract, ReturnContract(reason="Not yet"))
        paper = await signed_by_all(writing, id)
        held = await becomes(desk, contract, lambda c: c.in_force)
        (notice,) = await told(desk, "paper_completed")
    assert paper.sealed is not None
    assert held.paper == SignedPaper(id=id, reference=paper.number, sha256=paper.sealed.sha256)
    assert held.signed_on == paper.signed_on
    assert (notice.member, "in force" in notice.body) == (ANNA, True)
    assert len(await desk.log(e.ContractActivated)) == 1


@pytest.mark.parametrize("why", ["declined", "voided"])
async def test_a_paper_that_is_not_signed_brings_the_contract_back_to_be_sent_again(writing: Writing, why: str):
    desk = writing.desk
    contract = await approved(desk)
    async with writing.worker():
        id = await sent(writing, contract)
        if why == "declined":
            signatory = next(iter((await writing.paper(id)).signatories))
            await desk.do(papers, id, DeclinePaper(signatory=signatory, reason="Too dear"), Actor(signatory))
            (notice,) = await told(desk, "paper_declined")
            assert "stays approved" in notice.body
        else:
            await desk.do(papers, id, VoidPaper(reason="Wrong day"))
        assert (await contract_of(desk, contract)).status is ContractStatus.APPROVED
        await signed_by_all(writing, await sent(writing, contract))
        await becomes(desk, contract, lambda c: c.in_force)
    (recalled,) = [r.event for r in await desk.log(e.ContractRecalled)]
    assert (recalled.paper, recalled.why) == (id, why)


async def test_what_is_not_approved_as_the_paper_shows_it_is_not_sent(writing: Writing):
    desk = writing.desk
    contract = await submitted(desk)
    id = await prepared(writing, PaperSubject(noun="contract", id=contract), "contract")
    with pytest.raises(NotAgreedYet, match="in review"):
        await desk.do(papers, id, SendPaper(signatories=WHO))
    await desk.do(contracts, contract, ReturnContract(reason="Too dear"))
    await desk.do(contracts, contract, ReviseContract(terms=terms("8000")))
    await desk.do(contracts, contract, SubmitContract())
    await desk.do(contracts, contract, ApproveContract(content=(await contract_of(desk, contract)).content), LAWYER)
    with pytest.raises(NotAgreedYet, match="not what this paper shows"):
        await desk.do(papers, id, SendPaper(signatories=WHO))
    assert (await contract_of(desk, contract)).status is ContractStatus.APPROVED


async def test_an_amendment_is_signed_by_its_own_paper_and_a_wrong_one_signs_nothing(writing: Writing):
    desk = writing.desk
    contract = await approved(desk)
    async with writing.worker():
        first = await signed_by_all(writing, await sent(writing, contract))
        await becomes(desk, contract, lambda c: c.in_force)
        change = TermChanges(value=Money(amount=Decimal(9500), currency="EUR"))
        await desk.do(contracts, contract, ProposeAmendment(title="Dearer", effective_on=today(desk), changes=change))
        (amendment,) = (await contract_of(desk, contract)).amendments
        with pytest.raises(PartUnknown):
            await prepared(writing, PaperSubject(noun="contract", id=contract), "amendment")
        with pytest.raises(NotAgreedYet):
            await sent(writing, contract, part=amendment)
        await desk.do(contracts, contract, ApproveAmendment(amendment=amendment), LAWYER)
        id = await sent(writing, contract, part=amendment)
        paper = await signed_by_all(writing, id)
        held = await becomes(desk, contract, lambda c: c.amendments[amendment].settled)
    assert held.paper is not None
    assert held.paper.reference == first.number, "the contract's own paper stays"
    (amended,) = [r.event for r in await desk.log(a.ContractAmended)]
    assert paper.sealed is not None
    assert amended.paper == SignedPaper(id=id, reference=paper.number, sha256=paper.sealed.sha256)
    other = await approved(desk)
    await sent(writing, other)
    with pytest.raises(PaperNotSealed):
        await desk.do(contracts, other, ActivateContract(signed_on=today(desk), paper=amended.paper))
