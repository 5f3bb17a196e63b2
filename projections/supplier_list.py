"""Suppliers as lists show them: every account in that role, with its score and what is held from it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from projections.accounts import ACCOUNTS
from projections.dispute_tables import DISPUTES, LIVE
from projections.members import MEMBERS
from projections.paging import PART_OF_ID, Page, Sort, page_of
from projections.reading import EVERYTHING, Reading, Scope
from projections.suppliers import QUALIFICATIONS, SUPPLIERS
from projections.withheld import Held


class SupplierCard(BaseModel):
    """An account in the role of a supplier. `score` null: not scored yet, or there was no activity. `account`: its id; `version`: of
    what is known of it as a supplier, 0 where nothing is.
    """

    id: UUID
    account: UUID
    name: str
    country: str | None
    owner: UUID | None
    owner_name: str | None
    version: int
    score: Decimal | None
    scored_month: str | None
    band: str | None
    band_name: str | None
    blocks_orders: bool
    held: list[Held]


SORTS = {
    "name": Sort("name", "text"),
    "score": Sort("coalesce(score, -1)", "numeric"),
}
FILTERS = {
    "id": "id = %(id)s",
    "id_part": PART_OF_ID,
    "owner": "owner = %(owner)s",
    "country": "country = %(country)s",
    "band": "band = %(band)s",
    "blocked": "blocks_orders = %(blocked)s",
    "text": "words LIKE %(text)s",
    "commodity": "id IN (SELECT q.account FROM {qualifications} AS q WHERE q.commodity = %(commodity)s AND q.status IN ('qualified', 'conditional'))",
}
_COLUMNS = ("version", "score", "scored_month", "band", "band_name")


async def supplier_list(
    reading: Reading,
    *,
    scope: Scope = EVERYTHING,
    sort: str = "name",
    descending: bool = False,
    limit: int = 50,
    cursor: str | None = None,
    **filters: Any,
) -> Page[SupplierCard]:
    """One page of suppliers: every account in that role, whether anything is known of it as a supplier or not. Raises Invalid."""
    of = reading.as_of.of
    relation = (
        "(SELECT a.id, a.id AS account, a.legal_name AS name, a.country, a.owner, a.team, a.words, a.roles, coalesce(s.version, 0) AS version, "
        "s.score, s.scored_month, s.band, s.band_name, coalesce(s.blocks_orders, false) AS blocks_orders "
        f"FROM {of(ACCOUNTS, 'id', 'legal_name', 'country', 'owner', 'team', 'words', 'roles', 'merged_into')} AS a "
        f"LEFT JOIN {of(SUPPLIERS, 'account', 'blocks_orders', *_COLUMNS)} AS s ON s.account = a.id "
        "WHERE a.roles @> ARRAY['supplier'] AND a.merged_into IS NULL) AS r"
    )
    held = (
        "SELECT d.account, d.currency, count(*) AS cases, sum(d.open) AS held "
        f"FROM {of(DISPUTES, 'account', 'currency', 'open', 'status', 'side')} AS d "
        f"WHERE d.account = ANY (SELECT account FROM page) AND d.side = 'buy' AND {LIVE} GROUP BY d.account, d.currency"
    )
    own = ", ".join(f"p.{name}" for name in SupplierCard.model_fields if name not in {"owner_name", "held"})
    shown = (
        f"SELECT {own}, p.sort_key, m.name AS owner_name, "
        "coalesce((SELECT jsonb_agg(jsonb_build_object('currency', h.currency, 'cases', h.cases, 'held', h.held::text) ORDER BY h.currency) "
        f"FROM ({held}) AS h WHERE h.account = p.account), '[]'::jsonb) AS held "
        f"FROM page AS p LEFT JOIN {of(MEMBERS, 'id', 'name')} AS m ON m.id = p.owner"
    )
    known = {name: text.replace("{qualifications}", of(QUALIFICATIONS)) for name, text in FILTERS.items()}
    return await page_of(
        reading,
        SupplierCard,
        relation,
        conditions=(),
        known=known,
        filters=filters,
        scope=scope,
        sorts=SORTS,
        sort=sort,
        descending=descending,
        limit=limit,
        cursor=cursor,
        shown=shown,
    )
