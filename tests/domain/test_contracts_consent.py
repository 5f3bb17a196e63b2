"""Consent to contracts: whom the policy asks, what a reviewer's word is worth, and what holds when the terms change."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from domain.approval_policies import STARTING, ApprovalPolicyInvalid, DefineApprovalPolicy, ValueTier, approval_policies
from domain.approvals import (
    Approval,
    ApprovalGranted,
    ApprovalStepApproved,
    ApprovalTerms,
    ApprovalWithdrawn,
    Approve,
    Measures,
    Plan,
    Reject,
    RequestApproval,
    approval_id,
    approvals,
)
from domain.approvals.requirements import posts_for, worse
from domain.contracts.commands import ApproveContract, DiscardContract, RecordConsentAsked, ReturnContract, SubmitContract
from domain.contracts.consent import CHAINS, NOUN, terms_of
from domain.contracts.events import ContractApproved, ContractConsentAsked
from domain.contracts.refusals import ConsentMissing
from domain.contracts.terms import Clause, Side
from domain.kernel import SYSTEM, Role, natural_id
from domain.stages import Chain
from tests.domain.approval_world import ANNA as ASKER
from tests.domain.approval_world import FINN, LENA, MONDAY, actor, facts, holders
from tests.domain.contract_world import CONTRACT, LAWYER, carried, contract, drafting, terms
from tests.domain.deal_world import eur
from tests.spec import Spec

STREAM = approval_id(NOUN, CONTRACT)
PART = natural_id("test", "the amendment")
approving = Spec(approvals).knowing(facts()).on(STREAM).at(MONDAY)


def measures(amount: str = "1000", days: int = 30, side: Any = "sell") -> Measures:
    return Measures(amount=eur(amount), payment_days=days, side=side)


@pytest.mark.parametrize(
    ("asked", "posts"),
    [
        (measures(), ()),
        (measures("500000"), ()),
        (measures("500000.01"), (Role.FINANCE,)),
        (measures("2000001"), (Role.FINANCE, Role.FINANCE_CHIEF)),
        (measures(days=45), (Role.DEAL_DESK,)),
        (measures("2000001", days=61), (Role.SALES_CHIEF, Role.DEAL_DESK, Role.FINANCE, Role.FINANCE_CHIEF)),
        (measures(days=61, side="buy"), ()),
        (measures("500000.01", side=None), ()),
    ],
)
def test_finance_is_asked_by_value_and_where_we_sell_by_when_we_are_paid(asked: Measures, posts: tuple[Role, ...]):
    assert posts_for(Chain.FINANCE, STARTING, asked) == posts


def test_legal_reads_every_contract_unless_the_policy_is_content_with_those_that_have_clauses_of_their_own():
    lax = STARTING.model_copy(update={"legal_contracts": False})
    clauses = measures().model_copy(update={"clauses": ("seven",)})
    assert posts_for(Chain.LEGAL, STARTING, measures()) == posts_for(Chain.LEGAL, lax, clauses) == (Role.LEGAL,)
    assert posts_for(Chain.LEGAL, lax, measures()) == posts_for(Chain.LEGAL, STARTING, measures(side=None)) == ()


def test_a_value_that_is_asked_about_is_worse_when_it_is_higher_and_no_other():
    assert worse(Chain.FINANCE, STARTING, measures("600001"), measures("600000"))
    assert not worse(Chain.FINANCE, STARTING, measures("599999"), measures("600000"))
    assert not worse(Chain.FINANCE, STARTING, measures("2000"), measures("1000"))
    assert worse(Chain.FINANCE, STARTING, measures(days=45), measures(days=30))
    assert not worse(Chain.FINANCE, STARTING, measures(days=45, side="buy"), measures(side="buy"))
    assert not worse(Chain.LEGAL, STARTING, measures(days=45), measures(days=30))
    assert worse(Chain.LEGAL, STARTING, measures(days=120), measures(days=100))


def test_tiers_of_value_that_do_not_rise_are_refused():
    tiers = tuple(ValueTier(over=Decimal(over), posts=(Role.FINANCE,)) for over in (2, 1))
    rules = STARTING.model_copy(update={"contract_values": tiers})
    refusal = Spec(approval_policies).when(DefineApprovalPolicy(name="Wrong", rules=rules)).refused(ApprovalPolicyInvalid)
    assert "do not rise" in refusal.detail


def test_the_hash_covers_the_content_of_a_contract_and_that_of_an_offer_stays_what_it_was():
    offer = ApprovalTerms(amount=eur("10"))
    assert offer.content_hash == "cc1c879746b6119af1d4d9f3cab99cc13f84499b25da94d3ef462fb8b0d179bc"
    one, other = (offer.model_copy(update={"side": "sell", "content": text * 64}) for text in "ab")
    assert len({offer.content_hash, one.content_hash, other.content_hash}) == 3


def in_review(**changes: Any) -> Spec[Any]:
    return carried(contract, drafting(**changes), SubmitContract())


def asking(about: Spec[Any], **changes: Any) -> RequestApproval:
    said = {
        "noun": NOUN,
        "about": CONTRACT,
        "title": "Saws",
        "cause": natural_id("test", "submission"),
        "requested_by": ASKER,
        "terms": terms_of(about.state),
        "chains": CHAINS,
        "holders": holders(),
    }
    return RequestApproval(**{**said, **changes})


def asked(about: Spec[Any]) -> tuple[Spec[Any], Spec[Approval | None]]:
    """The contract and its approvals once they are asked for."""
    approval = approving.given(*approving.when(asking(about)).events)
    held = about.knowing({STREAM: approval.state})
    return carried(held.by(SYSTEM), RecordConsentAsked(approval=STREAM)), approval


DEAR = {"terms": terms(value=eur("600000"))}


def test_who_is_asked_is_recorded_once_and_not_where_nobody_is():
    about, _ = asked(in_review(**DEAR))
    assert isinstance(about.events[-1], ContractConsentAsked)
    assert set(about.events[-1].chains) == {"finance", "legal"}
    about.when(RecordConsentAsked(approval=STREAM)).nothing()
    in_review().knowing({STREAM: None}).when(RecordConsentAsked(approval=STREAM)).nothing()


def test_a_reviewers_word_is_recorded_with_who_was_asked():
    about, approval = asked(in_review())
    decision = about.by(LAWYER).when(ApproveContract(content=about.state.content, note="Fine"))
    (approved,) = decision.events
    assert isinstance(approved, ContractApproved)
    assert approved.approval == STREAM
    assert [type(on.event) for on in decision.elsewhere] == [ApprovalStepApproved, ApprovalGranted]
    after = approvals.fold([on.event for on in decision.elsewhere], approval.state)
    assert after is not None
    assert after.grants(terms_of(about.state).content_hash, CHAINS)


@pytest.mark.parametrize("told", [True, False], ids=["asked", "not asked yet"])
def test_a_reviewers_word_is_not_enough_where_finance_has_to_agree(told: bool):
    about = in_review(**DEAR)
    if told:
        about, _ = asked(about)
    about.by(LAWYER).when(ApproveContract(content=about.state.content)).refused(ConsentMissing, chains=["finance"])


def test_concord_approves_by_what_all_have_agreed_to_and_by_nothing_less():
    about, approval = asked(in_review())
    command = ApproveContract(content=about.state.content, approval=STREAM)
    about.by(SYSTEM).when(command).refused(ConsentMissing, chains=["legal"])
    granted = approval.given(ApprovalGranted(round=1, chains=CHAINS, content_hash=approval.state.content_hash)).state
    assert len(about.knowing({STREAM: granted}).by(SYSTEM).when(command).events) == 1
    of_another = about.on(natural_id("test", "another contract")).knowing({STREAM: granted})
    of_another.by(SYSTEM).when(command).refused(ConsentMissing)


def test_what_was_rejected_is_not_approved_before_it_is_changed():
    about, approval = asked(in_review())
    no = approval.given(*approval.by(actor(LENA)).when(Reject(comment="No")).events).state
    about.knowing({STREAM: no}).by(LAWYER).when(ApproveContract(content=about.state.content)).refused(ConsentMissing, chains=[])


@pytest.mark.parametrize("command", [ReturnContract(reason="Not yet"), DiscardContract(reason="Not yet")], ids=["returned", "discarded"])
def test_what_is_no_longer_to_be_signed_asks_nobody(command: Any):
    about, _ = asked(in_review())
    assert [on.event for on in about.when(command).elsewhere] == [ApprovalWithdrawn(round=1, comment="Not yet")]
    assert in_review().when(command).elsewhere == ()


def test_what_finance_agreed_to_for_the_contract_holds_for_an_amendment_that_is_no_dearer_and_legal_reads_each():
    about, approval = asked(in_review(**DEAR))
    for id in (FINN, LENA):
        approval = approval.given(*approval.by(actor(id)).when(Approve()).events)
    part = Spec(approvals).knowing({**facts(), STREAM: approval.state}).on(approval_id(NOUN, PART)).at(MONDAY)
    for worth, plan in (("600000", Plan.CARRIED_OVER), ("600001", Plan.ASKED)):
        wanted = asking(about, part=PART, terms=terms_of(about.state).model_copy(update={"amount": eur(worth)}))
        begun = part.when(wanted).events[0]
        plans = {p.chain: p.plan for p in begun.chains}  # type: ignore[attr-defined]
        assert plans == {Chain.FINANCE: plan, Chain.LEGAL: Plan.ASKED}
        assert begun.part == PART  # type: ignore[attr-defined]


def test_terms_tell_apart_clauses_renewal_and_notice_but_not_what_nobody_tests():
    same = terms_of(in_review().state)
    renewed = terms_of(in_review(terms=terms(notice=None, renewal={"kind": "fixed"})).state)
    worded = terms_of(in_review(terms=terms(clauses=(Clause(key="seven", text="Nobody sues."),))).state)
    assert renewed.changed(same) == worded.changed(same) == ("clauses",)
    assert terms_of(in_review(title="Other saws").state).changed(same) == ()
    assert terms_of(in_review(side=Side.BUY).state).side == "buy"
