"""The rows of a forecast: sums as the database gives them (by month, category and probability), gathered and told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.periods import Period, PeriodKind
from domain.values import in_full, minor_digits

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

    `region`: the country of the deal's account. `own_currency`: the deals' own, where the rows are split by it.
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
    own_currency: str | None = None


Place = tuple[Any, ...]
"""A currency, and a value for each dimension."""
Sums = dict[tuple[str, date | None], list[Any]]
"""By category and, where won deals are apart by it, the day they booked on: deals, amount, and the sum of amount times probability in percent."""


class Gathering:
    """Gathers sums into rows."""

    def __init__(self, by: list[Dimension], periods: PeriodKind, year_start: int) -> None:
        self.by, self._periods, self._year_start = by, periods, year_start
        self._rows: dict[Place, Sums] = {}
        self._totals: dict[Place, Sums] = {}
        self._names: dict[Any, str | None] = {}
        self._months: dict[date, Period] = {}
        self._to: str | None = None
        self._rates: Mapping[tuple[str, date | None], Decimal] = {}

    def add(self, row: Sequence[Any]) -> None:
        """A sum of one combination: category, currency, day, a value per dimension, probability, deals, amount, a name per dimension."""
        size = len(self.by)
        category, currency, booked, *keys = row[: 3 + size]
        probability, deals, amount, *names = row[3 + size :]
        for number, dimension in enumerate(self.by):
            if dimension is Dimension.PERIOD and keys[number] is not None:
                keys[number] = self._in(keys[number])
            elif dimension in NAMED and keys[number] is not None:
                self._names[keys[number]] = names[number]
        for sums in (self._rows.setdefault((currency, *keys), {}), self._totals.setdefault((currency,), {})):
            cell = sums.setdefault((category, booked), [0, Decimal(0), Decimal(0)])
            cell[0] += deals
            cell[1] += amount
            cell[2] += amount * probability

    def _in(self, month: date) -> Period:
        found = self._months.get(month)
        if found is None:
            found = self._months[month] = Period.containing(month, self._periods, self._year_start)
        return found

    def booked(self) -> dict[str, dict[date | None, int]]:
        """How many won deals of each currency booked on which day, as far as `add` was told."""
        return {place[0]: {day: cell[0] for (name, day), cell in sums.items() if name == "closed"} for place, sums in self._totals.items()}

    def tell_in(self, currency: str, rates: Mapping[tuple[str, date | None], Decimal]) -> None:
        """Rows of `currency`, and of those that have a rate (of `currency` per unit), become rows of `currency` from here on.

        A rate is of a currency and the day that won deals booked on; None: of all others, and of days that have none.
        """
        self._to, self._rates = currency, rates

    def rows(self) -> list[ForecastRow]:
        """In order of the dimensions, those without a value last."""
        rows = self._converted(self._rows) if self._rates else self._rows
        return [self._row(place, rows[place]) for place in sorted(rows, key=self._order)]

    def totals(self) -> list[ForecastRow]:
        """One for each currency that deals have."""
        return [self._row(place, self._totals[place]) for place in sorted(self._totals)]

    def total_in(self, currency: str) -> ForecastRow | None:
        """Of all that `tell_in` could convert; None where that is nothing."""
        sums = self._converted(self._totals).get((currency,))
        return self._row((currency,), sums) if sums is not None else None

    def _converted(self, rows: Mapping[Place, Sums]) -> dict[Place, Sums]:
        found: dict[Place, Sums] = {}
        for (currency, *keys), sums in rows.items():
            usual = self._rates.get((currency, None))
            into = found.setdefault((currency if usual is None else self._to, *keys), {})
            for (category, booked), (deals, amount, weighted) in sums.items():
                rate = self._rates.get((currency, booked), usual)
                cell = into.setdefault((category, None), [0, Decimal(0), Decimal(0)])
                cell[0] += deals
                cell[1] += amount * (rate or 1)
                cell[2] += weighted * (rate or 1)
        return found

    def _order(self, place: Place) -> list[tuple[bool, str, str]]:
        def text(key: Any) -> str:
            return key.start.isoformat() if isinstance(key, Period) else (self._names.get(key) or str(key))

        return [(key is None, text(key), str(key)) for key in (*place[1:], place[0])]

    def _row(self, place: Place, sums: Sums) -> ForecastRow:
        minor = Decimal(1).scaleb(-minor_digits(place[0]))
        cells, cumulative = {}, Decimal(0)
        for category in CATEGORIES:
            of = [cell for (name, _), cell in sums.items() if name == category]
            deals, amount = sum(cell[0] for cell in of), sum((cell[1] for cell in of), Decimal(0))
            amount = amount.quantize(minor) if self._rates else in_full(amount, place[0])
            cumulative += amount
            cells[category] = Cell(deals, amount, cumulative)
        weighted = sum((cell[2] for cell in sums.values()), Decimal(0)) / 100
        return ForecastRow(place[0], cells, weighted.quantize(minor), **self._told(place[1:]))

    def _told(self, keys: Iterable[Any]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for dimension, key in zip(self.by, keys, strict=False):
            if isinstance(key, Period):
                told |= {"period": key.key, "period_start": key.start, "period_end": key.end}
            elif dimension is Dimension.CURRENCY:
                told["own_currency"] = key
            elif key is not None:
                told[dimension.value] = key
                if dimension in NAMED:
                    told[f"{dimension.value}_name"] = self._names.get(key)
        return told
