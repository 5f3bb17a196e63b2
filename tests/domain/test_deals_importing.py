"""Deals of another system, taken over as told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from domain.attributes import AttributeSchema, AttributeType, Definition, attributes_id
from domain.deals import (
    AmountNegative,
    AmountTooLarge,
    CloseImported,
    DealAttributesSet,
    DealImported,
    DealStageReported,
    ImportStage,
    NotImported,
    PipelineUnavailable,
    SetDealAttributes,
    StageUnknown,
)
from domain.kernel import AlreadyExists
from domain.pipelines import Category, StageKind
from tests.domain.deal_world import NOBODY, eur, line, opened
from tests.domain.imported_world import CLOSED, ENGAGED, FIRST, SECOND, row, spec, taken
from tests.spec import NOW


def test_a_deal_is_taken_over_as_told_however_long_ago():
    (event,) = spec.backdated(ENGAGED).when(row()).events
    assert isinstance(event, DealImported)
    assert (event.stage, event.kind, event.since, event.probability) == ("engaging", StageKind.OPEN, ENGAGED, 66)
    assert (event.amount, event.needs_attention, event.attributes) == (eur("1054.00"), (), {"series": "GTX"})


def test_an_open_deal_without_account_date_or_amount_comes_too_and_says_what_it_lacks():
    (event,) = spec.when(row(account=None, close_date=None, amount=None)).events
    assert isinstance(event, DealImported)
    assert event.needs_attention == ("account", "close_date", "amount")
    state = spec.given(event).state
    assert state is not None
    assert state.needs_attention == ("account", "close_date", "amount")


def test_a_lost_deal_of_value_zero_keeps_its_zero():
    (event,) = spec.when(row(amount=eur("0"))).events
    assert isinstance(event, DealImported)
    assert event.amount == eur("0.00")
    spec.when(row(amount=eur("-1"))).refused(AmountNegative)


def test_what_a_source_tells_finer_than_its_currency_is_rounded_half_to_even():
    (event,) = spec.when(row(amount=eur("10.005"))).events
    assert isinstance(event, DealImported)
    assert event.amount == eur("10.00")
    spec.when(row(amount=eur("999999999999999.999"))).refused(AmountTooLarge)


def test_a_deal_may_come_closed_where_its_source_tells_no_more():
    (event,) = spec.backdated(CLOSED).when(row(stage="won")).events
    assert isinstance(event, DealImported)
    assert (event.kind, event.won_on, event.category, event.probability) == (StageKind.WON, CLOSED.date(), Category.CLOSED, 100)


def test_a_deal_comes_only_into_a_stage_that_is_there():
    spec.when(row(stage="haggling")).refused(StageUnknown)
    spec.when(row(pipeline=NOBODY)).refused(PipelineUnavailable)


def test_a_deal_opened_here_is_not_overwritten_by_an_import():
    spec.given(opened()).when(row()).refused(AlreadyExists)
    spec.given(opened()).when(ImportStage(run=FIRST, stage="engaging")).refused(NotImported)


def test_past_stages_and_the_closing_are_recorded_as_told():
    there = taken((row(stage="prospecting"), ENGAGED - timedelta(days=9)), (ImportStage(run=FIRST, stage="engaging"), ENGAGED))
    (event,) = there.backdated(CLOSED).when(CloseImported(run=FIRST, stage="won")).events
    assert isinstance(event, DealStageReported)
    assert (event.stage, event.kind, event.since, event.won_on, event.current) == ("won", StageKind.WON, CLOSED, CLOSED.date(), True)
    state = there.given(event).state
    assert state is not None
    assert (state.stage, state.left, state.won_on) == ("won", "engaging", CLOSED.date())


def test_a_win_without_a_day_books_on_none_until_its_source_tells_one():
    there = taken(row())
    (event,) = there.when(CloseImported(run=FIRST, stage="won")).events
    assert isinstance(event, DealStageReported)
    assert (event.kind, event.won_on) == (StageKind.WON, None)
    there = there.given(event)
    there.when(CloseImported(run=FIRST, stage="won")).nothing()
    (dated,) = there.backdated(CLOSED).when(CloseImported(run=FIRST, stage="won", since=CLOSED)).events
    assert isinstance(dated, DealStageReported)
    assert (dated.won_on, dated.current) == (CLOSED.date(), True)


def test_a_closing_says_why_a_deal_was_lost():
    (event,) = taken(row()).when(CloseImported(run=FIRST, stage="lost", since=CLOSED, reason="No budget left", competitor="Globex")).events
    assert isinstance(event, DealStageReported)
    assert (event.kind, event.reason, event.competitor, event.won_on) == (StageKind.LOST, "No budget left", "Globex", None)


def test_a_closing_needs_a_stage_that_closes():
    taken(row()).when(CloseImported(run=FIRST, stage="engaging", since=NOW)).refused(StageUnknown)


def test_a_closing_follows_an_open_stage_that_was_told_without_a_date():
    (event,) = taken(row()).when(CloseImported(run=FIRST, stage="won", since=CLOSED)).events
    assert isinstance(event, DealStageReported)
    assert event.current


def test_a_stage_that_lies_in_the_past_of_the_present_one_changes_only_the_past():
    there = taken((row(), ENGAGED))
    (event,) = there.when(ImportStage(run=FIRST, stage="prospecting", since=ENGAGED - timedelta(days=5))).events
    assert isinstance(event, DealStageReported)
    assert not event.current
    after = there.given(event).state
    assert after is not None
    assert after.stage == "engaging"


def test_the_same_run_again_changes_nothing():
    story = (
        (row(stage="prospecting"), ENGAGED - timedelta(days=9)),
        (ImportStage(run=FIRST, stage="engaging"), ENGAGED),
        (CloseImported(run=FIRST, stage="won", reason="Price"), CLOSED),
    )
    there = taken(*story)
    for command, since in story:
        there.backdated(since).when(command).nothing()
        there.backdated(since).when(command.model_copy(update={"run": SECOND})).nothing()


def test_undated_stages_told_again_are_quiet():
    there = taken(row())
    there.at(NOW + timedelta(days=1)).when(ImportStage(run=SECOND, stage="engaging")).nothing()
    there.at(NOW + timedelta(days=1)).when(row(SECOND)).nothing()


def test_rows_survive_storage_word_for_word():
    lines = (line("7.50", quantity="2.0"), line("3", period="month", months=12))
    there = taken((row(amount=None, lines=lines), ENGAGED), row(SECOND, amount=None, lines=lines, title="New"))
    stored = [type(e).model_validate_json(e.model_dump_json()) for e in there.events]
    again = replace(there, events=tuple(stored))
    assert again.state == there.state
    same = (line("7.5", quantity=2), line("3.00", period="month", months=12))
    again.when(row(SECOND, title="New", amount=None, lines=same)).nothing()


def test_a_tenants_own_fields_hold_for_imported_deals_too():
    schema = AttributeSchema(1, {"tier": Definition("Tier", AttributeType.TEXT)})
    there = taken((row(), ENGAGED)).knowing({attributes_id("deal"): schema})
    there.when(SetDealAttributes(attributes={"tier": "gold"})).then(
        DealAttributesSet(attributes={"series": "GTX", "tier": "gold"}, definitions=1)
    )
