"""The clocks of a dispute, reckoned the slow way: quarter hour by quarter hour, cut where a fact falls, each piece added up.

It knows nothing of spans or of skipping ahead. Zones change their offset and calendars their work on quarter hours only, so
within a piece nothing changes, and where in it a limit is reached follows to the second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.calendars import Calendar
from domain.disputes.terms import ClockKind, Mark, MarkKind, Party, Side

QUARTER = timedelta(minutes=15)
PERCENTS = (50, 75, 100, 150, 200)


@dataclass
class Tally:
    """One clock as it is counted."""

    kind: ClockKind
    party: Party
    started: datetime
    limit: timedelta
    spent: timedelta = timedelta(0)
    known: timedelta = timedelta(0)
    """What was spent when it last stood still or stopped."""
    stopped: datetime | None = None
    paused: datetime | None = None
    passed: dict[int, datetime] = field(default_factory=dict)

    def run(self, start: datetime, end: datetime) -> None:
        for percent in PERCENTS:
            left = self.limit * percent / 100 - self.spent
            if percent not in self.passed and left <= end - start:
                self.passed[percent] = start + max(left, timedelta(0))
        self.spent += end - start

    @property
    def running(self) -> bool:
        return self.stopped is None and self.paused is None


class Oracle:
    """Walks from the opening to long after the last fact."""

    def __init__(
        self, marks: list[Mark], side: Side, calendars: dict[Party, Calendar], days: dict[ClockKind, int], *, critical: bool
    ) -> None:
        self.marks = sorted(marks, key=lambda mark: mark.at)
        self.owing = Party.THEM if side is Side.BUY else Party.US
        self.calendars, self.days, self.critical = calendars, days, critical
        self.tallies: list[Tally] = []
        self.over = False

    def tally(self) -> list[Tally]:
        pending = list(self.marks)
        end = pending[-1].at
        for start in self._quarters(pending[0].at):
            if pending or any(t.running and 200 not in t.passed for t in self.tallies):
                assert start - end < timedelta(days=1000), "a clock that runs comes to an end"
            else:
                return self.tallies
            since = max(start, self.marks[0].at)
            while pending and pending[0].at < start + QUARTER:
                mark = pending.pop(0)
                self._pass(since, mark.at)
                since = max(since, mark.at)
                self._hear(mark)
            self._pass(since, start + QUARTER)
        raise AssertionError

    @staticmethod
    def _quarters(first: datetime) -> Iterator[datetime]:
        start = first.replace(minute=first.minute - first.minute % 15, second=0, microsecond=0)
        while True:
            yield start
            start += QUARTER

    def _pass(self, start: datetime, end: datetime) -> None:
        if end <= start:
            return
        works = {party: self._works(calendar, start) for party, calendar in self.calendars.items()}
        for tally in self.tallies:
            all_hours = tally.kind is ClockKind.RESOLVE and not self.critical
            if tally.running and (all_hours or works[tally.party]):
                tally.run(start, end)

    @staticmethod
    def _works(calendar: Calendar, instant: datetime) -> bool:
        local = instant.astimezone(ZoneInfo(calendar.zone))
        day = local.date()
        if day.isoweekday() in calendar.weekend or day in calendar.holidays:
            return False
        return calendar.opens <= local.time() < calendar.closes

    def _limit(self, kind: ClockKind, party: Party) -> timedelta:
        if kind is ClockKind.RESOLVE and not self.critical:
            return timedelta(days=self.days[kind])
        calendar = self.calendars[party]
        minutes = (calendar.closes.hour - calendar.opens.hour) * 60 + calendar.closes.minute - calendar.opens.minute
        return self.days[kind] * timedelta(minutes=minutes)

    def _start(self, kind: ClockKind, party: Party, at: datetime) -> None:
        self.tallies.append(Tally(kind, party, at, self._limit(kind, party)))

    def _stop(self, at: datetime, *kinds: ClockKind) -> None:
        for tally in self.tallies:
            if tally.stopped is None and tally.kind in kinds:
                tally.stopped, tally.paused, tally.known = at, None, tally.spent

    def _live(self, kind: ClockKind) -> list[Tally]:
        return [tally for tally in self.tallies if tally.kind is kind and tally.stopped is None]

    def _hear(self, mark: Mark) -> None:
        at, k = mark.at, ClockKind
        if mark.kind is MarkKind.REOPENED and self.tallies:
            self._stop(at, k.REPLY)
            self.over = False
            self._start(k.RESOLVE, Party.US, at)
        if self.over:
            return
        match mark.kind:
            case MarkKind.OPENED if not self.tallies:
                self._start(k.ACKNOWLEDGE, self.owing, at)
                self._start(k.FIRST_ANSWER, self.owing, at)
                self._start(k.RESOLVE, Party.US, at)
            case MarkKind.ACKNOWLEDGED if mark.party is self.owing:
                self._stop(at, k.ACKNOWLEDGE)
            case MarkKind.ANSWERED:
                if mark.party is self.owing:
                    self._stop(at, k.ACKNOWLEDGE, k.FIRST_ANSWER)
                if mark.party is Party.THEM:
                    self._go_on(at)
            case MarkKind.AWAITING:
                if all(tally.paused is None for tally in self._live(k.RESOLVE)):
                    for tally in self._live(k.RESOLVE):
                        tally.paused, tally.known = at, tally.spent
                    if not [t for t in self._live(k.FIRST_ANSWER) if t.party is Party.THEM]:
                        self._start(k.REPLY, Party.THEM, at)
            case MarkKind.RESUMED:
                self._go_on(at)
            case MarkKind.RESOLVED:
                self._stop(at, *k)
                self.over = True

    def _go_on(self, at: datetime) -> None:
        self._stop(at, ClockKind.REPLY)
        for tally in self._live(ClockKind.RESOLVE):
            tally.paused = None


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
