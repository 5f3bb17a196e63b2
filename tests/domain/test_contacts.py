from __future__ import annotations

import pytest

from domain.accounts import AccountIsClosed, AccountRole, CloseAccount, MergeAccount, MergedAway, OpenAccount, accounts
from domain.contacts import (
    AddContact,
    ChangeContact,
    Channel,
    Consent,
    ContactAdded,
    ContactConsentRecorded,
    ContactDetailsChanged,
    ContactErased,
    ContactImportUndone,
    ContactIsErased,
    ContactPositionLeft,
    ContactPositionTaken,
    EraseContact,
    ImportContact,
    LeavePosition,
    RecordConsent,
    SetContactAttributes,
    TakePosition,
    contacts,
)
from domain.imports import ChangedSinceImport, UndoImport
from domain.kernel import ERASED, Actor, AlreadyExists, Command, Forbidden, Invalid, NotFound, Role, natural_id
from tests.domain.world import World
from tests.spec import Spec

EVE, A, B = (natural_id("test", n) for n in ("eve", "a", "b"))
RUN, LATER = natural_id("test", "run"), natural_id("test", "later")
added = ContactAdded(name="Eve", email="eve@example.com")
eve = Spec(contacts).on(EVE)


def world() -> World:
    world = World()
    for id, name in ((A, "Acme"), (B, "Globex")):
        world.do(accounts, id, OpenAccount(legal_name=name, roles=(AccountRole.CUSTOMER,)))
    return world


def test_a_person_is_added_once():
    eve.when(AddContact(name="Eve", email="eve@example.com")).then(added)
    eve.given(added).when(AddContact(name="Eve")).refused(AlreadyExists)
    eve.when(ChangeContact(name="Eva")).refused(NotFound)


def test_details_left_away_stay_and_null_clears():
    eve.given(added).when(ChangeContact(title="Buyer")).then(ContactDetailsChanged(name="Eve", email="eve@example.com", title="Buyer"))
    eve.given(added).when(ChangeContact(email=None)).then(ContactDetailsChanged(name="Eve"))
    eve.given(added).when(ChangeContact(name="Eve")).nothing()
    eve.given(added).when(ChangeContact(name=None)).refused(Invalid)


def test_a_person_takes_and_leaves_positions_at_accounts():
    known = world()
    known.do(contacts, EVE, AddContact(name="Eve", account=A, roles=("Buyer",)))
    taken = ContactPositionTaken(account=B, roles=("Adviser", "Champion"))
    assert known.do(contacts, EVE, TakePosition(account=B, roles=("Champion", "Adviser", "Champion"))) == (taken,)
    assert known.do(contacts, EVE, TakePosition(account=B, roles=("Adviser", "Champion"))) == ()
    assert known.state(contacts, EVE).positions == {A: ("Buyer",), B: ("Adviser", "Champion")}
    assert known.do(contacts, EVE, LeavePosition(account=A)) == (ContactPositionLeft(account=A),)
    assert known.do(contacts, EVE, LeavePosition(account=A)) == ()


def test_a_position_is_at_an_open_account():
    known = world()
    known.do(contacts, EVE, AddContact(name="Eve"))
    assert isinstance(known.run(contacts, EVE, TakePosition(account=EVE)), NotFound)
    known.do(accounts, A, CloseAccount())
    assert isinstance(known.run(contacts, EVE, TakePosition(account=A)), AccountIsClosed)
    known.do(accounts, A, MergeAccount(into=B))
    assert isinstance(known.run(contacts, EVE, TakePosition(account=A)), MergedAway)


def test_consent_is_recorded_per_channel_and_silence_is_none():
    given = ContactConsentRecorded(channel=Channel.EMAIL, consent=Consent.GIVEN, origin="web form")
    command = RecordConsent(channel=Channel.EMAIL, consent=Consent.GIVEN, origin="web form")
    eve.given(added).when(command).then(given)
    eve.given(added, given).when(command).nothing()
    state = eve.given(added, given).state
    assert state.may_be_reached(Channel.EMAIL)
    assert not state.may_be_reached(Channel.PHONE)
    withdrawn = RecordConsent(channel=Channel.EMAIL, consent=Consent.WITHDRAWN, origin="call")
    assert eve.given(added, given).when(withdrawn).events


def test_erasing_leaves_the_place_and_nothing_of_the_person():
    history = (
        added,
        ContactPositionTaken(account=A, roles=("Buyer",)),
        ContactConsentRecorded(channel=Channel.EMAIL, consent=Consent.GIVEN, origin="web form"),
    )
    eve.given(*history).when(EraseContact(reason="asked")).then(ContactErased(reason="asked"))
    state = eve.given(*history, ContactErased(reason="asked")).state
    assert (state.name, state.email, state.positions) == (ERASED, None, {A: ("Buyer",)})
    assert not state.may_be_reached(Channel.EMAIL)
    eve.given(*history, ContactErased(reason="asked")).when(EraseContact(reason="again")).nothing()


def test_only_administration_and_legal_erase():
    eve.given(added).by(Actor(A, frozenset({Role.SALES_CHIEF}))).when(EraseContact(reason="asked")).refused(Forbidden)
    assert eve.given(added).by(Actor(A, frozenset({Role.LEGAL}))).when(EraseContact(reason="asked")).events


row = ImportContact(name="Eve", account=A, roles=("Buyer",), source="salesforce", source_id="003", run=RUN)


@pytest.mark.parametrize(
    "command",
    [
        ChangeContact(name="Eva"),
        AddContact(name="Eve"),
        row,
        UndoImport(run=RUN),
        SetContactAttributes(attributes={}),
        LeavePosition(account=A),
    ],
)
def test_nothing_brings_an_erased_person_back(command: Command):
    eve.given(added, ContactErased(reason="asked")).when(command).refused(ContactIsErased)


def test_what_is_stored_of_an_erased_person_can_still_be_read():
    stored = ContactAdded(name=ERASED, email=ERASED, phone=ERASED, attributes=ERASED)
    assert stored.attributes == {}
    assert set(ContactAdded.personal) == {"name", "email", "phone", "mobile", "title", "attributes"}


def test_an_imported_row_says_where_the_person_is_and_is_quiet_when_repeated():
    known = World()
    known.do(contacts, EVE, row)
    assert known.do(contacts, EVE, row.model_copy(update={"run": LATER})) == ()
    known.do(contacts, EVE, ChangeContact(title="CFO"))
    known.do(contacts, EVE, row.model_copy(update={"run": LATER, "account": B, "email": "eve@example.com"}))
    state = known.state(contacts, EVE)
    assert (state.positions, state.title, state.email) == ({B: ("Buyer",)}, "CFO", "eve@example.com")
    known.do(contacts, EVE, UndoImport(run=LATER))
    state = known.state(contacts, EVE)
    assert (state.positions, state.title, state.email) == ({A: ("Buyer",)}, "CFO", None)
    assert isinstance(known.run(contacts, EVE, UndoImport(run=RUN)), ChangedSinceImport)


def test_a_person_who_came_with_a_run_goes_with_it():
    known = World()
    known.do(contacts, EVE, row)
    assert known.do(contacts, EVE, UndoImport(run=LATER)) == ()
    assert known.do(contacts, EVE, UndoImport(run=RUN)) == (ContactImportUndone(run=RUN, withdrawn=True),)
    assert isinstance(known.run(contacts, EVE, ChangeContact(name="Eva")), NotFound)
    known.do(contacts, EVE, row)
    assert known.state(contacts, EVE).name == "Eve"
    eve.given(added).when(row).refused(AlreadyExists)
