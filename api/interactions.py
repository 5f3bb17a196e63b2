"""Interactions and their follow-ups: what was said, by whom, when, and what was promised."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from api import contacts as contact_doors
from api.accounts import check_account, reach_of
from api.callers import Caller
from api.execution import Facts, Sight, seen
from api.nouns import Noun
from domain.accounts import account_read
from domain.contacts import contact_read, contacts
from domain.follow_ups import (
    AddFollowUp,
    CancelFollowUp,
    CompleteFollowUp,
    DueDatePast,
    FollowUpDone,
    ReassignFollowUp,
    ReopenFollowUp,
    RescheduleFollowUp,
)
from domain.interactions import (
    BelongsNowhere,
    CorrectInteraction,
    Interaction,
    InteractionIsRetracted,
    NotYetHappened,
    RecordInteraction,
    RetractInteraction,
    interactions,
)
from domain.kernel import Read
from infra.access import Action, Object

_ID = "01936e4c-0000-7000-8000-000000000007"


def _links(interaction: Interaction, facts: Facts) -> Iterator[Read]:
    yield from (account_read(account) for account in interaction.accounts)
    yield from (contact_read(contact) for contact in interaction.contacts)
    for contact in interaction.contacts:
        if (known := facts.get(contact)) is not None:
            yield from (account_read(account) for account in known.positions)


def _thing(interaction: Interaction, facts: Facts) -> Object:
    known = (facts[contact] for contact in interaction.contacts)
    places = {*interaction.accounts, *(account for contact in known if contact is not None for account in contact.positions)}
    return reach_of((facts[account] for account in places), interaction.by)


SIGHT = Sight(_thing, _links)
"""An interaction is seen by who sees one of its accounts, or one of its contacts, or held it."""


async def _check_links(caller: Caller, command: Any) -> None:
    for account in command.accounts or ():
        await check_account(caller, account)
    for contact in command.contacts or ():
        await seen(caller, contacts, contact, Action.CONTACT_READ, contact_doors.SIGHT)


async def _check_correction(caller: Caller, _id: UUID, command: Any) -> None:
    await _check_links(caller, command)


noun = Noun("interaction", "interactions", interactions, sight=SIGHT, seen_by=Action.INTERACTION_READ)
router = noun.router
noun.opens(
    RecordInteraction,
    Action.INTERACTION_RECORD,
    operation="record_interaction",
    summary="Write down what happened",
    example={
        "kind": "call",
        "happened_at": "2026-03-02T09:30:00Z",
        "accounts": [_ID],
        "subject_line": "Budget for the new line",
        "text": "Budget is approved, order expected in April.",
        "follow_ups": [{"text": "Send the quote", "owner": _ID, "due": "2027-03-05"}],
    },
    check=_check_links,
    raises=(BelongsNowhere, NotYetHappened, DueDatePast),
)
noun.changes(
    "/correct",
    CorrectInteraction,
    Action.INTERACTION_RECORD,
    operation="correct_interaction",
    summary="State some of it anew",
    example={"reason": "It was the other contact", "minutes": 25},
    raises=(InteractionIsRetracted, BelongsNowhere, NotYetHappened),
    before=_check_correction,
)
for path, command, operation, summary, example, raises in (
    ("/retract", RetractInteraction, "retract_interaction", "Say that it did not happen", {"reason": "Recorded twice"}, ()),
    (
        "/follow-ups",
        AddFollowUp,
        "add_follow_up",
        "Promise to do something by a day",
        {"plan": {"text": "Call back", "owner": _ID, "due": "2027-03-09"}},
        (DueDatePast,),
    ),
    (
        "/follow-ups/complete",
        CompleteFollowUp,
        "complete_follow_up",
        "Say that it is done",
        {"follow_up": _ID, "outcome": "Sent"},
        (FollowUpDone,),
    ),
    ("/follow-ups/reopen", ReopenFollowUp, "reopen_follow_up", "Say that it is not done after all", {"follow_up": _ID}, ()),
    (
        "/follow-ups/cancel",
        CancelFollowUp,
        "cancel_follow_up",
        "Say that nobody will do it",
        {"follow_up": _ID, "reason": "Order came"},
        (FollowUpDone,),
    ),
    (
        "/follow-ups/reschedule",
        RescheduleFollowUp,
        "reschedule_follow_up",
        "Promise it for another day",
        {"follow_up": _ID, "due": "2027-03-12"},
        (FollowUpDone, DueDatePast),
    ),
    (
        "/follow-ups/reassign",
        ReassignFollowUp,
        "reassign_follow_up",
        "Give it to somebody else",
        {"follow_up": _ID, "owner": _ID},
        (FollowUpDone,),
    ),
):
    refusals = (InteractionIsRetracted, *raises)
    noun.changes(path, command, Action.INTERACTION_RECORD, operation=operation, summary=summary, example=example, raises=refusals)
