"""Contracts that wait for consent: asked by the policy, signed only after it, sent back with the comment, asked anew when it is worse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.approvals import Approval, ApprovalStepAsked, Approve, OwnRequest, Reject, Status, WithdrawApproval, approval_id, approvals
from domain.contract_dates import Renewal, RenewalKind
from domain.contracts import amendment_events as a
from domain.contracts import contracts
from domain.contracts import events as e
from domain.contracts.commands import (
    ApproveContract,
    DraftContract,
    DropAmendment,
    ProposeAmendment,
    ReturnContract,
    ReviseContract,
    SubmitContract,
)
from domain.contracts.refusals import ConsentMissing
from domain.contracts.terms import Clause, ContractStatus, Side, TermChanges, Terms, ValuePer
from domain.kernel import Actor, Role, natural_id
from domain.members import AddMember, members
from domain.stages import Chain
from domain.values import Money
from infra.ids import uuid7
from tests.workflows.contract_desk import YEARLY, contract_of, register, running, today, trigger
from tests.workflows.office import ACME, ADMIN, ANNA, SELLER, Office
from tests.workflows.test_approvals import told
from workflows.reconcile import reconcile

LENA, FINN, DESK = (natural_id("test", name) for name in ("lena", "finn", "desk"))
LAWYER, FINANCE = Actor(LENA, frozenset({Role.LEGAL})), Actor(FINN, frozenset({Role.FINANCE}))
NO = "Clause 7 is missing"


async def hire(desk: Office) -> None:
    for id, name, role in ((LENA, "Lena Law", Role.LEGAL), (FINN, "Finn Figures", Role.FINANCE), (DESK, "Desk", Role.DEAL_DESK)):
        await desk.do(members, id, AddMember(name=name, roles=(role,)), ADMIN)


def terms(worth: str = "9000", **changes: Any) -> Terms:
    said: dict[str, Any] = {
        "start": date(2031, 1, 1),
        "end": date(2031, 12, 31),
        "value": Money(amount=Decimal(worth), currency="EUR"),
        "value_per": ValuePer.YEAR,
        "renewal": Renewal(kind=RenewalKind.FIXED),
    }
    return Terms(**(said | changes))


async def submitted(desk: Office, agreed: Terms | None = None) -> UUID:
    id = uuid7()
    draft = DraftContract(title="Saws for years", side=Side.SELL, party=ACME, owner=ANNA, terms=agreed or terms())
    await desk.do(contracts, id, draft)
    await desk.do(contracts, id, SubmitContract())
    return id


@asynccontextmanager
async def at_work(desk: Office) -> AsyncIterator[None]:
    async with desk.worker(), desk.trigger(), trigger(desk):
        yield


async def approval_of(desk: Office, id: UUID) -> Approval | None:
    found: Approval | None = (await desk.store.load(desk.tenant, approvals, approval_id("contract", id))).state
    return found


async def asked(desk: Office, id: UUID, *chains: Chain, round_: int = 1) -> Approval:
    """The approval of a contract or an amendment, once exactly these chains are asked in that round."""

    async def so() -> bool:
        known = await approval_of(desk, id)
        return known is not None and known.round == round_ and {chain for chain, _, _ in known.pending} == set(chains)

    await desk.until(so)
    known = await approval_of(desk, id)
    assert known is not None
    return known


async def becomes(desk: Office, id: UUID, status: ContractStatus) -> None:
    async def so() -> bool:
        return (await contract_of(desk, id)).status is status

    await desk.until(so)


async def answer(desk: Office, id: UUID, command: Any, by: Actor) -> None:
    await desk.do(approvals, approval_id("contract", id), command, by)


async def test_legal_and_finance_approve_a_contract_and_its_workflow_ends(desk: Office):
    await hire(desk)
    async with at_work(desk):
        id = await submitted(desk, terms("600000"))
        known = await asked(desk, id, Chain.LEGAL, Chain.FINANCE)
        assert known.terms.content == (await contract_of(desk, id)).content
        assert {n.member for n in await told(desk, "approval_asked", 2)} == {LENA, FINN}
        with pytest.raises(OwnRequest):
            await answer(desk, id, Approve(), Actor(ANNA, frozenset({Role.LEGAL})))
        await answer(desk, id, Approve(), FINANCE)
        assert (await contract_of(desk, id)).status is ContractStatus.IN_REVIEW
        await answer(desk, id, Approve(comment="Fine"), LAWYER)
        await becomes(desk, id, ContractStatus.APPROVED)
        await desk.until(lambda: _over(desk, id))
    (approved,) = await desk.log(e.ContractApproved)
    (submission,) = await desk.log(e.ContractSubmitted)
    assert approved.event.approval == approval_id("contract", id)
    assert approved.correlation_id == submission.correlation_id, "one causal chain"
    ((told_asked,),) = [[r.event for r in await desk.log(e.ContractConsentAsked)]]
    assert set(told_asked.chains) == {"legal", "finance"}


async def _over(desk: Office, id: UUID) -> bool:
    return not await running(desk, id)


async def test_a_rejection_sends_it_back_and_only_those_for_whom_it_got_worse_are_asked_again(desk: Office):
    await hire(desk)
    async with at_work(desk):
        id = await submitted(desk, terms("600000"))
        await asked(desk, id, Chain.LEGAL, Chain.FINANCE)
        await answer(desk, id, Approve(), FINANCE)
        await answer(desk, id, Reject(comment=NO), LAWYER)
        await becomes(desk, id, ContractStatus.DRAFT)
        (returned,) = [r.event for r in await desk.log(e.ContractReturned)]
        assert returned.reason == f"The approvers said no: {NO}"
        # the same price: finance has said yes to it; legal has not
        clause = Clause(key="seven", text="Nobody sues anybody.")
        await desk.do(contracts, id, ReviseContract(terms=terms("600000", clauses=(clause,))))
        await desk.do(contracts, id, SubmitContract())
        known = await asked(desk, id, Chain.LEGAL, round_=2)
        assert known.chains[Chain.FINANCE].plan.agreed_in == 1
        await answer(desk, id, Approve(), LAWYER)
        await becomes(desk, id, ContractStatus.APPROVED)
        # a clause that changes is read again; a price that falls is not
        await desk.do(contracts, id, ReturnContract(reason="Once more"))
        other = clause.model_copy(update={"text": "Everybody sues everybody."})
        await desk.do(contracts, id, ReviseContract(terms=terms("550000", clauses=(other,))))
        await desk.do(contracts, id, SubmitContract())
        known = await asked(desk, id, Chain.LEGAL, round_=3)
        assert known.chains[Chain.LEGAL].plan.changed == ("clauses",)
        await desk.do(contracts, id, ReturnContract(reason="Not yet"))
        await desk.do(contracts, id, ReviseContract(terms=terms("550000", clauses=(clause,))))
        await desk.do(contracts, id, SubmitContract())
        await becomes(desk, id, ContractStatus.APPROVED)
    assert len([r for r in await desk.log(ApprovalStepAsked) if r.event.chain is Chain.FINANCE]) == 1


async def test_what_is_returned_or_taken_back_asks_nobody_any_more(desk: Office):
    await hire(desk)
    async with at_work(desk):
        id = await submitted(desk)
        await asked(desk, id, Chain.LEGAL)
        await desk.do(contracts, id, ReturnContract(reason="Not yet"))
        known = await approval_of(desk, id)
        assert known is not None
        assert (known.status, known.comment) == (Status.WITHDRAWN, "Not yet")
        await desk.until(lambda: _over(desk, id))
        await desk.do(contracts, id, SubmitContract())
        await asked(desk, id, Chain.LEGAL, round_=2)
        await answer(desk, id, WithdrawApproval(comment="They called"), SELLER)
        await becomes(desk, id, ContractStatus.DRAFT)
    assert [r.event.reason for r in await desk.log(e.ContractReturned)][-1] == "The request for approval was taken back: They called"


async def test_a_word_of_legal_stands_for_legal_alone(desk: Office):
    await hire(desk)
    async with at_work(desk):
        id = await submitted(desk, terms("600000"))
        await asked(desk, id, Chain.LEGAL, Chain.FINANCE)
        command = ApproveContract(content=(await contract_of(desk, id)).content)
        with pytest.raises(ConsentMissing) as refused:
            await desk.do(contracts, id, command, LAWYER)
        assert refused.value.data["chains"] == ["finance"]
        await answer(desk, id, Approve(), FINANCE)
        await desk.do(contracts, id, command, LAWYER)
        known = await approval_of(desk, id)
        assert known is not None
        assert known.status is Status.APPROVED
        assert known.chains[Chain.LEGAL].steps[0].by == LENA
    assert (await contract_of(desk, id)).status is ContractStatus.APPROVED


@pytest.mark.usefixtures("patient")
async def test_where_nobody_can_be_asked_whoever_asked_hears_why_and_it_waits(desk: Office):
    async with at_work(desk):
        id = await submitted(desk)
        (notice,) = await told(desk, "consent_unasked")
        assert notice.member == ANNA
        assert "as legal" in notice.body
    assert (await contract_of(desk, id)).status is ContractStatus.IN_REVIEW
    await hire(desk)
    async with at_work(desk):
        assert (await reconcile(desk.database, desk.store, desk.client, desk.tenant)).contracts == 1
        await desk.do(contracts, id, ReturnContract(reason="Anew"))
        await desk.do(contracts, id, SubmitContract())
        await asked(desk, id, Chain.LEGAL)


async def test_each_amendment_is_consented_to_by_itself_and_what_finance_agreed_to_holds_for_it(desk: Office):
    await hire(desk)
    async with at_work(desk):
        id = await register(desk, ends_in=300, renewal=YEARLY)

        async def propose(title: str, **changes: Any) -> UUID:
            await desk.do(contracts, id, ProposeAmendment(title=title, effective_on=today(desk), changes=TermChanges(**changes)))
            return next(key for key, held in (await contract_of(desk, id)).amendments.items() if held.title == title)

        dear = await propose("Dearer", value=Money(amount=Decimal(700_000), currency="EUR"))
        late = await propose("Later", payment_days=45)
        known = await asked(desk, dear, Chain.LEGAL, Chain.FINANCE)
        assert (known.about, known.part, known.title) == (id, dear, "Saws for Acme: Dearer")
        await asked(desk, late, Chain.LEGAL, Chain.FINANCE)
        await answer(desk, dear, Approve(), FINANCE)
        await answer(desk, dear, Approve(), LAWYER)
        await desk.until(lambda: _approved(desk, id, dear))
        await answer(desk, late, Reject(comment="Not later than 30 days"), LAWYER)
        await desk.until(lambda: _settled(desk, id, late))
        third = await propose("Third", payment_days=20)
        await asked(desk, third, Chain.LEGAL)
        await desk.do(contracts, id, DropAmendment(amendment=third, reason="Not wanted"))
        third_known = await approval_of(desk, third)
        assert third_known is not None
        assert third_known.status is Status.WITHDRAWN
    assert next(iter(await desk.log(a.ContractAmendmentDropped))).event.reason == "The approvers said no: Not later than 30 days"


async def _approved(desk: Office, id: UUID, amendment: UUID) -> bool:
    return (await contract_of(desk, id)).amendments[amendment].approved


async def _settled(desk: Office, id: UUID, amendment: UUID) -> bool:
    return (await contract_of(desk, id)).amendments[amendment].settled
