"""Contacts: people at accounts. What anyone may do to one follows from the accounts they belong to."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from api.accounts import check_account, reach_of
from api.callers import Caller
from api.execution import Facts, OutOfReach, Sight
from api.nouns import Noun
from domain.accounts import account_read
from domain.attributes import AttributeRefused
from domain.contacts import (
    AddContact,
    ChangeContact,
    Contact,
    ContactIsErased,
    LeavePosition,
    RecordConsent,
    SetContactAttributes,
    TakePosition,
    contacts,
)
from domain.kernel import Read
from infra.access import Action, Object

_ID = "01936e4c-0000-7000-8000-000000000006"


def _links(contact: Contact, _facts: Facts) -> Iterator[Read]:
    yield from (account_read(account) for account in contact.positions)


def _thing(contact: Contact, facts: Facts) -> Object:
    return reach_of(facts[account] for account in contact.positions)


SIGHT = Sight(_thing, _links)
"""A contact is seen by who sees one of its accounts."""


async def _check_adding(caller: Caller, command: AddContact) -> None:
    if command.account is None and not caller.may(Action.CONTACT_CHANGE, Object()):
        raise OutOfReach("Name the account that the person belongs to.")
    await check_account(caller, command.account)


async def _check_position(caller: Caller, _id: UUID, command: Any) -> None:
    await check_account(caller, command.account)


noun = Noun("contact", "contacts", contacts, sight=SIGHT, seen_by=Action.CONTACT_READ)
router = noun.router
noun.opens(
    AddContact,
    Action.CONTACT_CHANGE,
    operation="add_contact",
    summary="Remember a person",
    example={"name": "Jo Weber", "email": "jo@acme.example", "account": _ID, "roles": ["Head of procurement"]},
    check=_check_adding,
    raises=(OutOfReach, AttributeRefused),
)
noun.changes(
    "/positions",
    TakePosition,
    Action.CONTACT_CHANGE,
    operation="take_position",
    summary="Say what they do at an account",
    example={"account": _ID, "roles": ["Buyer"]},
    raises=(ContactIsErased,),
    before=_check_position,
)
for path, command, operation, summary, example, raises in (
    ("", ChangeContact, "change_contact", "Change who it is", {"phone": "+49 30 123456"}, ()),
    ("/positions/leave", LeavePosition, "leave_position", "Say that they left an account", {"account": _ID}, ()),
    (
        "/consents",
        RecordConsent,
        "record_consent",
        "Say what they allow on a channel",
        {"channel": "email", "consent": "given", "origin": "Form"},
        (),
    ),
    (
        "/attributes",
        SetContactAttributes,
        "set_contact_attributes",
        "Fill the tenant's own fields",
        {"attributes": {"language": "de"}},
        (AttributeRefused,),
    ),
):
    noun.changes(
        path, command, Action.CONTACT_CHANGE, operation=operation, summary=summary, example=example, raises=(ContactIsErased, *raises)
    )
