"""The list of deals, filtered and sorted, at any moment; and one deal's card."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from domain.kernel import NotFound
from projections.accounts import ACCOUNTS
from projections.approval_list import AskedCard, asked_about
from projections.deals import AMOUNT, CLOSES, DEALS, LINES
from projections.members import MEMBERS, TEAMS
from projections.paging import PART_OF_ID, Page, Sort, page_of
from projections.pipelines import PRODUCTS
from projections.reading import EVERYTHING, Reading, Scope


class DealCard(BaseModel):
    """A deal in a list. Amounts are exact, in `currency`; None: not known yet. `version`: for If-Match.

    `asked`: who has to agree before its move is carried out (`approval` has it), and since when they are asked.
    """

    id: UUID
    version: int
    title: str
    account: UUID | None
    account_name: str | None
    owner: UUID | None
    owner_name: str | None
    team: UUID | None
    team_name: str | None
    pipeline: UUID
    pipeline_version: int
    stage: str
    stage_name: str
    kind: str
    category: str
    capped_by: list[str] | None
    probability: int
    amount: Decimal | None
    annual: Decimal | None
    currency: str | None
    close_date: date | None
    books_on: date | None
    next_step: str | None
    next_step_on: date | None
    since: datetime
    opened_at: datetime
    max_days: int | None
    pushes: int
    stalled: bool
    lapsed: bool
    commit_lost: bool
    pending_to: str | None
    pending_since: datetime | None
    approval: UUID | None
    payment_days: int | None
    reason: str | None
    competitor: str | None
    needs_attention: list[str] | None
    source: str
    asked: list[AskedCard] = Field(default_factory=list)


class DealLine(BaseModel):
    """A line of a deal; `total` over its term, `annual` per twelve months, both in `currency`."""

    number: int
    product: UUID | None
    product_name: str | None
    label: str | None
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    period: str | None
    months: int | None
    total: Decimal
    annual: Decimal
    currency: str


OWN = tuple(name for name in DealCard.model_fields if name != "asked" and (not name.endswith("_name") or name == "stage_name"))
"""The columns of a card that are the deal's own."""
SORTS = {
    "close_date": Sort(CLOSES, "date"),
    "amount": Sort(AMOUNT, "numeric"),
    "title": Sort("title", "text"),
    "since": Sort("since", "timestamptz"),
    "opened_at": Sort("opened_at", "timestamptz"),
}
FILTERS = {
    "id": "id = %(id)s",
    "id_part": PART_OF_ID,
    "account": "account = %(account)s",
    "account_missing": "(account IS NULL) = %(account_missing)s",
    "region": "account IN (SELECT id FROM {accounts} AS a WHERE a.country = %(region)s)",
    "region_missing": "(account IS NULL OR account IN (SELECT id FROM {accounts} AS a WHERE a.country IS NULL)) = %(region_missing)s",
    "owner": "owner = %(owner)s",
    "team": "team = %(team)s",
    "pipeline": "pipeline = %(pipeline)s",
    "stage": "stage = %(stage)s",
    "kind": "kind = %(kind)s",
    "category": "category = %(category)s",
    "categories": "category = ANY (%(categories)s::text[])",
    "counted": "(category <> 'omitted' AND currency IS NOT NULL) = %(counted)s",
    "currency": "currency = %(currency)s",
    "source": "source = %(source)s",
    "closes_from": "books_on >= %(closes_from)s",
    "closes_before": "books_on < %(closes_before)s",
    "amount_from": "amount >= %(amount_from)s",
    "amount_to": "amount <= %(amount_to)s",
    "stalled": "stalled = %(stalled)s",
    "lapsed": "lapsed = %(lapsed)s",
    "attention": "(stalled OR lapsed OR commit_lost OR needs_attention IS NOT NULL) = %(attention)s",
    "pending": "(pending_to IS NOT NULL) = %(pending)s",
    "approval_pending": "(approval IS NOT NULL) = %(approval_pending)s",
    "needs_attention": "(needs_attention IS NOT NULL) = %(needs_attention)s",
    "owner_missing": "(owner IS NULL) = %(owner_missing)s",
    "team_missing": "(team IS NULL) = %(team_missing)s",
    "date_missing": "(books_on IS NULL) = %(date_missing)s",
    "product_missing": "(id NOT IN (SELECT deal FROM {lines} AS l WHERE l.product IS NOT NULL) "
    "OR id IN (SELECT deal FROM {lines} AS l WHERE l.product IS NULL)) = %(product_missing)s",
    "product": "id IN (SELECT deal FROM {lines} AS l WHERE l.product = %(product)s)",
    "text": "(words LIKE %(text)s OR account IN (SELECT id FROM {accounts} AS a WHERE a.words LIKE %(text)s))",
}
"""What a list can be narrowed by, as SQL on a row. `closes_*` look at the day a deal counts for: when won, the day it booked on.
`text` is looked for anywhere in the title and in the account's name. `region` is the account's country.
"""


def filters_at(reading: Reading) -> dict[str, str]:
    """`FILTERS`, with their relations as they stood."""
    of = reading.as_of.of
    relations = {"{lines}": of(LINES, "deal", "product"), "{accounts}": of(ACCOUNTS, "id", "words", "country")}
    found = dict(FILTERS)
    for name, relation in relations.items():
        found = {key: condition.replace(name, relation) for key, condition in found.items()}
    return found


def named(reading: Reading, page: str, *more: str) -> str:
    """SQL that selects a card's columns (and `more` of them) from the relation `page`, with the names as they stood."""
    of = reading.as_of.of
    columns = ", ".join(f"p.{name}" for name in (*OWN, *more))
    return (
        f"SELECT {columns}, a.legal_name AS account_name, m.name AS owner_name, t.name AS team_name FROM {page} AS p "
        f"LEFT JOIN {of(ACCOUNTS, 'id', 'legal_name')} AS a ON a.id = p.account "
        f"LEFT JOIN {of(MEMBERS, 'id', 'name')} AS m ON m.id = p.owner LEFT JOIN {of(TEAMS, 'id', 'name')} AS t ON t.id = p.team"
    )


async def deal_list(
    reading: Reading,
    *,
    scope: Scope = EVERYTHING,
    sort: str = "close_date",
    descending: bool = False,
    limit: int = 50,
    cursor: str | None = None,
    **filters: Any,
) -> Page[DealCard]:
    """One page of deals. Raises Invalid on a bad cursor, sort or filter."""
    found = await page_of(
        reading,
        DealCard,
        f"{reading.as_of.of(DEALS, *OWN, 'words')} AS r",
        conditions=(),
        known=filters_at(reading),
        filters=filters,
        scope=scope,
        sorts=SORTS,
        sort=sort,
        descending=descending,
        limit=limit,
        cursor=cursor,
        shown=named(reading, "page", "sort_key"),
    )
    await add_asked(reading, found.items)
    return found


async def add_asked(reading: Reading, cards: Iterable[DealCard]) -> None:
    """Say on each card whom its move waits for. Few moves wait, so most pages ask nothing."""
    waiting = [card for card in cards if card.approval is not None]
    found = await asked_about(reading, [card.approval for card in waiting if card.approval is not None])
    for card in waiting:
        card.asked = found.get(card.approval, []) if card.approval else []


async def deal_card(reading: Reading, id: UUID, *, scope: Scope = EVERYTHING) -> DealCard:
    """One deal. Raises NotFound where there is none, or none that the caller may see."""
    found = await deal_list(reading, scope=scope, limit=1, id=id)
    if not found.items:
        raise NotFound("There is no such deal; choose one from the list.", deal=str(id))
    return found.items[0]


async def deal_lines(reading: Reading, id: UUID) -> list[DealLine]:
    """A deal's lines in order; for a deal that the caller was shown."""
    of = reading.as_of.of
    columns = [name for name in DealLine.model_fields if name != "product_name"]
    found = await reading.rows(
        f"SELECT {', '.join(f'l.{c}' for c in columns)}, p.name FROM {of(LINES)} AS l "
        f"LEFT JOIN {of(PRODUCTS, 'id', 'name')} AS p ON p.id = l.product WHERE l.deal = %(deal)s ORDER BY l.number",
        {"deal": id},
    )
    return [DealLine(**dict(zip((*columns, "product_name"), row, strict=True))) for row in found]
