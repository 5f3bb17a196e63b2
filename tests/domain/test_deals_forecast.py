"""Probability and forecast category: calls, caps, commit and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from domain.deals import (
    BuyerRole,
    ChangeAmount,
    ClearCategory,
    ClearProbability,
    CommitNotMet,
    DealAmountChanged,
    DealCategoryCleared,
    DealCategorySet,
    DealClosed,
    DealCloseDateMoved,
    DealCommitLost,
    DealForecastCategoryChanged,
    DealNextStepSet,
    DealPeopleSet,
    DealPerson,
    DealProbabilityCleared,
    DealProbabilityOverridden,
    MoveCloseDate,
    OverrideProbability,
    RecordCommitLost,
    SetCategory,
    SetNextStep,
    SetPeople,
    commit_unmet,
)
from domain.pipelines import Category
from tests.domain.deal_world import (
    ALL_PROVEN,
    ANNA,
    CHAMPION,
    ECONOMIC_BUYER,
    LOST,
    SOON,
    TODAY,
    WON,
    carried_out,
    deal,
    entered,
    eur,
    opened,
    requested,
)
from tests.spec import NOW

STEP = DealNextStepSet(next_step="Sign", next_step_on=SOON)
READY = (opened(), DealPeopleSet(people=ECONOMIC_BUYER), STEP)
COMMITTED = (
    *READY,
    DealCategorySet(called=Category.COMMIT),
    DealForecastCategoryChanged(category=Category.COMMIT, previous=Category.PIPELINE),
)


def changed(to: Category, previous: Category, *capped_by: str) -> DealForecastCategoryChanged:
    return DealForecastCategoryChanged(category=to, previous=previous, capped_by=capped_by)


def test_a_probability_is_overridden_until_it_is_cleared():
    overridden = DealProbabilityOverridden(probability=40, stage_probability=10, reason="Old friends")
    deal.given(opened()).when(OverrideProbability(probability=40, reason="Old friends")).then(overridden)
    deal.given(opened(), overridden).when(OverrideProbability(probability=40)).nothing()
    deal.given(opened(), overridden).when(ClearProbability()).then(DealProbabilityCleared(probability=10))
    deal.given(opened()).when(ClearProbability()).nothing()


@pytest.mark.parametrize("closing", [WON, LOST])
@pytest.mark.parametrize(
    "command", [OverrideProbability(probability=1), ClearProbability(), SetCategory(category="omitted"), ClearCategory()]
)
def test_a_closed_deal_has_the_probability_and_category_of_its_end(command, closing):
    deal.given(opened(), closing).when(command).refused(DealClosed)


def test_a_call_sets_the_category_and_says_what_counts_now():
    deal.given(opened()).when(SetCategory(category=Category.BEST_CASE)).then(
        DealCategorySet(called=Category.BEST_CASE), changed(Category.BEST_CASE, Category.PIPELINE)
    )
    deal.given(opened(), DealCategorySet(called=Category.BEST_CASE)).when(SetCategory(category=Category.BEST_CASE)).nothing()


def test_clearing_a_call_returns_to_the_category_of_the_stage():
    called = deal.given(opened(), DealCategorySet(called=Category.OMITTED), changed(Category.OMITTED, Category.PIPELINE))
    called.when(ClearCategory()).then(DealCategoryCleared(default_category=Category.PIPELINE), changed(Category.PIPELINE, Category.OMITTED))
    deal.given(opened()).when(ClearCategory()).nothing()


def test_no_one_calls_a_deal_closed():
    with pytest.raises(ValidationError):
        SetCategory(category=Category.CLOSED)


def test_commit_is_refused_with_what_it_lacks():
    refusal = deal.given(opened(amount=eur("0"))).when(SetCategory(category=Category.COMMIT)).refused(CommitNotMet)
    assert [u.criterion for u in refusal.data["unmet"]] == ["amount", "next_step", "economic_buyer"]


def test_commit_holds_when_all_is_there():
    deal.given(*READY).when(SetCategory(category=Category.COMMIT)).then(*COMMITTED[-2:])


@pytest.mark.parametrize(
    ("changes", "lacks"),
    [
        ({"amount": None}, "amount"),
        ({"close_date": TODAY - timedelta(days=1)}, "close_date"),
        ({"close_date": None}, "close_date"),
        ({"next_step_on": TODAY + timedelta(days=15)}, "next_step"),
        ({"next_step_on": TODAY - timedelta(days=1)}, "next_step"),
        ({"next_step": None}, "next_step"),
        ({"people": (DealPerson(contact=CHAMPION, role=BuyerRole.CHAMPION),)}, "economic_buyer"),
        ({"approvals": ("discount",)}, "discount"),
    ],
)
def test_commit_needs_each_of_its_requirements(changes, lacks):
    state = deal.given(*READY).state
    assert state is not None
    assert commit_unmet(state, TODAY) == ()
    assert [u.criterion for u in commit_unmet(replace(state, **changes), TODAY)] == [lacks]


def test_commit_allows_the_edges_of_its_dates():
    state = deal.given(*READY).state
    assert state is not None
    assert commit_unmet(replace(state, close_date=TODAY, next_step_on=TODAY + timedelta(days=14)), TODAY) == ()


@pytest.mark.parametrize(
    ("command", "event", "cap"),
    [
        (SetPeople(people=()), DealPeopleSet(people=()), "economic_buyer"),
        (SetNextStep(), DealNextStepSet(), "next_step"),
        (ChangeAmount(amount=eur("0")), DealAmountChanged(amount=eur("0.00"), previous=eur("100.00")), "amount"),
    ],
)
def test_what_takes_a_requirement_of_commit_away_lowers_the_category_and_giving_it_back_raises_it(command, event, cap):
    lowered = changed(Category.BEST_CASE, Category.COMMIT, cap)
    deal.given(*COMMITTED).when(command).then(event, lowered)
    back = {
        "economic_buyer": SetPeople(people=ECONOMIC_BUYER),
        "next_step": SetNextStep(next_step="Sign", next_step_on=SOON),
        "amount": ChangeAmount(amount=eur("100")),
    }[cap]
    assert deal.given(*COMMITTED, event, lowered).when(back).events[-1] == changed(Category.COMMIT, Category.BEST_CASE)


def test_a_commit_that_time_undoes_is_recorded_once():
    later = deal.given(*COMMITTED).at(NOW + timedelta(days=8))
    decision = later.when(RecordCommitLost())
    lost, lowered = decision.events
    assert isinstance(lost, DealCommitLost)
    assert ([u.criterion for u in lost.unmet], lost.owner) == (["next_step"], ANNA)
    assert lowered == changed(Category.BEST_CASE, Category.COMMIT, "next_step")
    later.given(*decision.events).when(RecordCommitLost()).nothing()


def test_a_commit_that_still_holds_is_not_recorded_as_lost():
    deal.given(*COMMITTED).when(RecordCommitLost()).nothing()
    deal.given(opened()).when(RecordCommitLost()).nothing()
    deal.given(opened(), WON).when(RecordCommitLost()).nothing()


def pushed(times: int) -> DealCloseDateMoved:
    return DealCloseDateMoved(close_date=TODAY + timedelta(days=40), previous=TODAY, pushed=True, pushes=times)


def test_the_third_push_caps_the_category_at_best_case():
    third = MoveCloseDate(close_date=TODAY + timedelta(days=120), reason="Again")
    assert len(deal.given(*COMMITTED, pushed(1)).when(third).events) == 1
    moved, lowered = deal.given(*COMMITTED, pushed(2)).when(third).events
    assert isinstance(moved, DealCloseDateMoved)
    assert (moved.pushes, lowered) == (3, changed(Category.BEST_CASE, Category.COMMIT, "pushes"))


def test_a_call_of_commit_beyond_the_cap_is_remembered_and_counts_as_best_case():
    spec = deal.given(*READY, pushed(3))
    spec.when(SetCategory(category=Category.COMMIT)).then(
        DealCategorySet(called=Category.COMMIT), changed(Category.BEST_CASE, Category.PIPELINE, "pushes")
    )


def test_a_stage_whose_default_is_commit_counts_as_best_case_until_its_requirements_hold():
    spec = carried_out(deal.given(opened(), *ALL_PROVEN, requested("paper")))
    state = spec.state
    assert state is not None
    assert (state.default_category, state.category) == (Category.COMMIT, Category.BEST_CASE)
    ready = spec.given(DealPeopleSet(people=ECONOMIC_BUYER))
    ready.when(SetNextStep(next_step="Sign", next_step_on=SOON)).then(STEP, changed(Category.COMMIT, Category.BEST_CASE))


def test_a_call_is_remembered_through_stages_and_ends_at_closing():
    spec = carried_out(deal.given(*COMMITTED, *ALL_PROVEN, requested("discover")))
    assert spec.state is not None
    assert (spec.state.category, spec.state.category_override) == (Category.COMMIT, Category.COMMIT)
    lost = carried_out(spec.given(requested("lost", "discover", reason="price")))
    assert lost.state is not None
    assert (lost.state.category, lost.state.category_override) == (Category.OMITTED, None)
    assert entered("lost").category is Category.OMITTED
