"""Deals that need consent: the gate waits for it, the terms stay meanwhile, and a decision is good for these terms only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import uuid5

import pytest

from domain.approval_policies import DEFAULT_POLICY
from domain.approvals import Approval, ApprovalWithdrawn, Approve, RequestApproval, TermLine, approval_id
from domain.deals import (
    AdvanceDeal,
    ApprovalPending,
    ChangeAmount,
    ChangeLines,
    DealApprovalRequested,
    DealMoveRefused,
    DealMoveWithdrawn,
    DealPaymentTermsSet,
    DealStageEntered,
    EnterStage,
    HoldForApproval,
    MigratePipeline,
    MoveCloseDate,
    RetractEvidence,
    SetAccount,
    SetNextStep,
    SetPaymentTerms,
    SetPeople,
    WithdrawMove,
    commit_unmet,
    terms_of,
)
from domain.kernel import Context
from domain.pipelines import DEFAULT_PIPELINE, Category, Pipeline, PipelineVersion
from domain.settings import SETTINGS_ID, Settings
from domain.stages import Chain
from tests.domain import approval_world as a
from tests.domain.deal_world import (
    ACME,
    ALL_PROVEN,
    ANNA,
    DEAL,
    ECONOMIC_BUYER,
    GLOBEX,
    SOON,
    TODAY,
    VERSION,
    deal,
    entered,
    eur,
    line,
    opened,
    request_id,
    requested,
)
from tests.domain.deal_world import FACTS as DEAL_FACTS

GATED = PipelineVersion(
    1,
    tuple(s.model_copy(update={"approvals": tuple(Chain)}) if s.key == "negotiate" else s for s in VERSION.stages),
)
APPROVAL = approval_id("deal", DEAL)
FACTS = {**DEAL_FACTS, DEFAULT_PIPELINE: Pipeline("Gated", (GATED,)), SETTINGS_ID: Settings(), DEFAULT_POLICY: None}
CHEAP = line("1000", discount=Decimal(15))


def negotiating(*lines, **changes):
    """A deal whose move out of Negotiate is pending; approvers have not been asked yet."""
    begun = opened(lines=lines or (CHEAP,), amount=eur("850"), **changes)
    return deal.knowing(FACTS).given(begun, *ALL_PROVEN, entered("negotiate"), requested("paper", "negotiate"))


def asking(spec) -> RequestApproval:
    state = spec.state
    assert state is not None
    return a.asking(terms_of(state), noun="deal", about=DEAL, cause=request_id(spec), requested_by=ANNA, owner=ANNA, chains=tuple(Chain))


def approvals_of(spec):
    return a.asked(asking(spec), a.approval.on(APPROVAL))


def entering(spec, approval: Approval | None):
    move = next(n for n, e in enumerate(spec.events, 1) if e == requested("paper", "negotiate"))
    return spec.knowing({APPROVAL: approval}).when(EnterStage(to="paper", request=uuid5(DEAL, str(move)), approval=APPROVAL))


def test_a_move_waits_until_the_chains_of_the_stages_left_have_agreed():
    spec = negotiating()
    pending = approvals_of(spec)
    (refused,) = entering(spec, pending.state).events
    assert isinstance(refused, DealMoveRefused)
    assert [u.criterion for u in refused.unmet] == ["commercial"]
    agreed = a.does(pending, a.MONA, Approve())
    assert isinstance(entering(spec, agreed.state).events[0], DealStageEntered)


def test_terms_that_need_nobody_pass_whoever_was_asked_or_not():
    spec = negotiating(line("1000", discount=Decimal(10)))
    assert isinstance(entering(spec, None).events[0], DealStageEntered)
    assert isinstance(entering(spec, approvals_of(spec).state).events[0], DealStageEntered)


def test_a_decision_is_good_for_the_terms_it_was_made_for_only():
    spec = negotiating()
    agreed = a.does(approvals_of(spec), a.MONA, Approve())
    worse = negotiating(line("1000", discount=Decimal(25)))
    (refused,) = entering(worse, agreed.state).events
    assert [u.criterion for u in refused.unmet] == ["commercial"]
    foreign = agreed.state and a.does(a.asked(asking(spec), a.approval.on(APPROVAL)), a.MONA, Approve()).state
    assert foreign is not None
    other = Context(now=a.MONDAY, facts={**FACTS, APPROVAL: foreign}, stream=ACME)
    state = spec.state
    assert state is not None
    decided = deal.decider.decide(state, EnterStage(to="paper", request=state.pending.request(ACME), approval=APPROVAL), other)
    assert isinstance(decided[0], DealMoveRefused)  # the approvals of another deal are no approvals


def held():
    spec = negotiating()
    pending = approvals_of(spec)
    (event,) = spec.knowing({APPROVAL: pending.state}).when(HoldForApproval(approval=APPROVAL)).events
    return spec.knowing({APPROVAL: pending.state}).given(event), event, pending


def test_while_approvers_are_asked_the_terms_stay_and_the_rest_may_change():
    spec, event, _ = held()
    assert event == DealApprovalRequested(
        approval=APPROVAL, round=1, chains=("commercial",), request=uuid5(DEAL, str(len(spec.events) - 1))
    )
    spec.when(HoldForApproval(approval=APPROVAL)).nothing()
    for command in (
        ChangeAmount(amount=eur("90")),
        ChangeLines(lines=(line("1"),)),
        SetPaymentTerms(payment_days=30),
        SetAccount(account=GLOBEX),
        MoveCloseDate(close_date=date(2026, 5, 1)),
        MigratePipeline(pipeline=DEFAULT_PIPELINE),
        RetractEvidence(criterion="need_stated", reason="x"),
        AdvanceDeal(to="lost", reason="price"),
    ):
        spec.when(command).refused(ApprovalPending, approvals=["commercial"])
    assert spec.when(SetNextStep(next_step="Call", next_step_on=TODAY)).events
    assert spec.when(SetPeople(people=ECONOMIC_BUYER)).events


def test_with_the_move_what_was_asked_for_it_is_taken_back():
    spec, _, _ = held()
    decision = spec.when(WithdrawMove(note="Too early"))
    assert isinstance(decision.events[0], DealMoveWithdrawn)
    assert [(on.target.id, on.event) for on in decision.elsewhere] == [(APPROVAL, ApprovalWithdrawn(round=1, comment="Too early"))]
    after = spec.given(*decision.events).state
    assert after is not None
    assert after.approvals == ()
    assert negotiating().when(WithdrawMove()).elsewhere == ()


def test_commit_needs_that_no_approval_is_open():
    spec, _, _ = held()
    ready = spec.given(*deal.given(opened(), entered("negotiate")).when(SetNextStep(next_step="Call", next_step_on=SOON)).events[:1])
    state = ready.when(SetPeople(people=ECONOMIC_BUYER)).events
    after = ready.given(*state).state
    assert after is not None
    assert [u.criterion for u in commit_unmet(after, TODAY)] == ["commercial"]


def test_a_committed_deal_falls_back_while_approvers_are_asked_and_returns_with_the_end_of_the_move():
    from domain.deals import DealCategorySet, DealForecastCategoryChanged, DealNextStepSet

    spec = negotiating(people=ECONOMIC_BUYER, next_step="Call", next_step_on=SOON).given(
        DealCategorySet(called=Category.COMMIT), DealForecastCategoryChanged(category=Category.COMMIT, previous=Category.BEST_CASE)
    )
    assert DealNextStepSet.topic
    pending = approvals_of(spec)
    known = spec.knowing({APPROVAL: pending.state})
    events = known.when(HoldForApproval(approval=APPROVAL)).events
    assert events[1].category is Category.BEST_CASE
    back = known.given(*events).when(WithdrawMove()).events
    assert [type(e) for e in back] == [DealMoveWithdrawn, DealForecastCategoryChanged]
    assert back[1].category is Category.COMMIT


def test_payment_terms_are_said_once_and_stand_in_the_terms():
    begun = deal.given(opened())
    begun.when(SetPaymentTerms(payment_days=60)).then(DealPaymentTermsSet(payment_days=60))
    said = begun.given(DealPaymentTermsSet(payment_days=60))
    said.when(SetPaymentTerms(payment_days=60)).nothing()
    said.when(SetPaymentTerms(payment_days=None)).then(DealPaymentTermsSet(payment_days=None, previous=60))
    assert said.state is not None
    assert terms_of(said.state).payment_days == 60


def test_the_terms_of_a_deal_are_those_of_its_lines():
    state = deal.given(opened(lines=(line("12", period="quarter", months=24, discount=Decimal(5)),), amount=eur("91.2"))).state
    assert state is not None
    found = terms_of(state)
    assert found.lines == (TermLine(product=line().product, quantity=1, unit_price=eur("12"), discount=Decimal(5), every=3, months=24),)
    assert (found.party, found.currency, found.lines[0].gross) == (ACME, "EUR", 96)


@pytest.mark.parametrize(("to", "asks"), [("lost", False), ("discover", False), ("propose", False)])
def test_no_consent_is_needed_back_or_to_lost(to, asks):
    spec = deal.knowing(FACTS).given(opened(lines=(CHEAP,), amount=eur("850")), *ALL_PROVEN, entered("negotiate"))
    reason = "price" if to == "lost" else "wrong_stage"
    asked = spec.given(*spec.when(AdvanceDeal(to=to, reason=reason)).events)
    (event, *_) = asked.when(EnterStage(to=to, request=request_id(asked), approval=APPROVAL)).events
    assert isinstance(event, DealStageEntered) is not asks
