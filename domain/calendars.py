"""Working calendars: on which days, and between which hours, a party works.

Holidays are data, given per party; nothing here knows a country. Days are local dates in the party's zone. Durations of
working time are real elapsed time, so that a day on which clocks change has 23 or 25 hours only if work spans the change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from domain.values import zone

_LIMIT = timedelta(days=3660)
"""A calendar without one working day in so long is at fault."""


class NoWorkingDay(ValueError):  # noqa: N818  it says what is so, as refusals do
    """The calendar leaves no day to work on."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """`weekend`: ISO weekdays (1 Monday to 7 Sunday) without work. `opens` and `closes` bound a working day's hours."""

    zone: str = "UTC"
    weekend: frozenset[int] = frozenset({6, 7})
    holidays: frozenset[date] = frozenset()
    opens: time = time(9)
    closes: time = time(17)
    _sorted: tuple[date, ...] = field(default=(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sorted", tuple(sorted(d for d in self.holidays if d.isoweekday() not in self.weekend)))

    @property
    def fault(self) -> str | None:
        """Why nobody could work by it, if so. A history holds what it holds, so building one never fails; counting by it does."""
        if self.weekend >= set(range(1, 8)):
            return "Every day of the week is free; leave at least one to work on."
        if self.opens.tzinfo is not None or self.closes.tzinfo is not None:
            return "Working hours are local; leave the offset away, the calendar has its zone."
        return "The working day ends before it begins; swap the hours." if self.opens >= self.closes else None

    def is_working_day(self, day: date) -> bool:
        return day.isoweekday() not in self.weekend and day not in self.holidays

    def next_working_day(self, day: date) -> date:
        """`day` itself if work is done on it, else the first one after."""
        return self._seek(day, 1)

    def previous_working_day(self, day: date) -> date:
        """`day` itself if work is done on it, else the last one before."""
        return self._seek(day, -1)

    def _seek(self, day: date, step: int) -> date:
        end = day + step * _LIMIT
        while not self.is_working_day(day):
            day += timedelta(days=step)
            if day == end:
                raise NoWorkingDay(f"no working day within ten years of {day}")
        return day

    def add(self, day: date, count: int) -> date:
        """The working day `count` working days after `day` (before it, if negative).

        Counting starts on the day after `day`: Friday + 1 is Monday. With 0 it is `day`, or the next working day.
        """
        if count == 0:
            return self.next_working_day(day)
        step = 1 if count > 0 else -1
        for _ in range(abs(count)):
            day = self._seek(day + timedelta(days=step), step)
        return day

    def between(self, first: date, last: date) -> int:
        """Working days after `first` up to and including `last`; negative if `last` lies before."""
        if last < first:
            return -self.between(last, first) + self.is_working_day(first) - self.is_working_day(last)
        weeks, rest = divmod((last - first).days, 7)
        days = weeks * (7 - len(self.weekend)) + sum((first + timedelta(days=i + 1)).isoweekday() not in self.weekend for i in range(rest))
        nothing_done = bisect_left(self._sorted, last + timedelta(days=1)) - bisect_left(self._sorted, first + timedelta(days=1))
        return days - nothing_done

    def local_date(self, instant: datetime) -> date:
        """The day it is for this party at `instant`."""
        return instant.astimezone(zone(self.zone)).date()

    def at(self, day: date, clock: time) -> datetime:
        """The instant, in UTC, at which this party's clocks show `clock` on `day`.

        A time that is skipped when clocks go forward becomes the instant of the change's other side (PEP 495, fold=0);
        one that comes twice is the first.
        """
        return datetime.combine(day, clock, zone(self.zone)).astimezone(UTC)

    def hours(self, day: date) -> tuple[datetime, datetime]:
        """When work begins and ends on a working day, as instants."""
        return self.at(day, self.opens), self.at(day, self.closes)

    def _spans(self, instant: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Working time from `instant` on, day by day."""
        if self.fault:
            raise NoWorkingDay(self.fault)
        day = self.next_working_day(self.local_date(instant))
        while True:
            begins, ends = self.hours(day)
            if ends > instant:
                yield max(begins, instant), ends
            day = self.next_working_day(day + timedelta(days=1))

    def add_time(self, instant: datetime, duration: timedelta) -> datetime:
        """When `duration` of working time after `instant` has passed. Raises ValueError for a negative one."""
        if duration < timedelta(0):
            raise ValueError("working time is counted forward")
        for begins, ends in self._spans(instant.astimezone(UTC)):
            if duration <= ends - begins:
                return begins + duration
            duration -= ends - begins
        raise AssertionError("days do not end")

    def time_between(self, start: datetime, end: datetime) -> timedelta:
        """Working time that passes from `start` to `end`; zero if `end` is not later."""
        start, end, passed = start.astimezone(UTC), end.astimezone(UTC), timedelta(0)
        if end <= start:
            return passed
        for begins, ends in self._spans(start):
            if begins >= end:
                break
            passed += min(ends, end) - begins
        return passed
