"""Periods: months, quarters and fiscal quarters, as half-open ranges of local dates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class PeriodKind(StrEnum):
    MONTH = "month"
    QUARTER = "quarter"
    FISCAL_QUARTER = "fiscal_quarter"


_MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.FISCAL_QUARTER: 3}
_KEY = re.compile(r"(?P<fiscal>FY)?(?P<year>\d{4})-(?P<quarter>Q)?(?P<number>\d{1,2})")


def month_number(day: date) -> int:
    """Months since year 0; differences of it count whole months."""
    return day.year * 12 + day.month - 1


def first_of_month(number: int) -> date:
    """The first day of a `month_number`."""
    return date(number // 12, number % 12 + 1, 1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """`start` (included) to `end` (excluded). `year_start` is the month in which the fiscal year begins, 1 to 12.

    A fiscal year is named after the calendar year in which it ends (with `year_start` 1 it is the calendar year).
    """

    start: date
    kind: PeriodKind = PeriodKind.MONTH
    year_start: int = 1

    @classmethod
    def containing(cls, day: date, kind: PeriodKind, year_start: int = 1) -> Period:
        """The period of `kind` in which `day` lies. Raises ValueError for a `year_start` that is no month."""
        if not 1 <= year_start <= 12:
            raise ValueError(f"a fiscal year starts in month 1 to 12, not {year_start}")
        length = _MONTHS[kind]
        offset = (year_start - 1) % length if kind is PeriodKind.FISCAL_QUARTER else 0
        number = month_number(day)
        return cls(first_of_month(number - (number - offset) % length), kind, year_start if kind is PeriodKind.FISCAL_QUARTER else 1)

    @classmethod
    def parse(cls, key: str, year_start: int = 1) -> Period:
        """The period that `key` names: `2026-03`, `2026-Q1` or `FY2026-Q1`. Raises ValueError for anything else."""
        match = _KEY.fullmatch(key)
        if match is None or (match["fiscal"] and not match["quarter"]):
            raise ValueError(f"{key!r} is no period; write 2026-03, 2026-Q1 or FY2026-Q1")
        year, number = int(match["year"]), int(match["number"])
        if not 1 <= number <= (4 if match["quarter"] else 12):
            raise ValueError(f"{key!r} names no {'quarter' if match['quarter'] else 'month'} of a year")
        if not match["quarter"]:
            return cls.containing(date(year, number, 1), PeriodKind.MONTH)
        if not match["fiscal"]:
            return cls.containing(date(year, number * 3, 1), PeriodKind.QUARTER)
        first = year * 12 + (year_start - 1) - (12 if year_start > 1 else 0)
        return cls.containing(first_of_month(first + (number - 1) * 3), PeriodKind.FISCAL_QUARTER, year_start)

    @property
    def end(self) -> date:
        """The first day after it."""
        return first_of_month(month_number(self.start) + _MONTHS[self.kind])

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
        return self.start <= day < self.end

    def shifted(self, periods: int) -> Period:
        """The one so many periods later (or earlier, if negative)."""
        return Period(first_of_month(month_number(self.start) + periods * _MONTHS[self.kind]), self.kind, self.year_start)


def periods_between(first: date, last: date, kind: PeriodKind, year_start: int = 1) -> Iterator[Period]:
    """Every period that has a day from `first` to `last`, both included, in order."""
    period = Period.containing(first, kind, year_start)
    while period.start <= last:
        yield period
        period = period.shifted(1)
