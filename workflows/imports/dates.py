"""Dates as people's files write them. Whether 3/4/2017 is in March or in April is decided by the whole column, or asked.

A column in which no value has a day above 12 reads both ways. That is never guessed: it is a question.
A column that holds both kinds is mixed; then a value that reads only one way is taken, and the others are faults of their rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo


class DateOrder(StrEnum):
    """How the numbers of a date follow each other in a column."""

    ISO = "iso"
    MDY = "mdy"
    DMY = "dmy"
    AMBIGUOUS = "ambiguous"
    MIXED = "mixed"
    EMPTY = "empty"


LABELS = {
    DateOrder.ISO: "year-month-day, or with the month's name",
    DateOrder.MDY: "month/day/year",
    DateOrder.DMY: "day/month/year",
    DateOrder.AMBIGUOUS: "month/day/year or day/month/year: no value decides",
    DateOrder.MIXED: "month/day/year and day/month/year mixed",
    DateOrder.EMPTY: "no dates",
}
_TIME = r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + _TIME)
_NUMERIC = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})" + _TIME)
_DAY_NAME = re.compile(r"(\d{1,2})[-/. ]+([A-Za-z]{3,9})\.?[-/., ]+(\d{4}|\d{2})" + _TIME)
_NAME_DAY = re.compile(r"([A-Za-z]{3,9})\.? +(\d{1,2}),? +(\d{4})" + _TIME)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_EPOCH_MS = re.compile(r"\d{13}")
_MONTHS = {name: i for i, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_CENTURY_PIVOT = 69  # POSIX strptime: 69 to 99 are 1969 to 1999


@dataclass(slots=True)
class DateColumn:
    """What the values of one column say about their order. Feed it all of them; duplicates cost nothing but time."""

    iso: int = 0
    month_first: int = 0
    day_first: int = 0
    undecided: int = 0
    unknown: int = 0
    evidence: dict[DateOrder, str] = field(default_factory=dict)

    def observe(self, values: Iterable[str]) -> None:
        """Count what each value decides; blanks say nothing."""
        for value in values:
            if not value:
                continue
            found = _NUMERIC.fullmatch(value)
            if found is None:
                if _reads_one_way(value):
                    self.iso += 1
                else:
                    self.unknown += 1
                continue
            first, second = int(found[1]), int(found[2])
            if first > 12 and second <= 12:
                self.day_first += 1
                self.evidence.setdefault(DateOrder.DMY, value)
            elif second > 12 and first <= 12:
                self.month_first += 1
                self.evidence.setdefault(DateOrder.MDY, value)
            elif first > 12:
                self.unknown += 1
            elif first != second:
                self.undecided += 1
                self.evidence.setdefault(DateOrder.AMBIGUOUS, value)
            else:
                self.iso += 1  # 3/3/2017 is the same day either way

    @property
    def order(self) -> DateOrder:
        """What the whole column says."""
        if self.day_first and self.month_first:
            return DateOrder.MIXED
        if self.day_first:
            return DateOrder.DMY
        if self.month_first:
            return DateOrder.MDY
        if self.undecided:
            return DateOrder.AMBIGUOUS
        return DateOrder.ISO if self.iso else DateOrder.EMPTY


@lru_cache(maxsize=20_000)
def _reads_one_way(value: str) -> bool:
    return any(p.fullmatch(value) for p in (_ISO, _DAY_NAME, _NAME_DAY, _COMPACT, _EPOCH_MS))


def parse_instant(value: str, order: DateOrder, zone: ZoneInfo) -> tuple[datetime, bool]:
    """(the instant in UTC, whether the value had a time of day). A date alone is the start of that day in `zone`.

    Raises ValueError with a sentence for the rejected rows file.
    """
    if _EPOCH_MS.fullmatch(value):
        return datetime.fromtimestamp(int(value) / 1000, UTC), True
    day, clock = _split(value, order)
    if clock is None:
        return datetime.combine(day, time(), zone).astimezone(UTC), False
    hour, minute, second, fraction, half, offset = clock
    at = time(_hour(int(hour), half), int(minute), int(second or 0), int((fraction or "0")[:6].ljust(6, "0")))
    return datetime.combine(day, at, _offset(offset) if offset else zone).astimezone(UTC), True


def parse_date(value: str, order: DateOrder, zone: ZoneInfo) -> date:
    """The local date: as written, or in `zone` where the value names an instant with its own offset.

    Raises ValueError with a sentence for the rejected rows file.
    """
    found = _local(value, order, zone)
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise ValueError(f"{value!r} is no day from {_FIRST_YEAR} to {_LAST_YEAR}; correct it, or leave it empty if there is none")
    return found


def _local(value: str, order: DateOrder, zone: ZoneInfo) -> date:
    if _EPOCH_MS.fullmatch(value):
        return datetime.fromtimestamp(int(value) / 1000, UTC).astimezone(zone).date()
    day, clock = _split(value, order)
    if clock is not None and clock[5]:
        return parse_instant(value, order, zone)[0].astimezone(zone).date()
    return day


def _split(value: str, order: DateOrder) -> tuple[date, tuple[str, str, str | None, str | None, str | None, str | None] | None]:
    if found := _ISO.fullmatch(value):
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    elif found := _NUMERIC.fullmatch(value):
        month, day = _ordered(int(found[1]), int(found[2]), value, order)
        year = _year(found[3])
    elif found := _DAY_NAME.fullmatch(value):
        year, month, day = _year(found[3]), _month(found[2], value), int(found[1])
    elif found := _NAME_DAY.fullmatch(value):
        year, month, day = int(found[3]), _month(found[1], value), int(found[2])
    elif found := _COMPACT.fullmatch(value):
        year, month, day = int(found[1]), int(found[2]), int(found[3])
        return _day(year, month, day, value), None
    else:
        raise ValueError(f"{value!r} is not a date; write it like 2017-03-01")
    hour = found[4]
    clock = None if hour is None else (hour, found[5], found[6], found[7], found[8], found[9])
    return _day(year, month, day, value), clock


def _ordered(first: int, second: int, value: str, order: DateOrder) -> tuple[int, int]:
    """(month, day) of two numbers."""
    if order is DateOrder.MDY:
        return first, second
    if order is DateOrder.DMY:
        return second, first
    if first == second:
        return first, second
    if order is DateOrder.MIXED and first > 12:
        return second, first
    if order is DateOrder.MIXED and second > 12:
        return first, second
    raise ValueError(f"{value!r} reads as month/day and as day/month, and its column does not decide; say which it is")


def _day(year: int, month: int, day: int, value: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"{value!r} is not a day in the calendar when read as year {year}, month {month}, day {day}") from None


def _year(text: str) -> int:
    number = int(text)
    if len(text) == 4:
        return number
    return number + (1900 if number >= _CENTURY_PIVOT else 2000)


def _month(name: str, value: str) -> int:
    try:
        return _MONTHS[name[:3].lower()]
    except KeyError:
        raise ValueError(f"{value!r} is not a date: {name!r} is not a month") from None


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    return hour % 12 + (12 if half[0] in "pP" else 0)


def _offset(text: str) -> timezone:
    if text in ("Z", "UTC", "GMT"):
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
