"""Contacts: people, with what they do at accounts and what they allow on which channel.

Everything that tells who the person is is personal. Erasing leaves the place: the stream, the accounts and what was done
with the person stay, without saying who it was; a later import does not bring an erased person back.
"""

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
from domain.contacts.decisions import check_contact, contact_read, contacts
from domain.contacts.events import (
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
    ContactRow,
)
from domain.contacts.state import Contact

__all__ = [
    "AddContact",
    "ChangeContact",
    "Channel",
    "Consent",
    "Contact",
    "ContactAdded",
    "ContactAttributesSet",
    "ContactConsentRecorded",
    "ContactDetailsChanged",
    "ContactErased",
    "ContactImportUndone",
    "ContactImported",
    "ContactIsErased",
    "ContactPositionLeft",
    "ContactPositionTaken",
    "ContactReimported",
    "ContactRow",
    "EraseContact",
    "ImportContact",
    "LeavePosition",
    "RecordConsent",
    "SetContactAttributes",
    "TakePosition",
    "check_contact",
    "contact_read",
    "contacts",
]
