"""The forecast: what deals are expected to bring, by category, period and whoever or whatever they belong to.

Single categories stand for themselves; cumulative ones add what is surer: commit = closed + commit, best case = commit and
best case, open = all. Omitted deals never count. Weighted is the sum of amount times probability. Won deals count in the
period they booked in, all others in that of their close date. One row per currency: sums of different ones are never mixed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from domain.kernel import Invalid
from domain.periods import Period, PeriodKind
from domain.values import minor_digits
from projections.accounts import ACCOUNTS
from projections.deal_list import filters_at
from projections.deals import DEALS, LINES
from projections.members import MEMBERS, TEAMS
from projections.paging import contains
from projections.pipelines import PRACTICE, PRODUCTS
from projections.reading import EVERYTHING, Reading, Scope

CATEGORIES = ("closed", "commit", "best_case", "pipeline")
"""Surest first; each cumulative one adds those before it."""


class Dimension(StrEnum):
    """What a forecast can be split by, besides the currency, which always splits it."""

    PERIOD = "period"
    OWNER = "owner"
    TEAM = "team"
    PRODUCT = "product"
    ACCOUNT = "account"
    PIPELINE = "pipeline"


class Measure(StrEnum):
    """total: over the whole term. annual: the recurring value per twelve months."""

    TOTAL = "total"
    ANNUAL = "annual"


class Cell(BaseModel):
    """A category's share of a row. `cumulative` adds the surer categories."""

    deals: int
    single: Decimal
    cumulative: Decimal


class ForecastRow(BaseModel):
    """One combination of the dimensions that were asked for; those that were not are None, and so is what has no value."""

    currency: str
    period: str | None = None
    period_start: date | None = None
    period_end: date | None = None
    owner: UUID | None = None
    owner_name: str | None = None
    team: UUID | None = None
    team_name: str | None = None
    product: UUID | None = None
    product_name: str | None = None
    account: UUID | None = None
    account_name: str | None = None
    pipeline: UUID | None = None
    categories: dict[str, Cell]
    weighted: Decimal


class Forecast(BaseModel):
    """`totals`: one row per currency over all `rows`. `position`: the answer holds the log up to there."""

    by: list[Dimension]
    measure: Measure
    rows: list[ForecastRow]
    totals: list[ForecastRow]
    position: int


_NAMES = {
    Dimension.OWNER: (MEMBERS, "name"),
    Dimension.TEAM: (TEAMS, "name"),
    Dimension.PRODUCT: (PRODUCTS, "name"),
    Dimension.ACCOUNT: (ACCOUNTS, "legal_name"),
}
_COLUMNS = (
    "id owner team account pipeline stage kind category probability amount annual currency close_date books_on books_in source stalled lapsed "
    "pending_to needs_attention commit_lost words"
).split()


async def forecast(
    reading: Reading,
    *,
    by: Sequence[Dimension] = (Dimension.PERIOD,),
    periods: PeriodKind = PeriodKind.MONTH,
    period: str | None = None,
    measure: Measure = Measure.TOTAL,
    todays_team: bool = False,
    scope: Scope = EVERYTHING,
    **filters: Any,
) -> Forecast:
    """The forecast split by `by`, in `periods` of one kind, or for one `period` ("2026-Q1", "FY2026-Q1", "2026-03").

    `todays_team`: a deal belongs to the team that its owner is in today, instead of the one it was in. Filters as in
    `deal_list`. Raises Invalid on a bad period, dimension or filter.
    """
    start = await _year_start(reading)
    if period is not None:
        chosen = _period(period, start)
        periods, filters = chosen.kind, {**filters, "closes_from": chosen.start, "closes_before": chosen.end}
    found = await reading.rows(*_query(reading, list(dict.fromkeys(by)), measure, scope, filters, todays_team=todays_team))
    table = _Table(list(dict.fromkeys(by)), periods, start)
    for row in found:
        table.add(row)
    return Forecast(by=table.by, measure=measure, rows=table.rows(), totals=table.totals(), position=reading.position)


def _period(key: str, year_start: int) -> Period:
    try:
        return Period.parse(key, year_start)
    except ValueError as error:
        raise Invalid(f"{error}.", period=key) from None


async def _year_start(reading: Reading) -> int:
    found = await reading.rows(f"SELECT fiscal_year_start FROM {reading.as_of.of(PRACTICE, 'fiscal_year_start')} AS p", {})
    return int(found[0][0]) if found else 1


def _query(
    reading: Reading, by: Sequence[Dimension], measure: Measure, scope: Scope, filters: dict[str, Any], *, todays_team: bool
) -> tuple[str, dict[str, Any]]:
    of = reading.as_of.of
    known = filters_at(reading)
    given = {name: value for name, value in filters.items() if value is not None}
    if unknown := given.keys() - known.keys():
        raise Invalid("The forecast has no such filter; choose one of the filters.", unknown=sorted(unknown), filters=sorted(known))
    params: dict[str, Any] = {**scope.params, **given}
    if "text" in given:
        params["text"] = contains(given["text"])
    own = ("amount", "annual")[measure is Measure.ANNUAL]
    wheres = ["category <> 'omitted'", "currency IS NOT NULL", scope.sql, *(known[name] for name in given)]
    relation = f"(SELECT * FROM {of(DEALS, *_COLUMNS)} AS r WHERE {' AND '.join(wheres)}) AS d"
    expressions = {dimension: f"d.{dimension.value}" for dimension in Dimension} | {
        Dimension.PERIOD: "d.books_in",
        Dimension.PRODUCT: "l.product",
    }
    value, deals = f"d.{own}", "count(*)"
    if todays_team and Dimension.TEAM in by:
        relation += f" LEFT JOIN {MEMBERS.name} AS today ON today.id = d.owner"
        expressions[Dimension.TEAM] = "today.team"
    if Dimension.PRODUCT in by:
        share = "total" if measure is Measure.TOTAL else "annual"
        relation += f" LEFT JOIN {of(LINES, 'deal', 'product', 'total', 'annual')} AS l ON l.deal = d.id"
        value, deals = f"CASE WHEN l.deal IS NULL THEN d.{own} ELSE l.{share} END", "count(DISTINCT d.id)"
    keys = [f"{expressions[dimension]} AS k{number}" for number, dimension in enumerate(by)]
    groups = ", ".join(str(n + 1) for n in range(len(by) + 3))
    sums = (
        f"SELECT d.category, d.currency{''.join(f', {key}' for key in keys)}, d.probability, {deals} AS deals, "
        f"coalesce(sum({value}), 0) AS amount FROM {relation} GROUP BY {groups}"
    )
    names, joins = "", ""
    for number, dimension in enumerate(by):
        if dimension in _NAMES:
            table, column = _NAMES[dimension]
            names += f", n{number}.{column}"
            joins += f" LEFT JOIN {of(table, 'id', column)} AS n{number} ON n{number}.id = s.k{number}"
        else:
            names += ", NULL"
    return f"SELECT s.*{names} FROM ({sums}) AS s{joins}", params


class _Table:
    """Sums as they come from the database (by month, category and probability), gathered into rows."""

    def __init__(self, by: list[Dimension], periods: PeriodKind, year_start: int) -> None:
        self.by, self._periods, self._year_start = by, periods, year_start
        self._cells: dict[tuple[Any, ...], dict[str, list[Any]]] = {}
        self._names: dict[Any, str | None] = {}
        self._months: dict[date, Period] = {}

    def add(self, row: Sequence[Any]) -> None:
        size = len(self.by)
        category, currency, *keys = row[: 2 + size]
        probability, deals, amount, *names = row[2 + size :]
        for number, dimension in enumerate(self.by):
            if dimension is Dimension.PERIOD and keys[number] is not None:
                keys[number] = self._in(keys[number])
            elif keys[number] is not None:
                self._names[keys[number]] = names[number]
        for place in ((currency, *keys), (currency,)) if size else ((currency,),):
            cell = self._cells.setdefault(place, {}).setdefault(category, [0, Decimal(0), Decimal(0)])
            cell[0] += deals
            cell[1] += amount
            cell[2] += amount * probability

    def _in(self, month: date) -> Period:
        found = self._months.get(month)
        if found is None:
            found = self._months[month] = Period.containing(month, self._periods, self._year_start)
        return found

    def rows(self) -> list[ForecastRow]:
        places = [place for place in self._cells if len(place) == 1 + len(self.by)]
        return [self._row(place) for place in sorted(places, key=self._order)]

    def totals(self) -> list[ForecastRow]:
        return [self._row(place) for place in sorted(place for place in self._cells if len(place) == 1)]

    def _order(self, place: tuple[Any, ...]) -> list[tuple[bool, str, str]]:
        def text(key: Any) -> str:
            return key.start.isoformat() if isinstance(key, Period) else (self._names.get(key) or str(key))

        return [(key is None, text(key), str(key)) for key in (*place[1:], place[0])]

    def _row(self, place: tuple[Any, ...]) -> ForecastRow:
        found = self._cells[place]
        minor = Decimal(1).scaleb(-minor_digits(place[0]))
        cells, cumulative = {}, Decimal(0)
        for category in CATEGORIES:
            deals, amount, _ = found.get(category, (0, Decimal(0), Decimal(0)))
            cumulative += amount
            cells[category] = Cell.model_construct(deals=deals, single=amount, cumulative=cumulative)
        weighted = sum((cell[2] for cell in found.values()), Decimal(0)) / 100
        return ForecastRow.model_construct(currency=place[0], categories=cells, weighted=weighted.quantize(minor), **self._told(place[1:]))

    def _told(self, keys: Iterable[Any]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for dimension, key in zip(self.by, keys, strict=False):
            if isinstance(key, Period):
                told |= {"period": key.key, "period_start": key.start, "period_end": key.end}
            elif key is not None:
                told[dimension.value] = key
                if dimension in _NAMES:
                    told[f"{dimension.value}_name"] = self._names.get(key)
        return told
