"""What can be asked of a contact, and how it may be refused."""

from __future__ import annotations

from uuid import UUID

from domain.attributes import AttributeChanges
from domain.contacts.events import Channel, Consent, ContactRow
from domain.kernel import Command, Refused
from domain.values import Email, Name, Phone


class AddContact(Command, ContactRow):
    """Remember a person."""


class ImportContact(Command, ContactRow):
    """What a source says of a person; quiet if it said so before."""

    source: Name
    source_id: Name
    run: UUID


class ChangeContact(Command):
    """Change who it is; fields left away stay, null clears."""

    name: Name | None = None
    email: Email | None = None
    phone: Phone | None = None
    mobile: Phone | None = None
    title: Name | None = None


class TakePosition(Command):
    """Say what they do at an account."""

    account: UUID
    roles: tuple[Name, ...] = ()


class LeavePosition(Command):
    account: UUID


class RecordConsent(Command):
    """Say what they allow on a channel. `origin`: how we know, such as a form, a call or a letter."""

    channel: Channel
    consent: Consent
    origin: Name


class SetContactAttributes(Command):
    """Change some attributes; null removes one."""

    attributes: AttributeChanges


class EraseContact(Command):
    """Forget who it was. This cannot be undone."""

    reason: Name


class ContactIsErased(Refused):
    """The person asked to be forgotten; nothing can be recorded about them."""
