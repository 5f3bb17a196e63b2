"""The rows of a forecast: sums as the database gives them (by month, category and probability), gathered and told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.periods import Period, PeriodKind
from domain.values import minor_digits

CATEGORIES = ("closed", "commit", "best_case", "pipeline")
"""Surest first; each cumulative one adds those before it."""


class Dimension(StrEnum):
    """What a forecast can be split by. The currency always splits it; naming it keeps it apart where amounts are converted too."""

    PERIOD = "period"
    OWNER = "owner"
    TEAM = "team"
    PRODUCT = "product"
    ACCOUNT = "account"
    REGION = "region"
    PIPELINE = "pipeline"
    CURRENCY = "currency"


NAMED = frozenset({Dimension.OWNER, Dimension.TEAM, Dimension.PRODUCT, Dimension.ACCOUNT, Dimension.PIPELINE})
"""Dimensions whose values are ids with names."""


@dataclass(slots=True)
class Cell:
    """A category's share of a row. `cumulative` adds the surer categories."""

    deals: int
    single: Decimal
    cumulative: Decimal


@dataclass(slots=True)
class ForecastRow:
    """One combination of the dimensions that were asked for; those that were not are None, and so is what has no value.

    `region`: the country of the deal's account.
    """

    currency: str
    categories: dict[str, Cell]
    weighted: Decimal
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
    region: str | None = None
    pipeline: UUID | None = None
    pipeline_name: str | None = None


Place = tuple[Any, ...]
"""A currency, and a value for each dimension."""
Sums = dict[str, list[Any]]
"""By category: deals, amount, and the sum of amount times probability in percent."""


class Gathering:
    """Gathers sums into rows."""

    def __init__(self, by: list[Dimension], periods: PeriodKind, year_start: int) -> None:
        self.by, self._periods, self._year_start = by, periods, year_start
        self._rows: dict[Place, Sums] = {}
        self._totals: dict[Place, Sums] = {}
        self._names: dict[Any, str | None] = {}
        self._months: dict[date, Period] = {}

    def add(self, row: Sequence[Any]) -> None:
        """A sum of one combination: category, currency, a value per dimension, probability, deals, amount, a name per dimension."""
        size = len(self.by)
        category, currency, *keys = row[: 2 + size]
        probability, deals, amount, *names = row[2 + size :]
        for number, dimension in enumerate(self.by):
            if dimension is Dimension.PERIOD and keys[number] is not None:
                keys[number] = self._in(keys[number])
            elif dimension in NAMED and keys[number] is not None:
                self._names[keys[number]] = names[number]
        for sums in (self._rows.setdefault((currency, *keys), {}), self._totals.setdefault((currency,), {})):
            cell = sums.setdefault(category, [0, Decimal(0), Decimal(0)])
            cell[0] += deals
            cell[1] += amount
            cell[2] += amount * probability

    def _in(self, month: date) -> Period:
        found = self._months.get(month)
        if found is None:
            found = self._months[month] = Period.containing(month, self._periods, self._year_start)
        return found

    def rows(self) -> list[ForecastRow]:
        """In order of the dimensions, those without a value last."""
        return [self._row(place, self._rows[place]) for place in sorted(self._rows, key=self._order)]

    def totals(self) -> list[ForecastRow]:
        """One for each currency."""
        return [self._row(place, self._totals[place]) for place in sorted(self._totals)]

    def _order(self, place: Place) -> list[tuple[bool, str, str]]:
        def text(key: Any) -> str:
            return key.start.isoformat() if isinstance(key, Period) else (self._names.get(key) or str(key))

        return [(key is None, text(key), str(key)) for key in (*place[1:], place[0])]

    def _row(self, place: Place, sums: Sums) -> ForecastRow:
        minor = Decimal(1).scaleb(-minor_digits(place[0]))
        cells, cumulative = {}, Decimal(0)
        for category in CATEGORIES:
            deals, amount, _ = sums.get(category, (0, Decimal(0), Decimal(0)))
            cumulative += amount
            cells[category] = Cell(deals, amount, cumulative)
        weighted = sum((cell[2] for cell in sums.values()), Decimal(0)) / 100
        return ForecastRow(place[0], cells, weighted.quantize(minor), **self._told(place[1:]))

    def _told(self, keys: Iterable[Any]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for dimension, key in zip(self.by, keys, strict=False):
            if isinstance(key, Period):
                told |= {"period": key.key, "period_start": key.start, "period_end": key.end}
            elif key is not None and dimension is not Dimension.CURRENCY:
                told[dimension.value] = key
                if dimension in NAMED:
                    told[f"{dimension.value}_name"] = self._names.get(key)
        return told
