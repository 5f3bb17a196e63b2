"""The rules for deals that a tenant chooses: changed in its settings, and obeyed by every decision from then on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.deal_rules import STARTING, ChangeDealRules, DealRules, DealRulesChanged
from domain.deals import (
    AdvanceDeal,
    CloseDateReasonNeeded,
    CommitNotMet,
    DealCategorySet,
    DealCloseDateMoved,
    DealForecastCategoryChanged,
    DealStageRequested,
    ImportDeal,
    MoveCloseDate,
    NoteNeeded,
    ReasonNeeded,
    RenameDeal,
    SetCategory,
    SetNextStep,
    deals,
)
from domain.kernel import SYSTEM, Actor, Context, Forbidden, Invalid, Role, natural_id
from domain.pipelines import DEFAULT_PIPELINE, Category
from domain.settings import SETTINGS_ID, SETTINGS_READ, Settings, settings
from tests.domain.deal_world import ECONOMIC_BUYER, PIPELINE, SOON, deal, opened
from tests.spec import NOW, OWN, Spec

tenant = Spec(settings).on(SETTINGS_ID)
CHIEF = Actor(natural_id("test", "chief"), frozenset({Role.SALES_CHIEF}))
DIRECTOR = Actor(natural_id("test", "director"), frozenset({Role.SALES_DIRECTOR, Role.FINANCE}))


def changed(**changes: Any) -> DealRulesChanged:
    (event,) = tenant.when(ChangeDealRules(**changes)).events
    assert isinstance(event, DealRulesChanged)
    return event


def under(**changes: Any) -> Spec[Any]:
    """A deal of a tenant that changed these rules."""
    return deal.knowing({SETTINGS_ID: settings.fold([changed(**changes)])})


def test_rules_left_away_stay_and_each_change_counts():
    first = changed(push_cap_from=5)
    assert (first.version, first.push_cap_from, first.close_date_reason_over) == (1, 5, 14)
    (second,) = tenant.given(first).when(ChangeDealRules(close_date_reason_over=30)).events
    assert settings.fold([first, second]).deal_rules == replace(STARTING, push_cap_from=5, close_date_reason_over=30, version=2)


def test_what_holds_already_changes_nothing():
    tenant.when(ChangeDealRules()).nothing()
    tenant.when(ChangeDealRules(push_cap_from=3, commit_needs=tuple(reversed(STARTING.commit_needs)))).nothing()


def test_only_the_sales_chief_and_administration_change_rules_for_deals():
    assert tenant.by(CHIEF).when(ChangeDealRules(push_cap_from=5)).events
    tenant.by(DIRECTOR).when(ChangeDealRules(push_cap_from=5)).refused(Forbidden)


def test_a_code_is_named_once_and_there_is_one_at_least():
    tenant.when(ChangeDealRules(lost_reasons=("price", "price"))).refused(Invalid)
    with pytest.raises(ValueError, match="at least 1"):
        ChangeDealRules(back_reasons=())


def test_the_tenant_says_by_how_much_a_close_date_moves_without_a_reason():
    later = MoveCloseDate(close_date=opened().close_date + timedelta(days=10))
    assert deal.given(opened()).when(later).events
    under(close_date_reason_over=7).given(opened()).when(later).refused(CloseDateReasonNeeded, limit=7)
    (moved,) = under(close_date_reason_over=20).given(opened()).when(later).events
    assert isinstance(moved, DealCloseDateMoved)
    assert moved.rules == 1


def test_the_tenant_names_the_reasons_for_going_back_and_for_losing():
    lose = AdvanceDeal(to="lost", reason="price")
    assert deal.given(opened()).when(lose).events
    mine = under(lost_reasons=("too_late", "other"), back_reasons=("rethink",))
    mine.given(opened()).when(lose).refused(ReasonNeeded, reasons=["too_late", "other"])
    mine.given(opened()).when(AdvanceDeal(to="lost", reason="other")).refused(NoteNeeded)
    (asked,) = mine.given(opened()).when(AdvanceDeal(to="lost", reason="too_late")).events
    assert isinstance(asked, DealStageRequested)
    assert asked.rules == 1


COMMITTABLE = opened(people=ECONOMIC_BUYER, next_step="Call", next_step_on=SOON)


def test_the_tenant_says_what_commit_asks_for():
    bare = opened()
    deal.given(bare).when(SetCategory(category=Category.COMMIT)).refused(CommitNotMet)
    (called, effective) = under(commit_needs=("amount",)).given(bare).when(SetCategory(category=Category.COMMIT)).events
    assert called == DealCategorySet(called=Category.COMMIT, rules=1)
    assert effective == DealForecastCategoryChanged(category=Category.COMMIT, previous=Category.PIPELINE, rules=1)
    under(commit_next_step_within=3).given(COMMITTABLE).when(SetCategory(category=Category.COMMIT)).refused(CommitNotMet)


def test_the_tenant_says_from_how_many_pushes_on_a_deal_is_best_case_at_most():
    called = (
        COMMITTABLE,
        DealCategorySet(called=Category.COMMIT),
        DealForecastCategoryChanged(category=Category.COMMIT, previous=Category.PIPELINE),
    )
    push = MoveCloseDate(close_date=COMMITTABLE.close_date + timedelta(days=31), reason="Budget")
    assert len(deal.given(*called).when(push).events) == 1
    (_, capped) = under(push_cap_from=1).given(*called).when(push).events
    assert capped == DealForecastCategoryChanged(category=Category.BEST_CASE, previous=Category.COMMIT, capped_by=("pushes",), rules=1)


def test_decisions_on_which_no_rule_bears_do_not_read_them():
    state, facts = deal.given(opened()).state, {DEFAULT_PIPELINE: PIPELINE}
    for command in (AdvanceDeal(to="discover"), RenameDeal(title="Else"), SetNextStep(next_step="Call")):
        assert SETTINGS_READ not in deals.reads(state, command, facts)
    assert SETTINGS_READ in deals.reads(state, AdvanceDeal(to="lost"), facts)


def test_an_imported_row_reads_them_for_all_the_stages_that_it_brings():
    def row(**changes: Any) -> ImportDeal:
        fields = {"source": "old", "source_id": "1", "title": "Saws", "pipeline": DEFAULT_PIPELINE, "stage": "paper"}
        return ImportDeal.model_validate({**fields, "run": natural_id("run", "1"), **changes})

    assert SETTINGS_READ in deals.reads(None, row(stage="qualify"), {DEFAULT_PIPELINE: PIPELINE})
    told = deal.by(SYSTEM).when(row()).events
    assert deal.given(*told).state.category is Category.BEST_CASE
    trusting = under(commit_needs=()).by(SYSTEM)
    assert trusting.given(*trusting.when(row()).events).state.category is Category.COMMIT


def test_without_settings_the_starting_rules_hold():
    context = Context(now=NOW, actor=SYSTEM, facts={SETTINGS_ID: Settings()}, stream=OWN)
    assert context.fact(SETTINGS_READ).deal_rules == DealRules()
