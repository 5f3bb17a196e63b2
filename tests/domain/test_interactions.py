from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from domain.accounts import AccountRole, CloseAccount, OpenAccount, accounts
from domain.backdating import BackdatingNotAllowed
from domain.contacts import AddContact, EraseContact, contacts
from domain.follow_ups import (
    AddFollowUp,
    CancelFollowUp,
    CompleteFollowUp,
    DueDatePast,
    FollowUpAdded,
    FollowUpCancelled,
    FollowUpCompleted,
    FollowUpDone,
    FollowUpPlan,
    FollowUpReassigned,
    FollowUpReopened,
    FollowUpRescheduled,
    ReassignFollowUp,
    ReopenFollowUp,
    RescheduleFollowUp,
)
from domain.interactions import (
    BelongsNowhere,
    CorrectInteraction,
    InteractionCorrected,
    InteractionIsRetracted,
    InteractionKind,
    InteractionRecorded,
    InteractionRetracted,
    NotYetHappened,
    RecordInteraction,
    RetractInteraction,
    interactions,
)
from domain.kernel import Actor, AlreadyExists, Command, Invalid, NotFound, Refused, Role, natural_id
from domain.members import AddMember, DeactivateMember, members
from domain.settings import SETTINGS_ID, ChangeSettings, settings
from domain.standing import MemberInactive
from tests.domain.world import World
from tests.spec import NOW

CALL, A, EVE, ANN, BOB, DEAL = (natural_id("test", n) for n in ("call", "a", "eve", "ann", "bob", "deal"))
SELLER = Actor(ANN, frozenset({Role.ACCOUNT_MANAGER}))
YESTERDAY = NOW - timedelta(days=1)
TODAY = NOW.date()


def call(**more: object) -> RecordInteraction:
    return RecordInteraction(
        **{"kind": InteractionKind.CALL, "happened_at": YESTERDAY, "accounts": (A,), "text": "They need it by June.", **more}
    )


def world(*commands: Command) -> World:
    world = World()
    world.do(accounts, A, OpenAccount(legal_name="Acme", roles=(AccountRole.CUSTOMER,)))
    world.do(contacts, EVE, AddContact(name="Eve"))
    world.do(members, ANN, AddMember(name="Ann", zone="America/New_York"))
    world.do(members, BOB, AddMember(name="Bob"))
    for command in commands:
        world.do(interactions, CALL, command, SELLER)
    return world


def plan(**more: object) -> FollowUpPlan:
    return FollowUpPlan(**{"text": "Send the quote", "owner": BOB, "due": TODAY + timedelta(days=2), **more})


def test_what_was_said_is_recorded_by_whom_with_whom_and_when():
    outcome = world().do(interactions, CALL, call(contacts=(EVE, EVE), follow_ups=(plan(),)), SELLER)
    assert outcome == (
        InteractionRecorded(
            kind=InteractionKind.CALL, happened_at=YESTERDAY, by=ANN, accounts=(A,), contacts=(EVE,), text="They need it by June."
        ),
        FollowUpAdded(follow_up=natural_id("test", "1"), text="Send the quote", owner=BOB, due=TODAY + timedelta(days=2), zone="UTC"),
    )


def test_the_words_are_personal():
    assert set(InteractionRecorded.personal) == set(InteractionCorrected.personal) == {"subject_line", "text"}
    assert FollowUpAdded.personal == ("text",)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"accounts": ()}, BelongsNowhere),
        ({"text": None}, Invalid),
        ({"happened_at": NOW + timedelta(minutes=6)}, NotYetHappened),
        ({"accounts": (EVE,)}, NotFound),
        ({"contacts": (A,)}, NotFound),
        ({"members": (A,)}, NotFound),
        ({"by": A}, NotFound),
        ({"deal": DEAL}, NotFound),
    ],
)
def test_an_interaction_that_cannot_be_is_refused(change: dict[str, object], rule: type[Refused]):
    assert type(world().run(interactions, CALL, call(**change), SELLER)) is rule


def test_when_it_was_is_kept_in_utc_whatever_offset_it_was_told_with():
    told = call(happened_at="2026-03-02T09:30:00+05:30").model_dump(mode="json")["happened_at"]
    assert told == "2026-03-02T04:00:00Z"
    for beyond in ("0001-01-01T00:00:00+05:30", "9999-12-31T23:00:00-05:30"):
        with pytest.raises(ValidationError, match="between the years 1 and 9999"):
            call(happened_at=beyond)


def test_an_interaction_is_recorded_once():
    assert isinstance(world(call()).run(interactions, CALL, call(), SELLER), AlreadyExists)
    assert isinstance(world().run(interactions, CALL, RetractInteraction(reason="x"), SELLER), NotFound)


def test_a_closed_account_and_an_erased_person_keep_what_was_said_with_them():
    known = world()
    known.do(accounts, A, CloseAccount())
    known.do(contacts, EVE, EraseContact(reason="asked"))
    known.do(members, BOB, DeactivateMember())
    known.do(interactions, CALL, call(contacts=(EVE,), members=(BOB,)), SELLER)


def test_yesterdays_call_may_be_dated_yesterday_by_anyone_and_to_no_other_day():
    assert not isinstance(world().run(interactions, CALL, call(), SELLER, effective_at=YESTERDAY), Refused)
    other = YESTERDAY - timedelta(days=1)
    assert isinstance(world().run(interactions, CALL, call(), SELLER, effective_at=other), BackdatingNotAllowed)


def test_a_correction_states_it_anew():
    outcome = world(call()).do(interactions, CALL, CorrectInteraction(reason="misheard", text="By July.", minutes=20), SELLER)
    content = {"kind": InteractionKind.CALL, "happened_at": YESTERDAY, "by": ANN, "accounts": (A,), "minutes": 20, "text": "By July."}
    assert outcome == (InteractionCorrected(**content, reason="misheard"),)


def test_a_correction_that_corrects_nothing_is_quiet():
    assert world(call()).do(interactions, CALL, CorrectInteraction(reason="same", accounts=(A, A)), SELLER) == ()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"accounts": None}, BelongsNowhere),
        ({"text": None}, Invalid),
        ({"by": None}, Invalid),
        ({"happened_at": NOW + timedelta(days=1)}, NotYetHappened),
    ],
)
def test_a_correction_leaves_an_interaction_that_can_be(change: dict[str, object], rule: type[Refused]):
    assert type(world(call()).run(interactions, CALL, CorrectInteraction(reason="x", **change), SELLER)) is rule


def test_an_interaction_is_retracted_once_and_then_left_alone():
    known = world(call())
    assert known.do(interactions, CALL, RetractInteraction(reason="wrong account")) == (InteractionRetracted(reason="wrong account"),)
    assert known.do(interactions, CALL, RetractInteraction(reason="again")) == ()
    assert isinstance(known.run(interactions, CALL, CorrectInteraction(reason="x", text="y")), InteractionIsRetracted)


FIRST = natural_id("test", "1")


def test_a_follow_up_is_added_with_an_active_owner_and_a_day_that_is_not_over():
    known = world(call(), AddFollowUp(plan=plan()))
    assert known.state(interactions, CALL).follow_ups[FIRST].open
    assert isinstance(known.run(interactions, CALL, AddFollowUp(plan=plan(due=TODAY - timedelta(days=1)))), DueDatePast)
    assert isinstance(known.run(interactions, CALL, AddFollowUp(plan=plan(owner=A))), NotFound)
    known.do(members, BOB, DeactivateMember())
    assert isinstance(known.run(interactions, CALL, AddFollowUp(plan=plan())), MemberInactive)


def test_a_day_is_one_in_the_owners_zone_else_the_tenants():
    known = world(call(), AddFollowUp(plan=plan(owner=ANN)))
    known.do(settings, SETTINGS_ID, ChangeSettings(zone="Asia/Tokyo"))
    known.do(interactions, CALL, AddFollowUp(plan=plan()))
    known.do(interactions, CALL, AddFollowUp(plan=plan(zone="Europe/Berlin")))
    assert [f.zone for f in known.state(interactions, CALL).follow_ups.values()] == ["America/New_York", "Asia/Tokyo", "Europe/Berlin"]
    known.now = NOW.replace(hour=16)  # it is the 3rd of March in Tokyo already
    assert isinstance(known.run(interactions, CALL, AddFollowUp(plan=plan(due=TODAY))), DueDatePast)
    known.do(interactions, CALL, AddFollowUp(plan=plan(owner=ANN, due=TODAY)))


def test_a_follow_up_is_completed_once_and_can_be_opened_again():
    known = world(call(), AddFollowUp(plan=plan()))
    assert known.do(interactions, CALL, CompleteFollowUp(follow_up=FIRST, outcome="sent")) == (
        FollowUpCompleted(follow_up=FIRST, outcome="sent"),
    )
    assert known.do(interactions, CALL, CompleteFollowUp(follow_up=FIRST)) == ()
    assert isinstance(known.run(interactions, CALL, RescheduleFollowUp(follow_up=FIRST, due=TODAY)), FollowUpDone)
    assert isinstance(known.run(interactions, CALL, ReassignFollowUp(follow_up=FIRST, owner=ANN)), FollowUpDone)
    assert known.do(interactions, CALL, ReopenFollowUp(follow_up=FIRST)) == (FollowUpReopened(follow_up=FIRST),)
    assert known.do(interactions, CALL, ReopenFollowUp(follow_up=FIRST)) == ()
    assert known.do(interactions, CALL, CancelFollowUp(follow_up=FIRST, reason="moot")) == (
        FollowUpCancelled(follow_up=FIRST, reason="moot"),
    )


def test_a_follow_up_is_rescheduled_and_reassigned():
    known = world(call(), AddFollowUp(plan=plan()))
    later = TODAY + timedelta(days=9)
    assert known.do(interactions, CALL, RescheduleFollowUp(follow_up=FIRST, due=later)) == (
        FollowUpRescheduled(follow_up=FIRST, due=later, zone="UTC"),
    )
    assert known.do(interactions, CALL, RescheduleFollowUp(follow_up=FIRST, due=later)) == ()
    assert isinstance(known.run(interactions, CALL, RescheduleFollowUp(follow_up=FIRST, due=TODAY - timedelta(days=1))), DueDatePast)
    assert known.do(interactions, CALL, ReassignFollowUp(follow_up=FIRST, owner=ANN)) == (FollowUpReassigned(follow_up=FIRST, owner=ANN),)
    assert known.do(interactions, CALL, ReassignFollowUp(follow_up=FIRST, owner=ANN)) == ()
    assert isinstance(known.run(interactions, CALL, ReassignFollowUp(follow_up=FIRST, owner=A)), NotFound)


@pytest.mark.parametrize(
    "command",
    [
        CompleteFollowUp(follow_up=FIRST),
        ReopenFollowUp(follow_up=FIRST),
        CancelFollowUp(follow_up=FIRST, reason="x"),
        RescheduleFollowUp(follow_up=FIRST, due=TODAY),
    ],
)
def test_a_follow_up_that_is_not_there_is_not_found(command: Command):
    assert isinstance(world(call()).run(interactions, CALL, command), NotFound)
