"""Queues and lists of disputes, at any moment, and one case's card."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from projections.accounts import ACCOUNTS
from projections.dispute_tables import DISPUTES, DUE, LINES, LIVE
from projections.members import MEMBERS, TEAMS
from projections.paging import PART_OF_ID, Page, Sort, page_of
from projections.reading import EVERYTHING, Reading, Scope


class DisputeCard(BaseModel):
    """A case in a list. Amounts are exact and gross, in `currency`: original = open + credited + paid + written_off + withdrawn.

    `due_at`: when the first of the running clocks runs out: `due_clock`, which `due_party` owes; `remaining`: seconds until then,
    counted from the moment that was asked about, below zero where it has passed. `resolve_left`: seconds of our clock while it is
    paused (`paused_at`). `late`: clocks that ran out. `version`: for If-Match.
    """

    id: UUID
    version: int
    title: str
    side: str
    account: UUID
    account_name: str | None
    owner: UUID | None
    owner_name: str | None
    team: UUID | None
    team_name: str | None
    status: str
    since: datetime
    reason: str
    severity: str
    commodity: str | None
    region: str | None
    currency: str
    original: Decimal
    open: Decimal
    credited: Decimal
    paid: Decimal
    written_off: Decimal
    withdrawn: Decimal
    conceded: Decimal
    escalation: int
    escalated_at: datetime | None
    due_at: datetime | None
    due_clock: str | None
    due_party: str | None
    remaining: int | None
    resolve_due_at: datetime | None
    answer_due_at: datetime | None
    paused_at: datetime | None
    resolve_left: int | None
    late: list[str] | None
    began_at: datetime
    opened_at: datetime | None
    acknowledged_at: datetime | None
    settled_at: datetime | None
    closed_at: datetime | None
    reopen_until: datetime | None
    root_cause: str | None
    parent: UUID | None
    contract: UUID | None
    obligation: UUID | None
    pay_by: date | None
    discount_on: date | None
    action: str | None
    d3_due: datetime | None
    d4_due: datetime | None
    d5_due: datetime | None
    repeats: list[UUID] | None


_FOUND = {"account_name", "owner_name", "team_name", "remaining"}
OWN = tuple(name for name in DisputeCard.model_fields if name not in _FOUND)
"""The columns of a card that are the case's own."""
SORTS = {
    "due": Sort(DUE, "timestamptz"),
    "open": Sort("open", "numeric"),
    "began_at": Sort("began_at", "timestamptz"),
    "since": Sort("since", "timestamptz"),
    "title": Sort("title", "text"),
    "escalation": Sort("escalation", "int4"),
}
FILTERS = {
    "id": "id = %(id)s",
    "id_part": PART_OF_ID,
    "account": "account = %(account)s",
    "owner": "owner = %(owner)s",
    "team": "team = %(team)s",
    "side": "side = %(side)s",
    "status": "status = %(status)s",
    "live": f"({LIVE}) = %(live)s",
    "reason": "reason = %(reason)s",
    "severity": "severity = %(severity)s",
    "commodity": "commodity = %(commodity)s",
    "region": "region = %(region)s",
    "currency": "currency = %(currency)s",
    "escalation_from": "escalation >= %(escalation_from)s",
    "open_from": "open >= %(open_from)s",
    "open_to": "open <= %(open_to)s",
    "due_before": "due_at < %(due_before)s",
    "due_party": "due_party = %(due_party)s",
    "paused": "(paused_at IS NOT NULL) = %(paused)s",
    "late": "(late IS NOT NULL) = %(late)s",
    "action": "action = %(action)s",
    "contract": "contract = %(contract)s",
    "obligation": "obligation = %(obligation)s",
    "parent": "parent = %(parent)s",
    "opened_from": "opened_at >= %(opened_from)s",
    "opened_before": "opened_at < %(opened_before)s",
    "settled_from": "settled_at >= %(settled_from)s",
    "settled_before": "settled_at < %(settled_before)s",
    "document": "id IN (SELECT dispute FROM {lines} AS l WHERE l.document = %(document)s)",
    "text": "(words LIKE %(text)s OR account IN (SELECT id FROM {accounts} AS a WHERE a.words LIKE %(text)s))",
}
"""What a list can be narrowed by, as SQL on a row. `live`: somebody has to work on it. `text` is looked for in the title, in the
numbers of the documents and in the account's name.
"""


def _filters_at(reading: Reading) -> dict[str, str]:
    of = reading.as_of.of
    relations = {"{lines}": of(LINES, "dispute", "document"), "{accounts}": of(ACCOUNTS, "id", "words")}
    found = dict(FILTERS)
    for name, relation in relations.items():
        found = {key: condition.replace(name, relation) for key, condition in found.items()}
    return found


def _named(reading: Reading) -> str:
    of = reading.as_of.of
    columns = ", ".join(f"p.{name}" for name in (*OWN, "sort_key"))
    return (
        f"SELECT {columns}, floor(extract(epoch FROM p.due_at - %(at)s::timestamptz))::int8 AS remaining, "
        "a.legal_name AS account_name, m.name AS owner_name, t.name AS team_name FROM page AS p "
        f"LEFT JOIN {of(ACCOUNTS, 'id', 'legal_name')} AS a ON a.id = p.account "
        f"LEFT JOIN {of(MEMBERS, 'id', 'name')} AS m ON m.id = p.owner LEFT JOIN {of(TEAMS, 'id', 'name')} AS t ON t.id = p.team"
    )


def moment_of(reading: Reading) -> datetime:
    """From when what remains is counted, unless another instant is named: the moment that was asked about."""
    return reading.as_of.instant or datetime.now(UTC)


async def dispute_list(
    reading: Reading,
    *,
    scope: Scope = EVERYTHING,
    at: datetime | None = None,
    sort: str = "due",
    descending: bool = False,
    limit: int = 50,
    cursor: str | None = None,
    **filters: Any,
) -> Page[DisputeCard]:
    """One page of cases; by default those first of which a clock runs out first. Raises Invalid on a bad cursor, sort or filter."""
    return await page_of(
        reading,
        DisputeCard,
        f"{reading.as_of.of(DISPUTES, *OWN, 'words')} AS r",
        conditions=(),
        known=_filters_at(reading),
        filters=filters,
        scope=scope,
        sorts=SORTS,
        sort=sort,
        descending=descending,
        limit=limit,
        cursor=cursor,
        shown=_named(reading),
        more={"at": at or moment_of(reading)},
    )
