"""All that is kept of a person: found in the log itself, by the ids that events hold in the clear.

A contact: their own events, the interactions in which they took part, papers that they were asked to sign, and documents that
belong to them alone. A member: their own events and what they were told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from psycopg import sql

from domain.contacts import contacts
from domain.documents import DocumentAttached, Subject, document_id, documents
from domain.interactions import InteractionCorrected, InteractionRecorded
from domain.kernel import ERASED, Recorded
from domain.members import members
from domain.notifications import NotificationRaised
from domain.papers.events import PaperCompleted, PaperDeclined, PaperDrafted, PaperSignatoryNamed, PaperSigned
from domain.privacy import ErasePerson, PersonKind
from infra.database import Tenant
from infra.event_store import Store
from infra.event_store.envelope import event_id

_NAMING = (InteractionRecorded, InteractionCorrected, PaperSignatoryNamed, DocumentAttached, NotificationRaised)
"""Events that name a person whose stream is not theirs."""


@dataclass(slots=True)
class Kept:
    """What is kept of one person. `subjects`: whose keys seal it; `events`: all of it, in order; `letters`: ids of mail to them."""

    person: UUID
    kind: PersonKind
    subjects: list[UUID] = field(default_factory=list)
    papers: list[UUID] = field(default_factory=list)
    letters: list[UUID] = field(default_factory=list)
    events: list[Recorded] = field(default_factory=list)

    def erasure(self, case: str) -> ErasePerson:
        """The command that forgets it."""
        subjects = tuple(dict.fromkeys(self.subjects))
        return ErasePerson(person=self.person, kind=self.kind, case=case, subjects=subjects, papers=tuple(self.papers))


async def kind_of(store: Store, tenant: Tenant, person: UUID) -> PersonKind | None:
    """Whether the id is a contact's or a member's; None: neither, or withdrawn."""
    for kind, decider in ((PersonKind.CONTACT, contacts), (PersonKind.MEMBER, members)):
        state: Any = (await store.load(tenant, decider, person)).state
        if state is not None and not state.withdrawn:
            return kind
    return None


async def kept_of(
    store: Store, tenant: Tenant, person: UUID, kind: PersonKind, *, upto: int | None = None, papers: Iterable[UUID] = ()
) -> Kept:
    """All that the log keeps of the person, up to a position. Reads every event that may name one: seconds, in a large log.

    Papers are theirs where a signatory is said to be this contact or has one of their mail addresses, which nobody can tell any
    more once the keys are destroyed: then `papers` are those that were found before.
    """
    found = Kept(person, kind, [person], events=await store.history(tenant, person, upto=upto))
    addresses = {str(address).casefold() for e in found.events if (address := getattr(e.event, "email", None)) not in {None, ERASED}}
    named = await _signing(store, tenant, addresses, upto) if addresses else []
    for stream in dict.fromkeys((*await _naming(store, tenant, person, upto), *named, *papers)):
        history = await store.history(tenant, stream, upto=upto)
        match history[0].event:
            case NotificationRaised(member=member) if member == person:
                found.events += history
                found.letters += [event_id(stream, history[0].originator_version)]
            case PaperDrafted():
                _add_paper(found, stream, history, addresses, known=stream in papers)
            case InteractionRecorded() if any(person in getattr(entry.event, "contacts", ()) for entry in history):
                found.subjects.append(stream)
                found.events += history
            case _ if any(isinstance(entry.event, DocumentAttached) for entry in history):
                document = documents.fold(entry.event for entry in history)
                if document is not None and document.subjects == {Subject("contact", person)}:
                    found.subjects.append(stream)
                    found.events += history
    found.events.sort(key=lambda entry: entry.position)
    return found


def _add_paper(found: Kept, paper: UUID, history: list[Recorded], addresses: set[str], *, known: bool) -> None:
    """The names on it follow the person; what all have signed is a contract, and stays as it was sealed."""
    named = [entry.event for entry in history if isinstance(entry.event, PaperSignatoryNamed)]
    mine = {event.signatory for event in named if event.contact == found.person or event.email.casefold() in addresses}
    if not mine and not known:
        return
    found.papers.append(paper)
    found.subjects.append(paper)
    found.letters += [uuid5(paper, f"link {event.signatory}") for event in named]
    said = (PaperSignatoryNamed, PaperSigned, PaperDeclined)
    # others' names on the same paper are none of this person's data
    found.events += [entry for entry in history if isinstance(entry.event, said) and entry.event.signatory in mine]
    if not any(isinstance(entry.event, PaperCompleted) for entry in history):
        found.subjects += _files(history)


def _files(history: list[Recorded]) -> Iterator[UUID]:
    for entry in history:
        if isinstance(entry.event, PaperDrafted):
            yield from (document_id(entry.event.document.sha256), document_id(entry.event.data_sha256))


async def _signing(store: Store, tenant: Tenant, addresses: set[str], upto: int | None) -> list[UUID]:
    query = sql.SQL("SELECT position FROM {}.events WHERE topic = %s AND (%s::bigint IS NULL OR position <= %s) ORDER BY position").format(
        sql.Identifier(tenant.schema)
    )
    async with store.database.connection() as connection:
        rows = await (await connection.execute(query, (PaperSignatoryNamed.topic, upto, upto))).fetchall()
    named = await store.at(tenant, [row[0] for row in rows])
    return [e.originator_id for e in named if isinstance(e.event, PaperSignatoryNamed) and e.event.email.casefold() in addresses]


async def _naming(store: Store, tenant: Tenant, person: UUID, upto: int | None) -> list[UUID]:
    query = sql.SQL(
        "SELECT stream, min(position) FROM {}.events WHERE topic = ANY (%s) AND position(%s::bytea IN state) > 0 "
        "AND (%s::bigint IS NULL OR position <= %s) AND stream <> %s GROUP BY stream ORDER BY 2"
    ).format(sql.Identifier(tenant.schema))
    values = ([event.topic for event in _NAMING], str(person).encode(), upto, upto, person)
    async with store.database.connection() as connection:
        return [row[0] for row in await (await connection.execute(query, values)).fetchall()]
