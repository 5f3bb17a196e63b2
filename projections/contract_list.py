"""The list of contracts, filtered and sorted, at any moment."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from domain.contracts.consent import NOUN
from projections.accounts import ACCOUNTS
from projections.approval_list import AskedCard, asked_of
from projections.contract_tables import CONTRACTS, ENDS, SENDS_BY, WORTH
from projections.members import MEMBERS, TEAMS
from projections.paging import PART_OF_ID, Page, Sort, page_of
from projections.reading import EVERYTHING, Reading, Scope


class ContractCard(BaseModel):
    """A contract in a list. `version`: for If-Match. `value` is due for each `value_per`, as last signed; `annual` is a
    year's worth, in the currency that the company reports in.

    `send_by`: the last working day on which to send a notice; `deadline`: the last day on which it counts; `ends_on`: the last day
    in force, once that is known. `missed`: the deadline passed without a notice. `breaches`: obligations not met in time.
    """

    id: UUID
    version: int
    title: str
    number: str | None
    side: str
    party: UUID
    party_name: str | None
    owner: UUID
    owner_name: str | None
    team: UUID | None
    team_name: str | None
    status: str
    since: datetime
    drafted_at: datetime
    value: Decimal | None
    currency: str | None
    value_per: str
    annual: Decimal | None
    annual_currency: str | None
    renewal: str
    starts_on: date
    signed_on: date | None
    term: int
    term_start: date | None
    term_end: date | None
    send_by: date | None
    deadline: date | None
    ends_on: date | None
    renewal_on: date | None
    missed: bool
    notice_by: str | None
    renewal_way: str | None
    renewal_outcome: str | None
    renewal_deal: UUID | None
    amendments: int
    pending_amendments: int
    breaches: int
    deal: UUID | None
    renews: UUID | None
    successor: UUID | None
    registered: bool
    reason: str | None
    asked: list[AskedCard] = Field(default_factory=list, description="Who is asked now whether it, or an amendment, may be signed.")


OWN = tuple(name for name in ContractCard.model_fields if not name.endswith("_name") and name != "asked")
"""The columns of a card that are the contract's own."""
SORTS = {
    "send_by": Sort(SENDS_BY, "date"),
    "ends": Sort(ENDS, "date"),
    "annual": Sort(WORTH, "numeric"),
    "title": Sort("title", "text"),
    "since": Sort("since", "timestamptz"),
    "drafted_at": Sort("drafted_at", "timestamptz"),
}
FILTERS = {
    "id": "id = %(id)s",
    "id_part": PART_OF_ID,
    "party": "party = %(party)s",
    "owner": "owner = %(owner)s",
    "team": "team = %(team)s",
    "side": "side = %(side)s",
    "status": "status = %(status)s",
    "live": "(status IN ('active', 'expiring')) = %(live)s",
    "renewal": "renewal = %(renewal)s",
    "deal": "deal = %(deal)s",
    "currency": "currency = %(currency)s",
    "annual_from": "annual >= %(annual_from)s",
    "annual_to": "annual <= %(annual_to)s",
    "ends_from": f"{ENDS} >= %(ends_from)s",
    "ends_before": f"{ENDS} < %(ends_before)s",
    "send_by_from": "ends_on IS NULL AND send_by >= %(send_by_from)s",
    "send_by_before": "ends_on IS NULL AND send_by < %(send_by_before)s",
    "noticed": "(notice_by IS NOT NULL) = %(noticed)s",
    "missed": "missed = %(missed)s",
    "breached": "(breaches > 0) = %(breached)s",
    "amending": "(pending_amendments > 0) = %(amending)s",
    "text": "(words LIKE %(text)s OR party IN (SELECT id FROM {accounts} AS a WHERE a.words LIKE %(text)s))",
}
"""What a list can be narrowed by, as SQL on a row. `text` is looked for anywhere in title, number and the other party's name."""


async def contract_list(
    reading: Reading,
    *,
    scope: Scope = EVERYTHING,
    sort: str = "send_by",
    descending: bool = False,
    limit: int = 50,
    cursor: str | None = None,
    **filters: Any,
) -> Page[ContractCard]:
    """One page of contracts. Raises Invalid on a bad cursor, sort or filter."""
    of = reading.as_of.of
    columns = ", ".join(f"p.{name}" for name in (*OWN, "sort_key"))
    found = await page_of(
        reading,
        ContractCard,
        f"{of(CONTRACTS, *OWN, 'words')} AS r",
        conditions=(),
        known={**FILTERS, "text": FILTERS["text"].replace("{accounts}", of(ACCOUNTS, "id", "words"))},
        filters=filters,
        scope=scope,
        sorts=SORTS,
        sort=sort,
        descending=descending,
        limit=limit,
        cursor=cursor,
        shown=f"SELECT {columns}, a.legal_name AS party_name, m.name AS owner_name, t.name AS team_name FROM page AS p "
        f"LEFT JOIN {of(ACCOUNTS, 'id', 'legal_name')} AS a ON a.id = p.party "
        f"LEFT JOIN {of(MEMBERS, 'id', 'name')} AS m ON m.id = p.owner LEFT JOIN {of(TEAMS, 'id', 'name')} AS t ON t.id = p.team",
    )
    asked = await asked_of(reading, NOUN, [card.id for card in found.items if card.status == "in_review" or card.pending_amendments])
    for card in found.items:
        card.asked = asked.get(card.id, [])
    return found
