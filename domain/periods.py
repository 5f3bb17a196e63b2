"""Periods: months, quarters and fiscal quarters, as half-open ranges of local dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class PeriodKind(StrEnum):
    MONTH = "month"
    QUARTER = "quarter"
    FISCAL_QUARTER = "fiscal_quarter"


_MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.FISCAL_QUARTER: 3}
_KEY = re.compile(r"(?P<fiscal>FY)?(?P<year>\d{4}|10000)-(?P<quarter>Q)?(?P<number>\d{1,2})")


def month_number(day: date) -> int:
    """Months since year 0; differences of it count whole months."""
    return day.year * 12 + day.month - 1


def first_of_month(number: int) -> date:
    """The first day of a `month_number`. Raises ValueError outside the calendar, which has the years 1 to 9999."""
    return date(number // 12, number % 12 + 1, 1)


_FIRST, _LAST = month_number(date.min), month_number(date.max)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """`start` to `last`, both included. `year_start` is the month in which the fiscal year begins, 1 to 12.

    A fiscal year is named after the calendar year in which it ends (with `year_start` 1 it is the calendar year). The first and the
    last period of the calendar may be cut short by it.
    """

    start: date
    kind: PeriodKind = PeriodKind.MONTH
    year_start: int = 1

    @classmethod
    def containing(cls, day: date, kind: PeriodKind, year_start: int = 1) -> Period:
        """The period of `kind` in which `day` lies. Raises ValueError for a `year_start` that is no month."""
        if not 1 <= year_start <= 12:
            raise ValueError(f"a fiscal year starts in month 1 to 12, not {year_start}")
        fiscal = year_start if kind is PeriodKind.FISCAL_QUARTER else 1
        return cls._of(month_number(day), kind, fiscal)

    @classmethod
    def _of(cls, number: int, kind: PeriodKind, year_start: int) -> Period:
        return cls(first_of_month(max(_beginning(number, kind, year_start), _FIRST)), kind, year_start)

    @classmethod
    def parse(cls, key: str, year_start: int = 1) -> Period:
        """The period that `key` names: `2026-03`, `2026-Q1` or `FY2026-Q1`. Raises ValueError for anything else."""
        match = _KEY.fullmatch(key)
        if match is None or (match["fiscal"] and not match["quarter"]):
            raise ValueError(f"{key!r} is no period; write 2026-03, 2026-Q1 or FY2026-Q1")
        year, number = int(match["year"]), int(match["number"])
        if not 1 <= number <= (4 if match["quarter"] else 12):
            raise ValueError(f"{key!r} names no {'quarter' if match['quarter'] else 'month'} of a year")
        kind = PeriodKind.FISCAL_QUARTER if match["fiscal"] else PeriodKind.QUARTER if match["quarter"] else PeriodKind.MONTH
        fiscal = year_start if match["fiscal"] else 1
        # a fiscal year that does not begin with the calendar's begins in the year before
        first = year * 12 + (fiscal - 1) - (12 if fiscal > 1 else 0) + (number - 1) * _MONTHS[kind]
        if first + _MONTHS[kind] <= _FIRST or first > _LAST:
            raise ValueError(f"{key!r} is outside the calendar, which has the years 1 to 9999")
        return cls._of(first, kind, fiscal)

    @property
    def _next(self) -> int:
        return _beginning(month_number(self.start), self.kind, self.year_start) + _MONTHS[self.kind]

    @property
    def last(self) -> date:
        """Its last day."""
        return date.max if self._next > _LAST else first_of_month(self._next) - timedelta(days=1)

    @property
    def end(self) -> date | None:
        """The first day after it; None where the calendar ends with it."""
        return None if self._next > _LAST else first_of_month(self._next)

    @property
    def key(self) -> str:
        """Its name, which `parse` understands."""
        if self.kind is PeriodKind.MONTH:
            return f"{self.start.year:04}-{self.start.month:02}"
        if self.kind is PeriodKind.QUARTER:
            return f"{self.start.year:04}-Q{(self.start.month + 2) // 3}"
        into_year = (self.start.month - self.year_start) % 12
        began = self.start.year if self.start.month >= self.year_start else self.start.year - 1
        return f"FY{began + (1 if self.year_start > 1 else 0):04}-Q{into_year // 3 + 1}"

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.last

    def shifted(self, periods: int) -> Period:
        """The one so many periods later (or earlier, if negative). Raises ValueError outside the calendar."""
        return Period._of(month_number(self.start) + periods * _MONTHS[self.kind], self.kind, self.year_start)


def _beginning(number: int, kind: PeriodKind, year_start: int) -> int:
    """The `month_number` in which the period of `kind` begins that has the month `number`; perhaps before the calendar."""
    length = _MONTHS[kind]
    return number - (number - (year_start - 1)) % length
