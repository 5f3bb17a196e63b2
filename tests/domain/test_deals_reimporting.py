"""Deals of another system, told anew: what is news is taken over, what people set since stays."""

from __future__ import annotations

from datetime import date

import pytest

from domain.deals import (
    AdvanceDeal,
    ChangeAmount,
    CloseImported,
    DealAccountSet,
    DealAmountChanged,
    DealAttributesSet,
    DealCloseDateMoved,
    DealLinesChanged,
    DealNextStepSet,
    DealOwnerAssigned,
    DealReimported,
    DealRenamed,
    DealStageReported,
    GateNotMet,
    ImportStage,
    MoveCloseDate,
    RenameDeal,
    SetAccount,
    difference,
)
from domain.default_pipeline import SourceStage, imported_pipeline
from domain.kernel import Context
from domain.pipelines import pipelines
from tests.domain.deal_world import ACME, ANNA, BEN, GLOBEX, TODAY, carried_out, eur, line
from tests.domain.imported_world import CLOSED, ENGAGED, SECOND, THEIRS, row, spec, taken
from tests.spec import NOW


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
