"""Reopening lost deals, reversing wins, migrating to another pipeline."""

from __future__ import annotations

from datetime import date, timedelta

from domain.deals import (
    CloseDateInPast,
    DealClosed,
    DealCloseDateMoved,
    DealNotWon,
    DealPipelineMigrated,
    DealProbabilityOverridden,
    DealReopened,
    DealWinReversed,
    MigratePipeline,
    MovePending,
    PipelineUnavailable,
    ReopenDeal,
    ReversalNeedsFinance,
    ReverseWin,
    StageNotOpen,
    StageUnknown,
    WinNeedsReversal,
)
from domain.kernel import SYSTEM
from domain.pipelines import DEFAULT_PIPELINE, Category, Pipeline, PipelineVersion, Stage, StageKind
from tests.domain.deal_world import (
    FINANCE,
    LOST,
    NOBODY,
    PIPELINE,
    RETIRED,
    SMALL,
    TODAY,
    VERSION,
    WON,
    deal,
    entered,
    opened,
    proven,
    requested,
    stage_facts,
)
from tests.spec import NOW

LOST_FROM_PROPOSE = (opened(), entered("propose"), LOST)
WON_FROM_PAPER = (opened(), entered("paper"), WON)


def test_a_lost_deal_reopens_into_the_stage_it_left():
    reopened = DealReopened.model_validate(stage_facts("propose") | {"previous": "lost", "reason": "They called"})
    deal.given(*LOST_FROM_PROPOSE).when(ReopenDeal(reason="They called")).then(reopened)


def test_an_open_deal_is_open_already():
    deal.given(opened()).when(ReopenDeal(reason="They called")).nothing()


def test_a_won_deal_is_not_reopened():
    deal.given(*WON_FROM_PAPER).when(ReopenDeal(reason="They called")).refused(WinNeedsReversal)


def test_a_deal_whose_date_passed_reopens_with_another_one():
    spec = deal.given(opened(), entered("propose"), LOST).at(NOW.replace(month=5))
    spec.when(ReopenDeal(reason="They called")).refused(CloseDateInPast)
    spec.when(ReopenDeal(reason="They called", close_date=date(2026, 4, 20))).refused(CloseDateInPast)
    reopened, moved = spec.when(ReopenDeal(reason="They called", close_date=date(2026, 6, 1))).events
    assert isinstance(reopened, DealReopened)
    assert moved == DealCloseDateMoved(close_date=date(2026, 6, 1), previous=date(2026, 4, 15), pushed=True, pushes=1, reason="They called")


def test_only_finance_reverses_a_win():
    reversal = ReverseWin(reason="Order was cancelled")
    deal.given(*WON_FROM_PAPER).when(reversal).refused(ReversalNeedsFinance)
    deal.given(*WON_FROM_PAPER).by(SYSTEM).when(reversal).refused(ReversalNeedsFinance)
    (event,) = deal.given(*WON_FROM_PAPER).by(FINANCE).when(reversal).events
    facts = stage_facts("paper") | {"previous": "won", "reason": "Order was cancelled", "won_on": TODAY}
    assert event == DealWinReversed.model_validate(facts)


def test_a_reversed_win_books_no_more_and_is_open_where_it_was():
    spec = deal.given(*WON_FROM_PAPER).by(FINANCE)
    state = spec.given(*spec.when(ReverseWin(reason="Cancelled")).events).state
    assert state is not None
    assert (state.stage, state.kind, state.won_on, state.left) == ("paper", StageKind.OPEN, None, None)


def test_there_is_no_win_to_reverse_in_a_deal_that_is_not_won():
    deal.given(opened()).by(FINANCE).when(ReverseWin(reason="x")).refused(DealNotWon)
    deal.given(*LOST_FROM_PROPOSE).by(FINANCE).when(ReverseWin(reason="x")).refused(DealNotWon)


TALK = Stage(key="talk", name="Talk", order=1, probability=30, category=Category.PIPELINE)
QUALIFY = TALK.model_copy(update={"key": "qualify", "name": "Qualify", "probability": 15})
CLOSED = tuple(s for s in VERSION.stages if s.kind is not StageKind.OPEN)
OTHER = Pipeline(
    "Short", (PipelineVersion(1, (TALK, *CLOSED)), PipelineVersion(2, (QUALIFY, TALK.model_copy(update={"order": 2}), *CLOSED)))
)
spec = deal.given(opened(), *proven("need_stated")).knowing({SMALL: OTHER})


def test_a_deal_stays_in_the_stage_of_the_same_key_when_it_is_migrated():
    (event,) = spec.at(NOW + timedelta(days=3)).when(MigratePipeline(pipeline=SMALL)).events
    assert isinstance(event, DealPipelineMigrated)
    assert (event.pipeline, event.pipeline_version, event.stage, event.probability) == (SMALL, 2, "qualify", 15)
    assert (event.previous_pipeline, event.previous_version, event.since) == (DEFAULT_PIPELINE, 1, NOW)
    assert event.dropped == ("need_stated",)
    migrated = spec.given(event).state
    assert migrated is not None
    assert not migrated.evidence


def test_a_deal_keeps_its_version_until_it_is_migrated():
    newer = Pipeline("New", (*PIPELINE.versions, PipelineVersion(2, VERSION.stages)))
    known = spec.knowing({DEFAULT_PIPELINE: newer})
    assert known.state is not None
    assert known.state.pipeline_version == 1
    (event,) = known.when(MigratePipeline(pipeline=DEFAULT_PIPELINE)).events
    assert isinstance(event, DealPipelineMigrated)
    assert (event.pipeline_version, event.dropped) == (2, ())
    known.given(event).when(MigratePipeline(pipeline=DEFAULT_PIPELINE)).nothing()


def test_a_stage_is_named_only_where_there_is_none_of_the_same_key():
    refusal = spec.when(MigratePipeline(pipeline=SMALL, version=1)).refused(StageUnknown)
    assert refusal.data["stages"] == ["talk"]
    (event,) = spec.when(MigratePipeline(pipeline=SMALL, version=1, to="talk")).events
    assert isinstance(event, DealPipelineMigrated)
    assert (event.stage, event.since) == ("talk", NOW)
    spec.when(MigratePipeline(pipeline=SMALL, version=2, to="talk")).refused(StageUnknown)
    spec.when(MigratePipeline(pipeline=SMALL, version=1, to="won")).refused(StageNotOpen)


def test_migration_needs_a_pipeline_in_use_and_a_deal_at_rest():
    spec.when(MigratePipeline(pipeline=NOBODY)).refused(PipelineUnavailable)
    spec.when(MigratePipeline(pipeline=RETIRED)).refused(PipelineUnavailable)
    spec.when(MigratePipeline(pipeline=SMALL, version=9)).refused(PipelineUnavailable)
    spec.given(requested("discover")).when(MigratePipeline(pipeline=SMALL)).refused(MovePending)
    spec.given(LOST).when(MigratePipeline(pipeline=SMALL)).refused(DealClosed)


def test_an_overridden_probability_survives_migration():
    (event,) = spec.given(DealProbabilityOverridden(probability=66, stage_probability=10)).when(MigratePipeline(pipeline=SMALL)).events
    assert isinstance(event, DealPipelineMigrated)
    assert (event.probability, event.stage_probability) == (66, 15)
