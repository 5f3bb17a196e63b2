"""The contract calendar: the days that count, of many contracts, in order; notice deadlines and what is owed among them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from projections.accounts import ACCOUNTS
from projections.contract_tables import CONTRACTS, DAYS, DEADLINES
from projections.members import MEMBERS
from projections.paging import PART_OF_ID, Page, Sort, page_of
from projections.reading import EVERYTHING, Reading, Scope


class ContractDay(BaseModel):
    """A day that counts for a contract, as the facts that set it left it; `open`: nothing has become of it yet.

    `kind`: send_by, deadline, renewal, term_end, end (the last day in force, known for sure) or obligation. Of an obligation:
    `by` whom it is owed, who of us is `responsible`, its occurrence's nominal day, and what a breach costs.
    """

    id: UUID
    day: date
    kind: str
    status: str
    open: bool
    contract: UUID
    contract_version: int
    title: str
    number: str | None
    contract_status: str
    renewal: str
    side: str
    party: UUID
    party_name: str | None
    owner: UUID
    owner_name: str | None
    team: UUID | None
    obligation: UUID | None
    occurrence: date | None
    label: str | None
    by: str | None
    responsible: UUID | None
    responsible_name: str | None
    due_from: date | None
    breached_after: date | None
    met_on: date | None
    penalty: Decimal | None
    currency: str | None
    dispute: UUID | None


OWN = tuple(
    name
    for name in ContractDay.model_fields
    if not name.endswith("_name") and name not in {"contract_version", "title", "number", "contract_status", "renewal"}
)
"""The columns that are the day's own; the others are its contract's."""
FILTERS = {
    "id_part": PART_OF_ID,
    "kind": "kind = %(kind)s",
    "kinds": "kind = ANY (%(kinds)s::text[])",
    "status": "status = %(status)s",
    "statuses": "status = ANY (%(statuses)s::text[])",
    "owner": "owner = %(owner)s",
    "team": "team = %(team)s",
    "party": "party = %(party)s",
    "side": "side = %(side)s",
    "contract": "contract = %(contract)s",
    "obligation": "obligation = %(obligation)s",
    "responsible": "responsible = %(responsible)s",
    "by": "by = %(by)s",
    "disputed": "(dispute IS NOT NULL) = %(disputed)s",
}
"""What the calendar can be narrowed by, as SQL on a row. `owner` is the contract's, `responsible` the obligation's."""
_RANGE = {"first": "day >= %(first)s", "before": "day < %(before)s"}


async def contract_calendar(
    reading: Reading,
    *,
    scope: Scope = EVERYTHING,
    first: date | None = None,
    before: date | None = None,
    only_open: bool | None = None,
    only_obligations: bool = False,
    descending: bool = False,
    limit: int = 50,
    cursor: str | None = None,
    **filters: Any,
) -> Page[ContractDay]:
    """One page of days from `first` until before `before`, in order; all of them, or those that are `only_open`, or (False) over.

    Raises Invalid on a bad cursor or filter.
    """
    of = reading.as_of.of
    given = {name: value for name, value in (("first", first), ("before", before)) if value is not None}
    wheres = [_RANGE[name] for name in given]
    if only_open is not None:
        wheres.append("open" if only_open else "NOT open")
    if only_obligations:
        wheres.append("obligation IS NOT NULL")
    # inside the relation, so that walking the order begins where the range does
    narrowed = f" WHERE {' AND '.join(wheres)}" if wheres else ""
    return await page_of(
        reading,
        ContractDay,
        f"(SELECT * FROM {of(DAYS, *OWN)} AS d{narrowed}) AS r",
        conditions=(),
        known=FILTERS,
        filters=filters,
        scope=scope,
        more=given,
        sorts={"day": Sort("day", "date")},
        sort="day",
        descending=descending,
        limit=limit,
        cursor=cursor,
        shown=_shown(reading),
    )


def _shown(reading: Reading) -> str:
    of = reading.as_of.of
    columns = ", ".join(f"p.{name}" for name in (*OWN, "sort_key"))
    return (
        f"SELECT {columns}, c.version AS contract_version, c.title, c.number, c.status AS contract_status, c.renewal, "
        "a.legal_name AS party_name, m.name AS owner_name, w.name AS responsible_name FROM page AS p "
        f"JOIN {of(CONTRACTS, 'id', 'version', 'title', 'number', 'status', 'renewal')} AS c ON c.id = p.contract "
        f"LEFT JOIN {of(ACCOUNTS, 'id', 'legal_name')} AS a ON a.id = p.party "
        f"LEFT JOIN {of(MEMBERS, 'id', 'name')} AS m ON m.id = p.owner LEFT JOIN {of(MEMBERS, 'id', 'name')} AS w ON w.id = p.responsible"
    )


async def near_days(reading: Reading, member: UUID, *, limit: int = 100) -> list[ContractDay]:
    """What awaits a member, first on top: open deadlines of their contracts whose end comes near, and what they are to see done.

    Near and due are what the log says: `ContractExpiring` and `ObligationFellDue` were recorded when the time came.
    """
    of = reading.as_of.of
    page = (
        f"WITH page AS (SELECT d.*, d.day AS sort_key FROM {of(DAYS, *OWN)} AS d WHERE (d.open AND d.kind = ANY (%(deadlines)s::text[]) "
        f"AND d.owner = %(member)s AND d.contract IN (SELECT id FROM {of(CONTRACTS, 'id', 'status')} AS n WHERE n.status = 'expiring')) "
        "OR (d.responsible = %(member)s AND (d.status = 'due' OR (d.status = 'breached' AND d.dispute IS NULL))) "
        f"ORDER BY d.day, d.id LIMIT %(limit)s) SELECT {', '.join(ContractDay.model_fields)} FROM ({_shown(reading)}) AS s "
        "ORDER BY day, id"
    )
    deadlines: Collection[str] = DEADLINES
    found = await reading.rows(page, {"member": member, "deadlines": list(deadlines), "limit": limit})
    return [ContractDay.model_construct(**dict(zip(ContractDay.model_fields, row, strict=True))) for row in found]
