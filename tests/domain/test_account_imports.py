"""Accounts that a source tells of: quiet when repeated, undoable, never in the way of what people did."""

from __future__ import annotations

from domain.accounts import (
    AccountDetailsChanged,
    AccountImportUndone,
    AccountReimported,
    AccountRolesChanged,
    ChangeAccount,
    CloseAccount,
    ImportAccount,
    MergeAccount,
    accounts,
)
from domain.hierarchy import HierarchyCycle
from domain.imports import ChangedSinceImport, UndoImport, imported_id
from domain.kernel import AlreadyExists, NotFound, Refused
from domain.reservations import Taken
from tests.domain.test_account_merging import holder
from tests.domain.test_accounts import CUSTOMER, HRB, LATER, RUN, A, D, opening
from tests.domain.world import World


def row(run=RUN, **said: object) -> ImportAccount:
    return ImportAccount(**{"legal_name": "Cancity", "source": "maven", "source_id": "Cancity", "run": run, **said})


IMPORTED = imported_id("account", "maven", "Cancity")


def imported(*rows: ImportAccount) -> World:
    known = World()
    for each in rows:
        known.do(accounts, IMPORTED, each)
    return known


def test_an_import_may_miss_anything_and_keeps_the_columns_it_does_not_know():
    known = imported(row(legal_name=None, attributes={"revenue": "718.62"}))
    assert known.state(accounts, IMPORTED).attributes == {"revenue": "718.62"}


def test_an_imported_row_that_says_nothing_new_is_quiet_whatever_people_changed():
    known = imported(row(industry="retail"))
    known.do(accounts, IMPORTED, ChangeAccount(industry="wholesale"))
    assert known.do(accounts, IMPORTED, row(LATER, industry="retail")) == ()
    outcome = known.do(accounts, IMPORTED, row(LATER, industry="retail", country="US", roles=CUSTOMER))
    assert [type(e) for e in outcome] == [AccountReimported, AccountDetailsChanged, AccountRolesChanged]
    assert known.state(accounts, IMPORTED).industry == "wholesale"


def test_an_import_does_not_take_a_registration_from_another():
    known = World()
    known.do(accounts, A, opening(registration=HRB))
    assert isinstance(known.run(accounts, IMPORTED, row(registration=HRB)), Taken)
    assert isinstance(known.run(accounts, A, row()), AlreadyExists)


def test_undoing_an_import_returns_its_registration_and_it_can_be_imported_again():
    known = imported(row(registration=HRB))
    assert known.do(accounts, IMPORTED, UndoImport(run=RUN))[0] == AccountImportUndone(run=RUN, withdrawn=True)
    assert holder(known) is None
    assert not known.state(accounts, IMPORTED).open
    assert isinstance(known.run(accounts, IMPORTED, CloseAccount()), NotFound)
    known.do(accounts, IMPORTED, row(LATER, registration=HRB))
    assert holder(known) == IMPORTED


def test_undoing_a_later_import_keeps_what_people_changed_since():
    known = imported(row(industry="retail"), row(LATER, industry="medical", country="US"))
    known.do(accounts, IMPORTED, ChangeAccount(industry="pharma"))
    known.do(accounts, IMPORTED, UndoImport(run=LATER))
    state = known.state(accounts, IMPORTED)
    assert (state.industry, state.country) == ("pharma", None)


def test_an_imported_account_that_was_worked_on_stays():
    known = imported(row())
    known.do(accounts, IMPORTED, ChangeAccount(industry="retail"))
    assert isinstance(known.run(accounts, IMPORTED, UndoImport(run=RUN)), ChangedSinceImport)
    merged = imported(row())
    merged.do(accounts, A, opening())
    merged.do(accounts, A, MergeAccount(into=IMPORTED))
    assert isinstance(merged.run(accounts, IMPORTED, UndoImport(run=RUN)), ChangedSinceImport)


def test_imports_make_no_cycles():
    known = imported(row())
    known.do(accounts, A, opening(parent=IMPORTED))
    assert isinstance(known.run(accounts, IMPORTED, row(LATER, parent=A)), HierarchyCycle)
    assert not isinstance(known.run(accounts, IMPORTED, row(LATER, parent=D)), Refused)
