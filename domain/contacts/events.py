"""What can be said of a contact, and what happens to it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from domain.attributes import Attributes, ErasableAttributes
from domain.kernel import Event, Personal
from domain.values import Email, Name, Phone


class Channel(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    SMS = "sms"
    CHAT = "chat"
    POST = "post"


class Consent(StrEnum):
    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class ContactRow(BaseModel):
    """All that is said of a contact at the beginning, and by an import; `roles` are what they do at `account`."""

    name: Name
    email: Email | None = None
    phone: Phone | None = None
    mobile: Phone | None = None
    title: Name | None = None
    account: UUID | None = None
    roles: tuple[Name, ...] = ()
    attributes: Attributes = Field(default_factory=dict)


PERSON = ("name", "email", "phone", "mobile", "title")
ROW = tuple(ContactRow.model_fields)


class _Person(Event):
    """Who it is, as stored: whatever was valid once must load for ever, and what was erased too."""

    name: Personal[str]
    email: Personal[str | None] = None
    phone: Personal[str | None] = None
    mobile: Personal[str | None] = None
    title: Personal[str | None] = None


class _ContactFacts(_Person):
    account: UUID | None = None
    roles: tuple[str, ...] = ()
    attributes: Personal[ErasableAttributes] = Field(default_factory=dict)


class ContactAdded(_ContactFacts, topic="contact.added"):
    pass


class ContactImported(_ContactFacts, topic="contact.imported"):
    """A source told of a person whom we did not know."""

    source: str
    source_id: Personal[str]
    run: UUID


class ContactReimported(_ContactFacts, topic="contact.reimported"):
    """The source says something new; events for what changed by it follow."""

    run: UUID


class ContactImportUndone(Event, topic="contact.import_undone"):
    """`run` never was; with `withdrawn` the contact came with it and goes with it."""

    run: UUID
    withdrawn: bool


class ContactDetailsChanged(_Person, topic="contact.details_changed"):
    """Who it is from now on, as a whole."""


class ContactPositionTaken(Event, topic="contact.position_taken"):
    """What they do at `account` from now on; no roles: they belong there, we do not know as what."""

    account: UUID
    roles: tuple[str, ...]


class ContactPositionLeft(Event, topic="contact.position_left"):
    account: UUID


class ContactConsentRecorded(Event, topic="contact.consent_recorded"):
    """What they allow on `channel` from now on, and how we know."""

    channel: Channel
    consent: Consent
    origin: str


class ContactAttributesSet(Event, topic="contact.attributes_set"):
    """All attributes from now on, checked by version `definitions` of the tenant's fields."""

    attributes: Personal[ErasableAttributes]
    definitions: int


class ContactErased(Event, topic="contact.erased"):
    """Who it was is forgotten; the key of its personal fields is destroyed after this."""

    reason: str


def said(source: Any) -> dict[str, Any]:
    """The importable fields of a command or event; roles sorted and each once."""
    return {name: getattr(source, name) for name in ROW} | {"roles": tuple(sorted(set(source.roles)))}
