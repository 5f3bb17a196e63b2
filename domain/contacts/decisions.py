"""What a contact allows: the decider."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from domain.accounts.presence import account_reads, check_present
from domain.attributes import Attributed, AttributeSchema, schema_read, validated
from domain.backdating import check_dating
from domain.contacts.commands import (
    AddContact,
    ChangeContact,
    ContactIsErased,
    EraseContact,
    ImportContact,
    LeavePosition,
    RecordConsent,
    SetContactAttributes,
    TakePosition,
)
from domain.contacts.events import (
    PERSON,
    ContactAdded,
    ContactAttributesSet,
    ContactConsentRecorded,
    ContactDetailsChanged,
    ContactErased,
    ContactImported,
    ContactImportUndone,
    ContactPositionLeft,
    ContactPositionTaken,
    ContactReimported,
    said,
)
from domain.contacts.state import Contact, evolve
from domain.imports import UndoImport
from domain.kernel import SYSTEM, AlreadyExists, Context, Decider, Event, Forbidden, Invalid, NotFound, Read, Role

_FIELDS = schema_read(Attributed.CONTACT)


def contact_read(id: UUID) -> Read:
    return Read("contact", id)


def check_contact(ctx: Context, id: UUID) -> None:
    """Refuse a contact that is not there; an erased one is, for what was done with them stays."""
    contact: Contact | None = ctx.fact(contact_read(id))
    if contact is None or contact.withdrawn:
        raise NotFound("There is no such contact; choose one that exists.", contact=str(id))


def reads(_contact: Contact | None, command: Any, _facts: Mapping[UUID, Any]) -> Iterator[Read]:
    match command:
        case AddContact(account=account):
            yield from (*account_reads([account]), _FIELDS)
        case TakePosition(account=account):
            yield from account_reads([account])
        case SetContactAttributes():
            yield _FIELDS


def _change(contact: Contact, changes: Mapping[str, Any]) -> Iterable[Event]:
    """The events by which `changes` of the person or their attributes become so."""
    person = {name: changes.get(name, getattr(contact, name)) for name in PERSON}
    if any(getattr(contact, name) != value for name, value in person.items()):
        yield ContactDetailsChanged(**person)
    if changes.get("attributes", contact.attributes) != contact.attributes:
        yield ContactAttributesSet(attributes=dict(changes["attributes"]), definitions=changes.get("definitions", 0))


def _moved(contact: Contact, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[Event]:
    """The events by which the place that a source knows becomes another."""
    old, new = before.get("account"), after.get("account")
    if (old, before.get("roles")) == (new, after.get("roles")):
        return
    if old != new and old in contact.positions:
        yield ContactPositionLeft(account=old)
    if new is not None and contact.positions.get(new) != after["roles"]:
        yield ContactPositionTaken(account=new, roles=after["roles"])


def _imported(contact: Contact | None, command: ImportContact) -> Iterable[Event]:
    row = said(command)
    if contact is None or contact.withdrawn:
        yield ContactImported(**row, source=command.source, source_id=command.source_id, run=command.run)
    elif contact.provenance is None:
        raise AlreadyExists("This contact was not imported; match the row with it by hand, or leave it out.")
    elif news := contact.provenance.news(row):
        yield ContactReimported(**row, run=command.run)
        yield from _change(contact, news)
        yield from _moved(contact, contact.provenance.said, row)


def _undone(contact: Contact, run: UUID) -> Iterable[Event]:
    if contact.provenance is None or not contact.provenance.spoke(run):
        return
    current = {name: getattr(contact, name) for name in (*PERSON, "attributes")}
    back = contact.provenance.returning(run, current)
    yield ContactImportUndone(run=run, withdrawn=back is None)
    if back is not None:
        yield from _change(contact, back)
        yield from _moved(contact, contact.provenance.said, contact.provenance.before(run))


def decide(contact: Contact | None, command: Any, ctx: Context) -> tuple[Event, ...]:
    check_dating(ctx)
    if contact is not None and contact.erased and not isinstance(command, EraseContact):
        raise ContactIsErased("This person asked to be forgotten; nothing can be recorded about them.")
    match command:
        case AddContact():
            if contact is not None:
                raise AlreadyExists("This contact is here already; change it instead.")
            check_present(ctx, command.account, open_only=True)
            return (ContactAdded(**said(command) | {"attributes": validated(ctx.fact(_FIELDS), command.attributes, {}, complete=True)}),)
        case ImportContact():
            return tuple(_imported(contact, command))
    if contact is None or contact.withdrawn:
        raise NotFound("There is no such contact; add them first.")
    match command:
        case UndoImport(run=run):
            return tuple(_undone(contact, run))
        case ChangeContact():
            given = {name: getattr(command, name) for name in PERSON if name in command.model_fields_set}
            if given.get("name", "") is None:
                raise Invalid("A contact needs a name; enter one or leave the field away.")
            return tuple(_change(contact, given))
        case TakePosition(account=account, roles=roles):
            check_present(ctx, account, open_only=True)
            taken = ContactPositionTaken(account=account, roles=tuple(sorted(set(roles))))
            return () if contact.positions.get(account) == taken.roles else (taken,)
        case LeavePosition(account=account):
            return (ContactPositionLeft(account=account),) if account in contact.positions else ()
        case RecordConsent(channel=channel, consent=consent, origin=origin):
            if contact.consents.get(channel) is consent:
                return ()
            return (ContactConsentRecorded(channel=channel, consent=consent, origin=origin),)
        case SetContactAttributes(attributes=changes):
            schema: AttributeSchema | None = ctx.fact(_FIELDS)
            after = validated(schema, changes, contact.attributes)
            return tuple(_change(contact, {"attributes": after, "definitions": schema.version if schema else 0}))
        case EraseContact(reason=reason):
            if ctx.actor.id != SYSTEM.id and not ctx.actor.has(Role.ADMIN, Role.LEGAL):
                raise Forbidden("Only administration and legal may erase a person; ask one of them.", roles=[Role.ADMIN, Role.LEGAL])
            return () if contact.erased else (ContactErased(reason=reason),)
        case _:
            raise TypeError(f"a contact knows no {type(command).__name__}")


contacts = Decider("contact", initial=None, decide=decide, evolve=evolve, reads=reads, personal=True)
