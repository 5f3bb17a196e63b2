"""Accounts: the directory of companies as it stood at any time, and its search."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from domain.accounts import events as e
from domain.kernel import NotFound
from projections.batch import Entry
from projections.members import MEMBERS, TEAMS
from projections.paging import PART_OF_ID, Page, Sort, page_of
from projections.projection import Projection
from projections.reading import EVERYTHING, Reading, Scope
from projections.rows import Row, Rows
from projections.tables import Table, searchable

_NAME = "coalesce(legal_name, '')"
ACCOUNTS = Table(
    "accounts",
    ("id",),
    {
        "id": "uuid NOT NULL",
        "version": "int8 NOT NULL",  # of the account's stream, for If-Match
        "owner": "uuid",
        "team": "uuid",
        "owner_since": "timestamptz",
        "parent": "uuid",
        "merged_into": "uuid",
        "opened_at": "timestamptz NOT NULL",
        "cadence_days": "int4",
        "closed": "bool NOT NULL",
        "legal_name": "text",
        "words": 'text COLLATE "C" NOT NULL',  # name and web domain as they are searched
        "domain": "text",
        "country": "text",
        "industry": "text",
        "relationship": "text",
        "roles": "text[] NOT NULL",
        "registered_in": "text",
        "registry": "text",
        "registration": "text",
        "source": "text",
        "attributes": "jsonb NOT NULL",
    },
    (f"(({_NAME}), id)", "(opened_at, id)", "(owner)", "(parent)", "(merged_into)"),
)
_ALWAYS = datetime(1, 1, 2, tzinfo=UTC)


def _details(event: e.AccountDetails) -> Row:
    row = {name: getattr(event, name) for name in e.DETAILS}
    words = searchable(event.legal_name, event.domain)
    return {**row, "words": words, "relationship": event.relationship.value if event.relationship else None}


def _registered(registration: e.Registration | None) -> Row:
    if registration is None:
        return dict.fromkeys(("registered_in", "registry", "registration"))
    return {"registered_in": registration.country, "registry": registration.registry, "registration": registration.number}


def _roles(roles: Sequence[e.AccountRole]) -> list[str]:
    return sorted({role.value for role in roles})


def _begun(event: e.AccountOpened | e.AccountImported) -> Row:
    return {
        **_details(event),
        **_registered(event.registration),
        "roles": _roles(event.roles),
        "owner": event.owner,
        "team": event.team,
        "owner_since": _ALWAYS,
        "parent": event.parent,
        "attributes": dict(event.attributes),
        "closed": False,
        "source": event.source if isinstance(event, e.AccountImported) else None,
    }


def _changes(row: Row, event: Any) -> Row:
    match event:
        case e.AccountDetailsChanged():
            return _details(event)
        case e.AccountRegistered(registration=registration):
            return _registered(registration)
        case e.AccountRolesChanged(roles=roles):
            return {"roles": _roles(roles)}
        case e.AccountOwnerAssigned(owner=owner, team=team, since=since):
            # what was assigned from a later day on stays
            return {"owner": owner, "team": team, "owner_since": since} if since >= row["owner_since"] else {}
        case e.AccountParentChanged(parent=parent):
            return {"parent": parent}
        case e.AccountAttributesSet(attributes=attributes):
            return {"attributes": dict(attributes)}
        case e.AccountClosed():
            return {"closed": True}
        case e.AccountReopened():
            return {"closed": False}
        case e.AccountMerged(into=into):
            return {"merged_into": into}
        case e.AccountMergeUndone():
            return {"merged_into": None}
        case _:
            return {}


class Accounts(Projection):
    """Accounts as they stood at any time."""

    name = "accounts"
    tables = (ACCOUNTS,)
    events = (
        e.AccountOpened,
        e.AccountImported,
        e.AccountReimported,
        e.AccountImportUndone,
        e.AccountDetailsChanged,
        e.AccountRegistered,
        e.AccountRolesChanged,
        e.AccountOwnerAssigned,
        e.AccountParentChanged,
        e.AccountAttributesSet,
        e.AccountsDeclaredDifferent,
        e.AccountClosed,
        e.AccountReopened,
        e.AccountMerged,
        e.AccountMergeUndone,
        e.AccountAbsorbed,
        e.AccountAbsorptionUndone,
    )

    def handle(self, rows: Rows, entry: Entry) -> None:
        event = entry.event
        if isinstance(event, e.AccountOpened | e.AccountImported):
            rows.put(ACCOUNTS, **_begun(event), opened_at=entry.effective_at, version=entry.version)
        elif isinstance(event, e.AccountImportUndone) and event.withdrawn:
            rows.close(ACCOUNTS)
        elif (row := rows.get(ACCOUNTS)) is not None:
            rows.change(ACCOUNTS, **_changes(row, event), version=max(entry.version, row["version"]))


class AccountCard(BaseModel):
    """An account in the directory. `version`: for If-Match."""

    id: UUID
    version: int
    legal_name: str | None
    domain: str | None
    country: str | None
    industry: str | None
    relationship: str | None
    cadence_days: int | None
    roles: list[str]
    owner: UUID | None
    owner_name: str | None
    team: UUID | None
    team_name: str | None
    parent: UUID | None
    parent_name: str | None
    merged_into: UUID | None
    closed: bool
    registered_in: str | None
    registry: str | None
    registration: str | None
    source: str | None
    opened_at: datetime
    attributes: dict[str, Any]


_OWN = (
    "id version legal_name domain country industry relationship cadence_days roles owner team parent merged_into closed registered_in "
    "registry registration source opened_at attributes"
).split()
SORTS = {"legal_name": Sort(_NAME, "text"), "opened_at": Sort("opened_at", "timestamptz")}
FILTERS = {
    "id": "id = %(id)s",
    "id_part": PART_OF_ID,
    "owner": "owner = %(owner)s",
    "team": "team = %(team)s",
    "parent": "parent = %(parent)s",
    "country": "country = %(country)s",
    "role": "roles @> ARRAY[%(role)s::text]",
    "closed": "closed = %(closed)s",
    "text": "words LIKE %(text)s",
}
"""What a list can be narrowed by, as SQL on a row; `text` is looked for anywhere in name and web domain."""


async def directory(
    reading: Reading,
    *,
    scope: Scope = EVERYTHING,
    sort: str = "legal_name",
    descending: bool = False,
    limit: int = 50,
    cursor: str | None = None,
    merged: bool = False,
    **filters: Any,
) -> Page[AccountCard]:
    """One page of accounts; those merged into others only with `merged`. Raises Invalid on a bad cursor, sort or filter."""
    conditions = [] if merged else ["merged_into IS NULL"]
    return await page_of(
        reading,
        AccountCard,
        f"{reading.as_of.of(ACCOUNTS)} AS r",
        conditions=conditions,
        known=FILTERS,
        filters=filters,
        scope=scope,
        sorts=SORTS,
        sort=sort,
        descending=descending,
        limit=limit,
        cursor=cursor,
        shown=_shown(reading),
    )


async def account(reading: Reading, id: UUID, *, scope: Scope = EVERYTHING) -> AccountCard:
    """One account. Raises NotFound where there is none, or none that the caller may see."""
    found = await directory(reading, scope=scope, limit=1, merged=True, id=id)
    if not found.items:
        raise NotFound("There is no such account; choose one from the directory.", account=str(id))
    return found.items[0]


def _shown(reading: Reading) -> str:
    of = reading.as_of.of
    names = ", ".join(f"p.{name}" for name in _OWN)
    return (
        f"SELECT {names}, p.sort_key, m.name AS owner_name, t.name AS team_name, a.legal_name AS parent_name FROM page AS p "
        f"LEFT JOIN {of(MEMBERS, 'id', 'name')} AS m ON m.id = p.owner LEFT JOIN {of(TEAMS, 'id', 'name')} AS t ON t.id = p.team "
        f"LEFT JOIN {of(ACCOUNTS, 'id', 'legal_name')} AS a ON a.id = p.parent"
    )
