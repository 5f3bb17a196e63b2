"""Deals of another system, taken back with the run that brought them."""

from __future__ import annotations

import pytest

from domain.deals import (
    AdvanceDeal,
    AssignOwner,
    ChangeAmount,
    CloseImported,
    DealImported,
    DealImportUndone,
    DealRenamed,
    RenameDeal,
    WithdrawMove,
)
from domain.imports import ChangedSinceImport, LaterImport, UndoImport
from domain.kernel import NotFound
from tests.domain.deal_world import BEN, eur, opened
from tests.domain.imported_world import CLOSED, ENGAGED, FIRST, SECOND, row, spec, taken


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
