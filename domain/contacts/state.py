"""A contact as decisions read it, folded from its events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from domain.attributes import AttributeValue
from domain.contacts.events import (
    PERSON,
    Channel,
    Consent,
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
from domain.imports import Provenance
from domain.kernel import ERASED, Event


@dataclass(frozen=True, slots=True)
class Contact:
    """A person; `positions` are roles by account."""

    name: str
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    title: str | None = None
    positions: Mapping[UUID, tuple[str, ...]] = field(default_factory=dict)
    consents: Mapping[Channel, Consent] = field(default_factory=dict)
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    erased: bool = False
    withdrawn: bool = False
    provenance: Provenance | None = None

    def may_be_reached(self, channel: Channel) -> bool:
        """Whether they allowed `channel`; silence is no consent."""
        return not self.erased and self.consents.get(channel) is Consent.GIVEN


def _begun(event: ContactAdded | ContactImported) -> Contact:
    person = {name: getattr(event, name) for name in (*PERSON, "attributes")}
    return Contact(**person, positions={} if event.account is None else {event.account: event.roles})


def evolve(contact: Contact | None, event: Event) -> Contact | None:
    match event:
        case ContactAdded():
            return _begun(event)
        case ContactImported(source=source, source_id=source_id, run=run):
            return replace(_begun(event), provenance=Provenance(source, source_id).heard(run, said(event)))
    if contact is None:
        return None
    match event:
        case ContactReimported(run=run) if contact.provenance is not None:
            return replace(contact, provenance=contact.provenance.heard(run, said(event)))
        case ContactImportUndone(run=run, withdrawn=withdrawn) if contact.provenance is not None:
            return replace(contact, provenance=contact.provenance.without(run), withdrawn=withdrawn)
        case ContactDetailsChanged():
            return replace(contact, **{name: getattr(event, name) for name in PERSON})
        case ContactPositionTaken(account=account, roles=roles):
            return replace(contact, positions={**contact.positions, account: roles})
        case ContactPositionLeft(account=account):
            return replace(contact, positions={id: r for id, r in contact.positions.items() if id != account})
        case ContactConsentRecorded(channel=channel, consent=consent):
            return replace(contact, consents={**contact.consents, channel: consent})
        case ContactAttributesSet(attributes=attributes):
            return replace(contact, attributes=attributes)
        case ContactErased():
            forgotten = Contact(name=ERASED, positions=contact.positions, erased=True)
            return replace(forgotten, consents=dict.fromkeys(contact.consents, Consent.WITHDRAWN))
        case _:
            return contact
