"""When people of the demo work: slots of the working day in which they act, and how busy the seasons are."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

import holidays

from domain.periods import Period, PeriodKind
from domain.settings import Holiday
from workflows.demo.ids import chance
from workflows.demo.plan import Plan

HOME_ZONE = "Europe/Berlin"
HOME = "DE"
_BERLIN = ZoneInfo(HOME_ZONE)


class Region(StrEnum):
    """Where a salesperson works; decides in which slots they act."""

    NORTH = "Central and Northern Europe"
    WEST = "Western and Southern Europe"
    OVERSEAS = "Americas and Asia-Pacific"


_SLOTS = (time(9, 20), time(13, 10), time(16, 20), time(19, 30))
"""Berlin time, give or take `_JITTER`."""
_JITTER = 35
_OF_REGION = {Region.NORTH: range(3), Region.WEST: range(3), Region.OVERSEAS: range(1, 4)}
OFFICE = time(6, 30)
"""Berlin time at which administration writes: nobody else acts then, so that nobody's reading is overtaken."""
_SEASON = {1: 0.9, 2: 1.0, 3: 1.2, 4: 0.9, 5: 0.95, 6: 1.15, 7: 0.8, 8: 0.55, 9: 1.2, 10: 1.1, 11: 1.15, 12: 0.7}
"""How many deals begin in a month, against the average."""


class Diary:
    """Working days and slots of the whole history, and some days beyond it."""

    def __init__(self, plan: Plan) -> None:
        years = range(plan.first_day.year, plan.end.year + 3)
        public = holidays.country_holidays(HOME, years=years, language="en_US")
        self.holidays = tuple(Holiday(day=day, name=name) for day, name in sorted(public.items()))
        free = set(public)
        self.days = [
            day
            for n in range(plan.days + 400)
            if (day := plan.first_day + timedelta(days=n)).isoweekday() < 6 and day not in free and (day.month, day.day) not in _CLOSED
        ]
        self._office = [_at(day, OFFICE) for day in self.days]
        self._slots: dict[Region, list[datetime]] = {region: [] for region in Region}
        for day in self.days:
            random = chance(plan.seed, day)
            slots = [_at(day, slot) + timedelta(minutes=random.randint(-_JITTER, _JITTER), seconds=random.randrange(60)) for slot in _SLOTS]
            for region, numbers in _OF_REGION.items():
                self._slots[region].extend(slots[n] for n in numbers)
        assert all(one < other for slots in self._slots.values() for one, other in pairwise(slots))

    def slot(self, region: Region, at: datetime) -> datetime:
        """The first slot of the region at or after an instant."""
        return _next(self._slots[region], at)

    def office(self, at: datetime) -> datetime:
        """When administration next writes, at or after an instant."""
        return _next(self._office, at)

    def working_day(self, day: date) -> date:
        """`day`, or the first working day after it."""
        index = bisect_left(self.days, day)
        return self.days[index] if index < len(self.days) and day >= self.days[0] else day

    def working_day_before(self, day: date) -> date:
        """`day`, or the last working day before it."""
        index = bisect_right(self.days, day) - 1
        return self.days[index] if index >= 0 else day


_CLOSED = {(12, 24), (12, 27), (12, 28), (12, 29), (12, 30), (12, 31)}


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, _BERLIN).astimezone(UTC)


def _next(instants: list[datetime], at: datetime) -> datetime:
    index = bisect_left(instants, at)
    return instants[index] if index < len(instants) else at


def season(day: date, plan: Plan) -> float:
    """How many deals begin on a day, against the average: by month, a little more from year to year."""
    growth = 0.9 + 0.2 * (day - plan.first_day).days / plan.days
    return _SEASON[day.month] * growth


def quarter_end(day: date) -> date:
    """The last day of the quarter that `day` lies in."""
    return Period.containing(day, PeriodKind.QUARTER).last
