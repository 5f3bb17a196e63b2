"""Deals of another system: taken over as told, told anew, taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.attributes import AttributeSchema, AttributeType, Definition, attributes_id
from domain.deals import (
    AdvanceDeal,
    AmountNegative,
    AmountTooLarge,
    AssignOwner,
    ChangeAmount,
    CloseImported,
    DealAccountSet,
    DealAmountChanged,
    DealAttributesSet,
    DealCloseDateMoved,
    DealImported,
    DealImportUndone,
    DealLinesChanged,
    DealNextStepSet,
    DealOwnerAssigned,
    DealReimported,
    DealRenamed,
    DealStageReported,
    GateNotMet,
    ImportDeal,
    ImportStage,
    MoveCloseDate,
    NotImported,
    PipelineUnavailable,
    RenameDeal,
    SetAccount,
    SetDealAttributes,
    StageUnknown,
    WithdrawMove,
    difference,
)
from domain.default_pipeline import SourceStage, imported_pipeline, imported_pipeline_id
from domain.imports import ChangedSinceImport, LaterImport, UndoImport
from domain.kernel import SYSTEM, AlreadyExists, Context, Event, NotFound, natural_id
from domain.pipelines import Category, StageKind, pipelines
from tests.domain.deal_world import ACME, ANNA, BEN, GLOBEX, NOBODY, TODAY, carried_out, deal, eur, line, opened
from tests.spec import NOW, Spec

THEIRS = imported_pipeline_id("maven")
DEFINED = pipelines.decide(
    None, imported_pipeline("maven", [SourceStage(n) for n in ("Prospecting", "Engaging", "Won", "Lost")]), Context(now=NOW)
)
FIRST, SECOND = natural_id("run", "1"), natural_id("run", "2")
ENGAGED = datetime(2016, 10, 20, tzinfo=UTC)
CLOSED = datetime(2017, 3, 1, tzinfo=UTC)
spec = deal.knowing({THEIRS: pipelines.fold(e for e in DEFINED if isinstance(e, Event))}).by(SYSTEM)


def row(run=FIRST, **changes) -> ImportDeal:
    fields = {
        "run": run,
        "source": "maven",
        "source_id": "1C1I7A6R",
        "title": "GTX for Acme",
        "pipeline": THEIRS,
        "stage": "engaging",
        "account": ACME,
        "owner": ANNA,
        "amount": eur("1054"),
        "close_date": CLOSED.date(),
        "attributes": {"series": "GTX"},
    }
    return ImportDeal.model_validate(fields | changes)


def taken(*commands, start: Spec = spec) -> Spec:
    """After these commands, each at its own instant if one is given beside it."""
    for item in commands:
        command, since = item if isinstance(item, tuple) else (item, None)
        decision = (start.backdated(since) if since else start).when(command)
        start = start.given(*decision.events)
    return start


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


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        ({"title": "GTX for Acme Ltd"}, DealRenamed(title="GTX for Acme Ltd", previous="GTX for Acme")),
        ({"account": None}, DealAccountSet(account=None, previous=ACME)),
        ({"owner": BEN}, DealOwnerAssigned(owner=BEN, previous=ANNA)),
        ({"amount": eur("900")}, DealAmountChanged(amount=eur("900.00"), previous=eur("1054.00"))),
        ({"amount": None}, DealAmountChanged(amount=None, previous=eur("1054.00"))),
        (
            {"amount": None, "lines": (line("7", quantity=2),)},
            DealLinesChanged(lines=(line("7", quantity=2),), amount=eur("14.00"), annual=eur("0.00"), previous=eur("1054.00")),
        ),
        ({"close_date": None}, DealCloseDateMoved(close_date=None, previous=CLOSED.date(), pushed=False, pushes=0)),
        (
            {"close_date": date(2017, 9, 1)},
            DealCloseDateMoved(close_date=date(2017, 9, 1), previous=CLOSED.date(), pushed=False, pushes=0),
        ),
        ({"next_step": "Call"}, DealNextStepSet(next_step="Call")),
        ({"attributes": {"series": "MG"}}, DealAttributesSet(attributes={"series": "MG"})),
        ({"attributes": {"series": "GTX", "region": "East"}}, DealAttributesSet(attributes={"series": "GTX", "region": "East"})),
    ],
)
def test_a_row_that_says_something_new_changes_only_that_and_is_quiet_afterwards(changes, event):
    there = taken((row(), ENGAGED))
    anew, *follows = there.when(row(SECOND, **changes)).events
    assert isinstance(anew, DealReimported)
    assert (anew.kept, follows) == ((), [event])
    there.given(anew, *follows).when(row(SECOND, **changes)).nothing()


def test_what_people_set_since_stays_and_is_told_to_be_kept():
    there = taken((row(), ENGAGED), ChangeAmount(amount=eur("2000")), RenameDeal(title="Ours"))
    news = row(SECOND, amount=eur("900"), title="Theirs", owner=BEN)
    state = there.state
    assert state is not None
    assert difference(state, news) == ({"owner": str(BEN)}, ("amount", "title"))
    anew, *follows = there.when(news).events
    assert isinstance(anew, DealReimported)
    assert (anew.kept, follows) == (("amount", "title"), [DealOwnerAssigned(owner=BEN, previous=ANNA)])
    there.given(anew, *follows).when(news).nothing()


def test_a_source_that_comes_to_say_what_people_set_already_changes_nothing_more():
    there = taken((row(), ENGAGED), RenameDeal(title="Better"))
    (anew,) = there.when(row(SECOND, title="Better")).events
    assert isinstance(anew, DealReimported)
    assert anew.kept == ()


def test_a_deal_found_in_a_later_stage_by_a_later_run_is_there():
    there = taken(row(stage="prospecting"))
    _, event = there.when(row(SECOND, stage_since=ENGAGED)).events
    assert isinstance(event, DealStageReported)
    assert (event.stage, event.since, event.current) == ("engaging", ENGAGED, True)
    there.given(*there.when(row(SECOND, stage_since=ENGAGED)).events).when(row(SECOND, stage_since=ENGAGED)).nothing()


def test_a_move_made_in_concord_goes_before_what_the_source_says():
    there = carried_out(taken((row(stage="prospecting"), ENGAGED), AdvanceDeal(to="engaging")))
    there.when(ImportStage(run=SECOND, stage="prospecting", since=NOW)).nothing()
    there.when(CloseImported(run=SECOND, stage="lost", since=NOW)).nothing()
    (anew,) = there.when(row(SECOND, stage="won")).events
    assert isinstance(anew, DealReimported)
    state = there.given(anew).state
    assert state is not None
    assert state.stage == "engaging"


def test_a_deal_closed_in_concord_keeps_all_it_closed_with():
    there = carried_out(taken((row(), ENGAGED), AdvanceDeal(to="lost", reason="price")))
    (anew,) = there.when(row(SECOND, amount=eur("1"), owner=BEN)).events
    assert isinstance(anew, DealReimported)
    assert anew.kept == ("amount", "owner")


def test_a_new_version_of_the_sources_pipeline_is_looked_into_for_new_stages():
    known = spec.facts[THEIRS]
    wider = imported_pipeline("maven", [SourceStage(n) for n in ("Prospecting", "Engaging", "Haggling", "Won", "Lost")], known=known)
    both = pipelines.fold(pipelines.decide(known, wider, Context(now=NOW)), known)
    there = taken((row(), ENGAGED)).knowing({THEIRS: both})
    (event,) = there.when(ImportStage(run=SECOND, stage="haggling", since=NOW)).events
    assert isinstance(event, DealStageReported)
    assert (event.pipeline_version, event.stage) == (2, "haggling")


def test_gates_of_moves_made_in_concord_ask_for_what_the_import_lacked():
    there = taken(row(stage="prospecting", account=None, close_date=None))
    refusal = there.when(AdvanceDeal(to="engaging")).refused(GateNotMet)
    assert [u.criterion for u in refusal.data["unmet"]] == ["account", "close_date"]
    filled = taken(SetAccount(account=GLOBEX), MoveCloseDate(close_date=TODAY), start=there)
    assert filled.when(AdvanceDeal(to="engaging")).events


def test_an_import_that_brought_a_deal_is_taken_back_with_the_deal():
    there = taken((row(), ENGAGED), (CloseImported(run=FIRST, stage="won"), CLOSED))
    undone = DealImportUndone(run=FIRST, withdrawn=True)
    there.when(UndoImport(run=FIRST)).then(undone)
    gone = there.given(undone)
    gone.when(UndoImport(run=FIRST)).refused(NotFound)
    gone.when(AdvanceDeal(to="lost", reason="price")).refused(NotFound)
    there.when(UndoImport(run=SECOND)).nothing()
    spec.given(opened()).when(UndoImport(run=FIRST)).nothing()


def test_a_deal_that_was_taken_back_can_be_imported_again():
    there = taken((row(), ENGAGED)).given(DealImportUndone(run=FIRST, withdrawn=True))
    (event,) = there.when(row(SECOND)).events
    assert isinstance(event, DealImported)
    state = there.given(event).state
    assert state is not None
    assert (state.withdrawn, state.version) == (False, 3)


@pytest.mark.parametrize(
    "work", [ChangeAmount(amount=eur("5")), AdvanceDeal(to="lost", reason="price"), AssignOwner(owner=BEN), RenameDeal(title="Ours")]
)
def test_a_deal_that_people_worked_on_is_not_taken_away(work):
    taken((row(), ENGAGED), work).when(UndoImport(run=FIRST)).refused(ChangedSinceImport)


def test_a_move_asked_for_and_withdrawn_leaves_no_work_behind():
    there = taken((row(), ENGAGED), AdvanceDeal(to="lost", reason="price"), WithdrawMove())
    there.when(UndoImport(run=FIRST)).then(DealImportUndone(run=FIRST, withdrawn=True))


def test_taking_back_a_later_run_restores_what_the_source_said_before():
    news = row(SECOND, title="New", amount=eur("900"), owner=None, attributes={"series": "MG"}, lines=())
    there = taken((row(), ENGAGED), news, (CloseImported(run=SECOND, stage="won"), CLOSED))
    there.when(UndoImport(run=FIRST)).refused(LaterImport)
    back = there.given(*there.when(UndoImport(run=SECOND)).events)
    before, after = taken((row(), ENGAGED)).state, back.state
    assert before is not None
    assert after is not None
    for name in ("title", "amount", "owner", "attributes", "stage", "kind", "since", "won_on", "category", "provenance"):
        assert getattr(after, name) == getattr(before, name), name
    back.when(UndoImport(run=SECOND)).nothing()
    back.when(UndoImport(run=FIRST)).then(DealImportUndone(run=FIRST, withdrawn=True))


def test_taking_back_a_later_run_leaves_what_people_set_since():
    there = taken((row(), ENGAGED), row(SECOND, title="New", amount=eur("900")), ChangeAmount(amount=eur("5")))
    there.when(UndoImport(run=SECOND)).then(
        DealImportUndone(run=SECOND, withdrawn=False), DealRenamed(title="GTX for Acme", previous="New")
    )


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
