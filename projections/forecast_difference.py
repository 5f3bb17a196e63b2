"""What changed in the forecast between two moments: start + changes = end, to the cent, per currency, deal by deal and cause by cause.

Counted is the whole value of every deal that the forecast counts: closed, commit, best case and pipeline, omitted and lost ones not.
Each deal that differs has one net cause, the first of these that holds: it was created; it was won back, lost, won or reopened; it came
into the forecast or left it; its amount, currency, category, period, probability or owner changed. Only the first ones move the sum; a
category or a period moves it between cells, which the categories of start and end tell. Whatever happened to a deal meanwhile, one
version after the other, is told by `steps`, each with its event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from projections.as_of import AsOf
from projections.deals import DEALS
from projections.list_difference import either, then_params
from projections.reading import EVERYTHING, Reading, Scope

_WATCHED = ("kind", "category", "currency", "amount", "books_in", "probability", "owner", "team")
"""The columns that a forecast reads of a deal."""
_COUNTED = "({0}.category <> 'omitted' AND {0}.currency IS NOT NULL)"
_VALUE = f"CASE WHEN {_COUNTED} THEN coalesce({{0}}.amount, 0) ELSE 0 END"
_CAUSE = f"""CASE
 WHEN b.id IS NULL THEN 'created' WHEN n.id IS NULL THEN 'withdrawn'
 WHEN n.kind <> b.kind THEN CASE n.kind WHEN 'won' THEN 'won' WHEN 'lost' THEN 'lost' ELSE CASE b.kind WHEN 'won' THEN 'won_reversed' ELSE 'reopened' END END
 WHEN {_COUNTED.format("n")} AND NOT {_COUNTED.format("b")} THEN 'un_omitted' WHEN NOT {_COUNTED.format("n")} AND {_COUNTED.format("b")} THEN 'omitted'
 WHEN n.currency IS DISTINCT FROM b.currency THEN 'currency' WHEN n.amount IS DISTINCT FROM b.amount THEN
   CASE WHEN coalesce(n.amount, 0) > coalesce(b.amount, 0) THEN 'amount_up' ELSE 'amount_down' END
 WHEN n.category <> b.category THEN 'category' WHEN n.books_in IS DISTINCT FROM b.books_in THEN 'period'
 WHEN n.probability <> b.probability THEN 'probability' ELSE 'owner' END"""


@dataclass(frozen=True, slots=True)
class CategorySum:
    """What a category came to at one of the moments, in one currency."""

    currency: str
    category: str
    deals: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CauseSum:
    """All deals with one net cause, and what they change of the sum in one currency."""

    currency: str
    cause: str
    deals: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class DealDifference:
    """A deal that differs: its net cause, and each watched column before and after. `amount`: what it changes in `currency`."""

    id: UUID
    title: str
    cause: str
    currency: str | None
    amount: Decimal
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Both ends, and what lies between them."""

    start: list[CategorySum]
    end: list[CategorySum]
    causes: list[CauseSum]


_DIFFERS = "(n.id IS NULL OR b.id IS NULL OR ({}) IS DISTINCT FROM ({}))".format(
    *(", ".join(f"{side}.{column}" for column in _WATCHED) for side in "nb")
)
_COLUMNS = ", ".join(("id", *_WATCHED))
_SIDES = ", ".join(f"{side}.{column} AS {side}_{column}" for side in "bn" for column in ("id", *_WATCHED))
_TOLD = (", ".join(f"'{c}', {side}_{c}{'::text' * (c == 'amount')}" for c in _WATCHED) for side in "bn")
_WAS, _IS = (f"CASE WHEN {side}_id IS NOT NULL THEN jsonb_build_object({told}) END" for side, told in zip("bn", _TOLD, strict=True))
_ENDS = ", ".join(f"count(*) FILTER (WHERE {end}), coalesce(sum(amount) FILTER (WHERE {end}), 0)" for end in ("before", "later"))
_QUERY = f"""
WITH v AS MATERIALIZED (
    SELECT {_COLUMNS}, before, later FROM {{versions}} AS r WHERE {{scope}} AND ({_COUNTED.format("r")} OR NOT before OR NOT later)
), d AS MATERIALIZED (
    SELECT id, {_CAUSE} AS cause, {_VALUE.format("n")} AS nval, {_VALUE.format("b")} AS bval, {_SIDES}
    FROM (SELECT * FROM v WHERE later AND NOT before) AS n FULL JOIN (SELECT * FROM v WHERE before AND NOT later) AS b USING (id) WHERE {_DIFFERS}
)
SELECT 'ends', NULL::uuid, category, currency, {_ENDS}, NULL::jsonb, NULL::jsonb FROM v WHERE {_COUNTED.format("v")} GROUP BY currency, category
UNION ALL
SELECT 'cause', NULL, cause, cur, sum(deals)::bigint, sum(val), NULL, NULL, NULL, NULL
FROM (SELECT cause, n_currency, b_currency, count(*) AS many, sum(nval) AS nval, sum(bval) AS bval FROM d GROUP BY 1, 2, 3) AS g
-- in two currencies, a deal leaves the one and comes into the other
CROSS JOIN LATERAL (
    VALUES (n_currency, nval, many), (b_currency, -bval, CASE WHEN n_currency = b_currency THEN 0 ELSE many END)
) AS moved (cur, val, deals) WHERE cur IS NOT NULL GROUP BY cause, cur HAVING sum(deals) > 0
UNION ALL
SELECT 'deal', id, cause, coalesce(n_currency, b_currency), NULL, nval - bval, NULL, NULL, {_WAS}, {_IS}
FROM (SELECT * FROM d WHERE %(cause)s::text IS NULL OR cause = %(cause)s ORDER BY abs(nval - bval) DESC, id LIMIT %(limit)s OFFSET %(offset)s) AS p"""
"""One statement, so that both ends and what lies between are of the same rows, whatever is folded meanwhile; each end is a sum of its own."""


async def forecast_difference(
    reading: Reading, earlier: AsOf, *, scope: Scope = EVERYTHING, limit: int = 50, offset: int = 0, cause: str | None = None
) -> tuple[Totals, list[DealDifference]]:
    """Both moments' sums by category, each added up by itself, the changes by net cause, and up to `limit` of the deals that differ.

    Those that change the sums most come first, then by id. `cause`: only deals with this net cause are listed.
    """
    standing = either(reading.as_of, earlier, DEALS, ("id", *_WATCHED))
    params = {**scope.params, **then_params(earlier), "limit": limit, "offset": offset, "cause": cause}
    found = Totals([], [], [])
    deals: list[tuple[Any, ...]] = []
    for what, id, kind, currency, count, amount, later_count, later, was, now in await reading.rows(
        _QUERY.format(versions=standing, scope=scope.sql), params
    ):
        if what == "deal":
            deals.append((id, kind, currency, amount, was, now))
        elif what == "cause":
            found.causes.append(CauseSum(currency, kind, count, amount))
        else:
            found.start.extend([CategorySum(currency, kind, count, amount)] if count else ())
            found.end.extend([CategorySum(currency, kind, later_count, later)] if later_count else ())
    for sums in (found.start, found.end):
        sums.sort(key=lambda one: (one.currency, one.category))
    found.causes.sort(key=lambda one: (one.currency, -abs(one.amount), one.cause))
    titles = await _titles(reading, [id for id, *_ in deals])
    told = [DealDifference(id, titles.get(id, ""), *rest) for id, *rest in deals]
    return found, sorted(told, key=lambda d: (-abs(d.amount), d.id))


async def _titles(reading: Reading, deals: Sequence[UUID]) -> dict[UUID, str]:
    query = f"SELECT id, title FROM {reading.as_of.of(DEALS, 'id', 'title')} AS t WHERE id = ANY (%(deals)s)"
    return dict(await reading.rows(query, {"deals": list(deals)})) if deals else {}


def balanced(found: Totals) -> bool:
    """Whether start + changes = end in every currency."""
    left: dict[str, Decimal] = {}
    for sign, sums in ((1, found.start), (1, found.causes), (-1, found.end)):
        for one in sums:
            left[one.currency] = left.get(one.currency, Decimal(0)) + sign * one.amount
    return not any(left.values())


@dataclass(frozen=True, slots=True)
class Step:
    """One event that changed a deal's share: its position, each watched column before and after, and what it changes of the sum."""

    deal: UUID
    position: int
    columns: dict[str, tuple[Any, Any]]


async def steps(reading: Reading, earlier: AsOf, deals: Sequence[UUID]) -> list[Step]:
    """What was recorded of these deals between the two moments, one event after the other, as far as the forecast reads it.

    By what was known: positions are those of events. A deal's steps lead from its row before to its row after.
    """
    first, last = earlier.position or 0, reading.as_of.position or reading.position
    columns = ", ".join(_WATCHED)
    query = (
        f"SELECT id, known_from, {columns} FROM {DEALS.name} WHERE id = ANY (%(deals)s) AND known_from <= %(last)s UNION ALL "
        f"SELECT id, known_from, {columns} FROM {DEALS.past} WHERE id = ANY (%(deals)s) AND known_from <= %(last)s "
        "AND known_to > %(first)s AND known_from < known_to ORDER BY 1, 2"
    )
    found: list[Step] = []
    before: dict[UUID, tuple[Any, ...]] = {}
    for id, position, *row in await reading.rows(query, {"deals": list(deals), "first": first, "last": last}):
        old = before.get(id)
        before[id] = tuple(row)
        if position <= first:
            continue
        pairs = zip(_WATCHED, old or (None,) * len(_WATCHED), row, strict=True)
        if differing := {column: (was, now) for column, was, now in pairs if was != now}:
            found.append(Step(id, position, differing))
    return found
