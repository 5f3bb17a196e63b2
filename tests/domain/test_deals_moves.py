"""Moving deals: requests, gates, pending moves, back, won and lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid5

import pytest

from domain.deals import (
    AdvanceDeal,
    ApprovalPending,
    ChangeAmount,
    CriterionUnknown,
    DealAccountSet,
    DealClosed,
    DealEvidenceRetracted,
    DealMoveRefused,
    DealMoveWithdrawn,
    DealStageEntered,
    EnterStage,
    GateNotMet,
    MovePending,
    NoteNeeded,
    ReasonNeeded,
    RefuseMove,
    RetractEvidence,
    SetNextStep,
    StageUnknown,
    TransitionNotAllowed,
    WithdrawMove,
    WonInFuture,
    deals,
    gate_unmet,
)
from domain.kernel import Context, Invalid, NotFound
from domain.pipelines import DEFAULT_PIPELINE, Category, Pipeline, PipelineVersion, StageKind, Transition
from infra.event_store.envelope import event_id
from tests.domain.deal_world import (
    ALL_PROVEN,
    DEAL,
    FACTS,
    LOST,
    NOBODY,
    PIPELINE,
    PROOFS,
    TODAY,
    VERSION,
    WON,
    carried_out,
    deal,
    entered,
    eur,
    opened,
    proven,
    request_id,
    requested,
    stage_facts,
)
from tests.spec import NOW

NEED = PROOFS["need_stated"]


def test_a_move_forward_with_its_evidence_is_recorded_and_requested():
    moved = deal.given(opened()).when(AdvanceDeal(to="discover", evidence=(NEED,)))
    moved.then(*proven("need_stated"), requested("discover"))


def test_a_move_forward_is_refused_at_once_with_the_list_of_what_is_missing():
    refusal = deal.given(opened()).when(AdvanceDeal(to="discover")).refused(GateNotMet, to="discover")
    assert [(u.stage, u.criterion, u.evidence) for u in refusal.data["unmet"]] == [("qualify", "need_stated", "note")]
    assert "stated the need" in refusal.detail


def test_a_move_to_where_the_deal_is_stays_quiet():
    deal.given(opened()).when(AdvanceDeal(to="qualify")).nothing()
    deal.given(opened(), LOST).when(AdvanceDeal(to="lost", reason="price")).nothing()


def test_evidence_given_for_the_stage_the_deal_is_in_is_recorded_without_a_move():
    deal.given(opened()).when(AdvanceDeal(to="qualify", evidence=(NEED,))).then(*proven("need_stated"))
    deal.given(opened(), *proven("need_stated")).when(AdvanceDeal(to="qualify", evidence=(NEED,))).nothing()


def test_skipping_needs_the_criteria_of_every_stage_left():
    spec = deal.given(opened(), *proven("need_stated"))
    refusal = spec.when(AdvanceDeal(to="negotiate")).refused(GateNotMet)
    assert {u.stage for u in refusal.data["unmet"]} == {"discover", "propose"}
    spec.given(*proven("economic_buyer_met", "budget_named", "proposal_received", "decision_date_named")).when(
        AdvanceDeal(to="negotiate")
    ).then(requested("negotiate"))


def test_evidence_recorded_before_is_not_asked_for_again():
    deal.given(opened(), *proven("need_stated")).when(AdvanceDeal(to="discover")).then(requested("discover"))


def test_a_stage_that_the_pipeline_does_not_have_is_refused_with_those_it_has():
    refusal = deal.given(opened()).when(AdvanceDeal(to="celebrate")).refused(StageUnknown)
    assert "discover" in refusal.data["stages"]


def test_evidence_for_an_unknown_criterion_is_refused():
    unknown = NEED.model_copy(update={"criterion": "horoscope"})
    deal.given(opened()).when(AdvanceDeal(to="discover", evidence=(unknown,))).refused(CriterionUnknown)


def test_only_declared_transitions_are_allowed():
    ways = (Transition(leave="qualify", enter="discover"), Transition(leave="qualify", enter="lost"))
    strict = Pipeline("Strict", (PipelineVersion(1, VERSION.stages, ways),))
    spec = deal.given(opened(), *ALL_PROVEN).knowing({DEFAULT_PIPELINE: strict})
    refusal = spec.when(AdvanceDeal(to="propose")).refused(TransitionNotAllowed)
    assert refusal.data["allowed"] == ["discover", "lost"]
    spec.when(AdvanceDeal(to="discover")).then(requested("discover"))


def test_a_pending_move_is_carried_out_once():
    spec = deal.given(opened(), *proven("need_stated"), requested("discover"))
    enter = EnterStage(to="discover", request=request_id(spec))
    decision = spec.when(enter)
    decision.then(entered("discover", request=request_id(spec)))
    spec.given(*decision.events).when(enter).nothing()


def test_the_request_is_known_by_the_id_that_the_store_gives_its_event():
    spec = deal.given(opened(), *proven("need_stated"), requested("discover"))
    assert spec.state is not None
    assert spec.state.pending is not None
    assert spec.state.pending.request(DEAL) == event_id(DEAL, 3) == uuid5(DEAL, "3")


def test_a_request_that_is_not_the_pending_one_stays_quiet():
    spec = deal.given(opened(), *proven("need_stated"), requested("discover"))
    spec.when(EnterStage(to="discover", request=NOBODY)).nothing()
    spec.when(RefuseMove(request=NOBODY, rule="ApprovalRejected", detail="No.")).nothing()
    deal.given(opened()).when(EnterStage(to="discover", request=NOBODY)).nothing()


def test_a_request_cannot_be_carried_out_into_another_stage():
    spec = deal.given(opened(), *proven("need_stated"), requested("discover"))
    spec.when(EnterStage(to="won", request=request_id(spec))).refused(Invalid)


def test_the_gate_is_checked_again_on_entering():
    spec = deal.given(opened(), *proven("need_stated"), requested("discover"))
    request = request_id(spec)
    changed = spec.given(DealEvidenceRetracted(criterion="need_stated", reason="Wrong call"))
    (refused,) = changed.when(EnterStage(to="discover", request=request)).events
    assert isinstance(refused, DealMoveRefused)
    assert (refused.rule, refused.to, [u.criterion for u in refused.unmet]) == ("GateNotMet", "discover", ["need_stated"])
    settled = changed.given(refused).state
    assert settled is not None
    assert (settled.stage, settled.pending) == ("qualify", None)


def test_a_transition_that_is_gone_on_entering_refuses_the_move():
    ways = (Transition(leave="qualify", enter="propose"), Transition(leave="qualify", enter="lost"))
    spec = deal.given(opened(), *proven("need_stated"), requested("discover"))
    strict = spec.knowing({DEFAULT_PIPELINE: Pipeline("Strict", (PipelineVersion(1, VERSION.stages, ways),))})
    (refused,) = strict.when(EnterStage(to="discover", request=request_id(spec))).events
    assert isinstance(refused, DealMoveRefused)
    assert (refused.rule, refused.unmet) == ("TransitionNotAllowed", ())


def test_while_a_move_is_pending_no_other_can_be_asked_for():
    spec = deal.given(opened(), *proven("need_stated"), requested("discover"))
    spec.when(AdvanceDeal(to="lost", reason="price")).refused(MovePending, to="discover")
    spec.when(AdvanceDeal(to="discover")).refused(MovePending)
    spec.when(AdvanceDeal(to="qualify")).refused(MovePending)
    carried_out(spec).when(AdvanceDeal(to="lost", reason="price")).then(requested("lost", "discover", reason="price"))


def test_a_pending_move_is_withdrawn_once():
    spec = deal.given(opened(), *proven("need_stated"), requested("discover"))
    withdrawn = DealMoveWithdrawn(request=request_id(spec), to="discover", note="Too early")
    spec.when(WithdrawMove(note="Too early")).then(withdrawn)
    spec.given(withdrawn).when(WithdrawMove()).nothing()
    deal.given(opened()).when(WithdrawMove()).nothing()


def test_a_workflow_can_turn_a_pending_move_down():
    spec = deal.given(opened(), *proven("need_stated"), requested("discover"))
    request = request_id(spec)
    spec.when(RefuseMove(request=request, rule="ApprovalRejected", detail="Too much discount.")).then(
        DealMoveRefused(request=request, to="discover", rule="ApprovalRejected", detail="Too much discount.")
    )


def test_going_back_needs_a_reason_code_and_no_gate():
    spec = deal.given(opened(), entered("propose"))
    refusal = spec.when(AdvanceDeal(to="qualify")).refused(ReasonNeeded)
    assert "scope_changed" in refusal.data["reasons"]
    spec.when(AdvanceDeal(to="qualify", reason="felt_like_it")).refused(ReasonNeeded, given="felt_like_it")
    spec.when(AdvanceDeal(to="qualify", reason="scope_changed")).then(requested("qualify", "propose", reason="scope_changed"))


def test_losing_needs_a_reason_and_a_note_for_other():
    spec = deal.given(opened())
    spec.when(AdvanceDeal(to="lost")).refused(ReasonNeeded)
    spec.when(AdvanceDeal(to="lost", reason="other")).refused(NoteNeeded)
    spec.when(AdvanceDeal(to="lost", reason="other", note="Fire at the plant")).then(
        requested("lost", reason="other", note="Fire at the plant")
    )
    spec.when(AdvanceDeal(to="lost", reason="competitor", competitor="Globex")).then(
        requested("lost", reason="competitor", competitor="Globex")
    )


def test_a_lost_deal_keeps_its_reason_and_counts_no_more():
    spec = deal.given(opened(), requested("lost", reason="competitor", competitor="Globex"))
    (lost,) = spec.when(EnterStage(to="lost", request=request_id(spec))).events
    assert isinstance(lost, DealStageEntered)
    assert (lost.kind, lost.probability, lost.category) == (StageKind.LOST, 0, Category.OMITTED)
    assert (lost.reason, lost.competitor, lost.won_on) == ("competitor", "Globex", None)


def test_winning_needs_a_signature_or_an_order():
    spec = deal.given(opened(), *ALL_PROVEN)
    refusal = spec.when(AdvanceDeal(to="won")).refused(GateNotMet)
    assert [u.criterion for u in refusal.data["unmet"]] == ["signature_or_order"]
    yesterday = TODAY - timedelta(days=1)
    spec.when(AdvanceDeal(to="won", signed_on=yesterday, signature="S-1")).then(requested("won", won_on=yesterday, signature="S-1"))
    spec.when(AdvanceDeal(to="won", order_reference="PO 7", ordered_on=yesterday)).then(
        requested("won", won_on=yesterday, order_reference="PO 7")
    )
    spec.when(AdvanceDeal(to="won", order_reference="PO 7")).then(requested("won", won_on=TODAY, order_reference="PO 7"))


def test_a_signature_cannot_be_dated_after_today():
    spec = deal.given(opened(), *ALL_PROVEN)
    spec.when(AdvanceDeal(to="won", signed_on=TODAY + timedelta(days=1))).refused(WonInFuture)


def test_a_signature_is_dated_where_the_deal_is():
    tomorrow = TODAY + timedelta(days=1)
    spec = deal.at(NOW.replace(hour=20)).given(opened(zone="Asia/Tokyo"), *ALL_PROVEN)
    spec.when(AdvanceDeal(to="won", signed_on=tomorrow)).then(requested("won", won_on=tomorrow, requested_at=NOW.replace(hour=20)))


def test_a_win_books_on_the_day_of_the_signature():
    signed = TODAY - timedelta(days=3)
    spec = deal.given(opened(), *ALL_PROVEN, requested("won", won_on=signed, signature="S-1"))
    (won,) = spec.when(EnterStage(to="won", request=request_id(spec))).events
    assert isinstance(won, DealStageEntered)
    assert (won.kind, won.probability, won.category, won.won_on, won.signature) == (StageKind.WON, 100, Category.CLOSED, signed, "S-1")
    state = spec.given(won).state
    assert state is not None
    assert (state.won_on, state.left) == (signed, "qualify")


@pytest.mark.parametrize("closing", [WON, LOST])
def test_a_closed_deal_cannot_be_advanced(closing):
    deal.given(opened(), closing).when(AdvanceDeal(to="discover", evidence=(NEED,))).refused(DealClosed)


def test_an_imported_deal_that_lacks_account_or_date_is_asked_for_them_at_the_gate():
    state = deal.given(opened(), *proven("need_stated")).state
    assert state is not None
    lacking = replace(state, account=None, close_date=None, amount=None)
    here, to = VERSION.stage("qualify"), VERSION.stage("discover")
    assert here is not None
    assert to is not None
    unmet = gate_unmet(lacking, VERSION, here, to, None, set(lacking.evidence))
    assert [u.criterion for u in unmet] == ["account", "close_date", "amount"]
    assert gate_unmet(state, VERSION, here, to, None, set(state.evidence)) == ()
    spec = deal.given(opened(), *proven("need_stated"), DealAccountSet(account=None))
    assert [u.criterion for u in spec.when(AdvanceDeal(to="discover")).refused(GateNotMet).data["unmet"]] == ["account"]
    spec.when(AdvanceDeal(to="lost", reason="price")).then(requested("lost", reason="price"))


def test_an_open_approval_closes_the_gate_and_holds_the_terms():
    state = deal.given(opened(), *proven("need_stated"), requested("discover")).state
    assert state is not None
    waiting = replace(state, approvals=("discount",))
    context = Context(now=NOW, facts=FACTS, stream=DEAL)
    for command in (ChangeAmount(amount=eur("90")), RetractEvidence(criterion="need_stated", reason="x"), AdvanceDeal(to="propose")):
        with pytest.raises(ApprovalPending):
            deals.decide(waiting, command, context)
    assert deals.decide(waiting, SetNextStep(next_step="Call", next_step_on=TODAY), context)
    (refused,) = deals.decide(waiting, EnterStage(to="discover", request=uuid5(DEAL, "3")), context)
    assert isinstance(refused, DealMoveRefused)
    assert [u.criterion for u in refused.unmet] == ["discount"]
    assert deals.decide(state, ChangeAmount(amount=eur("90")), context)


def test_there_is_nothing_to_move_before_a_deal_is_opened():
    deal.when(AdvanceDeal(to="discover")).refused(NotFound)


def test_an_override_of_the_probability_stays_through_moves_and_ends_at_closing():
    from domain.deals import DealProbabilityOverridden

    spec = deal.given(opened(), *ALL_PROVEN, DealProbabilityOverridden(probability=35, stage_probability=10), requested("discover"))
    moved = carried_out(spec)
    assert moved.state is not None
    assert (moved.state.probability, moved.state.stage_probability) == (35, 25)
    won = carried_out(moved.given(requested("won", "discover", won_on=TODAY)))
    assert won.state is not None
    assert (won.state.probability, won.state.probability_override) == (100, None)
    assert isinstance(won.events[-1], DealStageEntered)
    assert won.events[-1].probability == 100
    assert stage_facts("won")["probability"] == 100
    assert PIPELINE.latest is VERSION
