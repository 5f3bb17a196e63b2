"""What is held back from a supplier because it is disputed, and what stays payable beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from pydantic import BaseModel

from projections.dispute_tables import DISPUTES, DOCUMENTS, LINES, LIVE
from projections.reading import EVERYTHING, Reading, Scope


class Held(BaseModel):
    """What is disputed and not settled, in one currency: held back from payment."""

    currency: str
    cases: int
    held: Decimal


class DocumentBalance(BaseModel):
    """A disputed document. `held`: disputed and not settled; `payable`: the rest of `total`, less what was credited; null where
    nobody stated a total. Dates are those on which it is to be paid whatever is disputed of it.
    """

    kind: str
    number: str
    currency: str
    total: Decimal | None
    held: Decimal
    credited: Decimal
    payable: Decimal | None
    due_on: date | None
    statutory_due_on: date | None
    discount_on: date | None
    discount: Decimal | None
    cases: list[UUID]


class SupplierBalance(BaseModel):
    """What is held from a supplier and what stays payable of the documents in dispute, by currency and document."""

    held: list[Held]
    documents: list[DocumentBalance]
    position: int


async def supplier_balance(reading: Reading, account: UUID, *, scope: Scope = EVERYTHING) -> SupplierBalance:
    """The balance of one supplier, over the cases within `scope` that are not over."""
    of = reading.as_of.of
    cases = (
        f"cases AS (SELECT id, currency, open FROM {of(DISPUTES, 'id', 'account', 'owner', 'team', 'side', 'currency', 'open', 'status')} AS d "
        f"WHERE account = %(account)s AND side = 'buy' AND {LIVE} AND {scope.sql})"
    )
    params: dict[str, Any] = {"account": account, **scope.params}
    held = await reading.rows(f"WITH {cases} SELECT currency, count(*), sum(open) FROM cases GROUP BY currency ORDER BY currency", params)
    query = (
        f"WITH {cases}, lines AS (SELECT l.kind, l.document AS number, c.currency, sum(l.open) AS held, sum(l.credited) AS credited, "
        f"array_agg(DISTINCT c.id ORDER BY c.id) AS cases FROM {of(LINES, 'dispute', 'kind', 'document', 'open', 'credited')} AS l JOIN cases AS c "
        "ON c.id = l.dispute GROUP BY l.kind, l.document, c.currency), "
        "stated AS (SELECT kind, number, max(total) AS total, min(due_on) AS due_on, min(statutory_due_on) AS statutory_due_on, "
        f"min(discount_on) AS discount_on, max(discount) AS discount FROM {of(DOCUMENTS)} AS s "
        "WHERE dispute IN (SELECT id FROM cases) GROUP BY kind, number) "
        "SELECT l.kind, l.number, l.currency, s.total, l.held, l.credited, s.total - l.held - l.credited AS payable, s.due_on, "
        "s.statutory_due_on, s.discount_on, s.discount, l.cases FROM lines AS l LEFT JOIN stated AS s USING (kind, number) "
        "ORDER BY s.due_on NULLS LAST, l.number, l.kind, l.currency"
    )
    async with reading.cursor.connection.cursor(binary=True, row_factory=dict_row) as cursor:
        await cursor.execute(query.encode(), {**params, **reading.as_of.params})
        documents: Sequence[dict[str, Any]] = await cursor.fetchall()
    return SupplierBalance(
        held=[Held(currency=currency, cases=cases, held=amount) for currency, cases, amount in held],
        documents=[DocumentBalance(**row) for row in documents],
        position=reading.position,
    )
