"""Contacts: people, where they work, and what they allow, as it stood at any time. Who was erased reads as erased at all times."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from domain.contacts import events as e
from domain.kernel import NotFound
from projections.accounts import ACCOUNTS
from projections.batch import Entry
from projections.paging import PART_OF_ID, Page, Sort, page_of
from projections.projection import Projection
from projections.reading import EVERYTHING, Reading, Scope
from projections.rows import Row, Rows
from projections.tables import Table, searchable

CONTACTS = Table(
    "contacts",
    ("id",),
    {
        "id": "uuid NOT NULL",
        "version": "int8 NOT NULL",  # of the contact's stream, for If-Match
        "opened_at": "timestamptz NOT NULL",
        "erased": "bool NOT NULL",
        "name": "text NOT NULL",
        "email": "text",
        "phone": "text",
        "mobile": "text",
        "title": "text",
        "words": 'text COLLATE "C"',  # name and address as they are searched
        "source": "text",
        "consents": "jsonb NOT NULL",
        "attributes": "jsonb NOT NULL",
    },
    ("(name, id)", "(opened_at, id)", "(lower(email))"),
    personal=("name", "email", "phone", "mobile", "title", "words", "attributes"),
)
POSITIONS = Table(
    "positions",
    ("contact", "account"),
    {"contact": "uuid NOT NULL", "account": "uuid NOT NULL", "roles": "text[] NOT NULL"},
    ("(account)",),
    ("(account)",),
)


def _person(event: Any) -> Row:
    return {**{name: getattr(event, name) for name in e.PERSON}, "words": searchable(event.name, event.email)}


class Contacts(Projection):
    """Contacts and their positions as they stood at any time."""

    name = "contacts"
    tables = (CONTACTS, POSITIONS)
    events = (
        e.ContactAdded,
        e.ContactImported,
        e.ContactReimported,
        e.ContactImportUndone,
        e.ContactDetailsChanged,
        e.ContactPositionTaken,
        e.ContactPositionLeft,
        e.ContactConsentRecorded,
        e.ContactAttributesSet,
        e.ContactErased,
    )

    def handle(self, rows: Rows, entry: Entry) -> None:
        event = entry.event
        if isinstance(event, e.ContactAdded | e.ContactImported):
            rows.put(
                CONTACTS,
                **_person(event),
                attributes=dict(event.attributes),
                consents={},
                erased=False,
                source=event.source if isinstance(event, e.ContactImported) else None,
                opened_at=entry.effective_at,
                version=entry.version,
            )
            if event.account is not None:
                rows.put(POSITIONS, account=event.account, roles=sorted(event.roles))
            return
        row = rows.get(CONTACTS)
        if row is None:
            return
        if isinstance(event, e.ContactImportUndone) and event.withdrawn:
            rows.close(CONTACTS)
            for position in rows.all(POSITIONS):
                rows.close(POSITIONS, position["account"])
            return
        rows.change(CONTACTS, **_changes(row, event), version=max(entry.version, row["version"]))
        match event:
            case e.ContactPositionTaken(account=account, roles=roles):
                rows.put(POSITIONS, account=account, roles=sorted(roles))
            case e.ContactPositionLeft(account=account):
                rows.close(POSITIONS, account)
            case e.ContactErased():
                rows.erase(CONTACTS)


def _changes(row: Row, event: Any) -> Row:
    match event:
        case e.ContactDetailsChanged():
            return _person(event)
        case e.ContactConsentRecorded(channel=channel, consent=consent):
            return {"consents": {**row["consents"], channel.value: consent.value}}
        case e.ContactAttributesSet(attributes=attributes):
            return {"attributes": dict(attributes)}
        case e.ContactErased():
            return {"erased": True, "consents": dict.fromkeys(row["consents"], e.Consent.WITHDRAWN.value)}
        case _:
            return {}


class Position(BaseModel):
    """What a contact does at an account; no roles: they belong there, we do not know as what."""

    account: UUID
    account_name: str | None
    roles: list[str]


class ContactCard(BaseModel):
    """A person. `version`: for If-Match. `consents`: by channel; silence is no consent."""

    id: UUID
    version: int
    name: str
    email: str | None
    phone: str | None
    mobile: str | None
    title: str | None
    erased: bool
    source: str | None
    opened_at: datetime
    consents: dict[str, str]
    attributes: dict[str, Any]
    positions: list[Position]


_OWN = "id version name email phone mobile title erased source opened_at consents attributes".split()
SORTS = {"name": Sort("name", "text"), "opened_at": Sort("opened_at", "timestamptz")}
FILTERS = {
    "id": "id = %(id)s",
    "id_part": PART_OF_ID,
    "email": "lower(email) = lower(%(email)s)",
    "erased": "erased = %(erased)s",
    "account": "id IN (SELECT contact FROM {positions} AS o WHERE o.account = %(account)s)",
    "text": "words LIKE %(text)s",
}


async def contact_list(
    reading: Reading,
    *,
    scope: Scope = EVERYTHING,
    then: bool = False,
    sort: str = "name",
    descending: bool = False,
    limit: int = 50,
    cursor: str | None = None,
    **filters: Any,
) -> Page[ContactCard]:
    """One page of contacts: of an account, or those who belong to an account that the caller may see.

    `scope` is about the owner and team of accounts `a`; today's decide, or with `then` those of the moment that is asked about.
    Raises Invalid on a bad cursor, sort or filter.
    """
    of = reading.as_of.of
    positions, accounts = (reading.judged(table, then=then) for table in (POSITIONS, ACCOUNTS))
    conditions = (
        []
        if scope.sql == "true"
        else [f"id IN (SELECT o.contact FROM {positions} AS o JOIN {accounts} AS a ON a.id = o.account WHERE {scope.sql})"]
    )
    page = await page_of(
        reading,
        ContactCard,
        f"{of(CONTACTS)} AS r",
        conditions=conditions,
        known={name: sql.replace("{positions}", of(POSITIONS)) for name, sql in FILTERS.items()},
        filters=filters,
        scope=EVERYTHING,
        more=scope.params,
        sorts=SORTS,
        sort=sort,
        descending=descending,
        limit=limit,
        cursor=cursor,
        shown=f"SELECT {', '.join(f'p.{name}' for name in _OWN)}, p.sort_key FROM page AS p",
    )
    places = await _positions(reading, [card.id for card in page.items], f"SELECT a.id FROM {accounts} AS a WHERE {scope.sql}", scope)
    for card in page.items:
        card.positions = places.get(card.id, [])
    return page


async def contact(reading: Reading, id: UUID, *, scope: Scope = EVERYTHING) -> ContactCard:
    """One contact. Raises NotFound where there is none, or none that the caller may see."""
    found = await contact_list(reading, scope=scope, limit=1, id=id)
    if not found.items:
        raise NotFound("There is no such contact; choose one from the list.", contact=str(id))
    return found.items[0]


async def _positions(reading: Reading, contacts: list[UUID], within: str, scope: Scope) -> dict[UUID, list[Position]]:
    """Where they work; an account is named only if it is `within` what the caller may see."""
    of = reading.as_of.of
    seen = "" if scope.sql == "true" else f"AND a.id IN ({within})"
    found = await reading.rows(
        f"SELECT o.contact, o.account, a.legal_name, o.roles FROM {of(POSITIONS)} AS o LEFT JOIN {of(ACCOUNTS, 'id', 'legal_name')} AS a "
        f"ON a.id = o.account {seen} WHERE o.contact = ANY (%(contacts)s) ORDER BY a.legal_name, o.account",
        {"contacts": contacts, **scope.params},
    )
    places: dict[UUID, list[Position]] = {}
    for id, account, name, roles in found:
        places.setdefault(id, []).append(Position(account=account, account_name=name, roles=roles))
    return places
