"""The two clocks of a dispute, computed from facts alone: what the other side owes as an answer, and our way to a settled case.

Because every fact says when it was so, one that is learnt late takes its place among the others, and the clocks are as if
it had been known. Answers are measured in the working hours of who owes them. The way to a settled case takes calendar days,
of 24 hours each, or business days of ours where the case is critical; it stands still while the other side is awaited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from domain.calendars import Calendar
from domain.dispute_rules import DisputeRules
from domain.disputes.state import Dispute
from domain.disputes.terms import ClockKind, Mark, MarkKind, Party, Reading, Severity
from domain.settings import Settings

_DAY = timedelta(days=1)
Span = tuple[datetime, datetime | None]
"""From, to; None: it still runs."""


class _Wait(NamedTuple):
    """A time of waiting for the other side; `answered`: it had spoken before."""

    start: datetime
    end: datetime | None
    answered: bool


@dataclass(frozen=True, slots=True)
class Clock:
    """`running`: the spans in which it ran, the last one perhaps open. `calendar` None: all hours count."""

    kind: ClockKind
    party: Party
    running: tuple[Span, ...]
    limit: timedelta
    calendar: Calendar | None
    stopped_at: datetime | None = None

    @property
    def started_at(self) -> datetime:
        return self.running[0][0]

    @property
    def paused_at(self) -> datetime | None:
        """Since when it stands still, if it does so now."""
        return self.running[-1][1] if self.stopped_at is None else None

    def passed_at(self, percent: int) -> datetime | None:
        """When so many percent of its limit were used up or, if it runs on, will be; None if it stopped or stands still before."""
        left = self.limit * percent / 100
        for start, end in self.running:
            if end is None:
                return self._after(start, left)
            used = self._between(start, end)
            if left <= used:
                return self._after(start, left)
            left -= used
        return None

    def spent(self) -> timedelta:
        """What the spans that have ended used up."""
        return sum((self._between(start, end) for start, end in self.running if end is not None), timedelta(0))

    def reading(self, rules: DisputeRules) -> Reading:
        """How it stands, for the record."""
        return Reading(
            kind=self.kind,
            party=self.party,
            started_at=self.started_at,
            stopped_at=self.stopped_at,
            paused_at=self.paused_at,
            limit=int(self.limit.total_seconds()),
            spent=int(self.spent().total_seconds()),
            working_time=self.calendar is not None,
            due_at=self.passed_at(100),
            warn_at=tuple(self.passed_at(percent) for percent in rules.warn_percents),
        )

    def _after(self, start: datetime, duration: timedelta) -> datetime:
        return start + duration if self.calendar is None else self.calendar.add_time(start, duration)

    def _between(self, start: datetime, end: datetime) -> timedelta:
        return end - start if self.calendar is None else self.calendar.time_between(start, end)


def business_days(calendar: Calendar, days: int) -> timedelta:
    """So many working days, as working time: a day is as long as the calendar's hours say."""
    day = date.min
    return days * (datetime.combine(day, calendar.closes) - datetime.combine(day, calendar.opens))


def clocks(case: Dispute, settings: Settings) -> tuple[Clock, ...]:
    """Every clock that the case has or had: in order of their start, answers before the resolution. None for a draft."""
    return tuple(_Facts(case, settings).clocks())


def readings(case: Dispute, settings: Settings) -> tuple[Reading, ...]:
    return tuple(clock.reading(settings.dispute_rules) for clock in clocks(case, settings))


class _Facts:
    """Goes through a case's marks in order of time."""

    def __init__(self, case: Dispute, settings: Settings) -> None:
        self._case = case
        self._rules = settings.dispute_rules
        self._calendars = {
            Party.US: settings.working_calendar(case.our_calendar),
            Party.THEM: settings.working_calendar(case.their_calendar),
        }

    def clocks(self) -> Iterable[Clock]:
        marks = self._case.marks
        begun = next((i for i, mark in enumerate(marks) if mark.kind is MarkKind.OPENED), None)
        if begun is None:
            return
        rounds = _rounds(marks[begun:])
        for number, facts in enumerate(rounds):
            stop = next((mark.at for mark in facts if mark.kind is MarkKind.RESOLVED), None)
            waits = _waits(facts, stop)
            if number == 0:
                yield from self._first_answers(facts)
            yield from self._replies(facts, waits)
            yield self._resolution(facts[0].at, waits, stop)

    def _answer_by(self, kind: ClockKind, party: Party, days: int, start: datetime, end: datetime | None) -> Clock:
        calendar = self._calendars[party]
        return Clock(kind, party, ((start, end),), business_days(calendar, days), calendar, end)

    def _first_answers(self, facts: tuple[Mark, ...]) -> Iterable[Clock]:
        owing, start = self._case.respondent, facts[0].at
        heard = _first(facts, lambda m: m.kind in {MarkKind.ACKNOWLEDGED, MarkKind.ANSWERED} and m.party is owing)
        yield self._answer_by(ClockKind.ACKNOWLEDGE, owing, self._rules.acknowledge_days, start, heard)
        answered = _first(facts, lambda m: m.kind is MarkKind.ANSWERED and m.party is owing)
        yield self._answer_by(ClockKind.FIRST_ANSWER, owing, self._rules.first_answer_days, start, answered)

    def _replies(self, facts: tuple[Mark, ...], waits: tuple[_Wait, ...]) -> Iterable[Clock]:
        """Each wait has its own clock, save while the first answer of the same party is owed still: then that one runs."""
        owed_first = self._case.respondent is Party.THEM and facts[0].kind is MarkKind.OPENED
        for start, end, answered in waits:
            if answered or not owed_first:
                yield self._answer_by(ClockKind.REPLY, Party.THEM, self._rules.reply_days, start, end)

    def _resolution(self, start: datetime, waits: tuple[_Wait, ...], stop: datetime | None) -> Clock:
        if self._case.severity is Severity.CRITICAL:
            calendar = self._calendars[Party.US]
            limit = business_days(calendar, self._rules.critical_resolve_days)
            return Clock(ClockKind.RESOLVE, Party.US, _without(start, stop, waits), limit, calendar, stop)
        return Clock(ClockKind.RESOLVE, Party.US, _without(start, stop, waits), self._rules.resolve_days * _DAY, None, stop)


def _rounds(marks: tuple[Mark, ...]) -> list[tuple[Mark, ...]]:
    """The facts from the opening on, and those of each reopening."""
    starts = [i for i, mark in enumerate(marks) if i == 0 or mark.kind is MarkKind.REOPENED]
    return [marks[start:end] for start, end in zip(starts, [*starts[1:], len(marks)], strict=True)]


def _first(facts: tuple[Mark, ...], fits: Callable[[Mark], bool]) -> datetime | None:
    """When the first fitting fact was, or everything stopped without one."""
    return next((mark.at for mark in facts if fits(mark) or mark.kind is MarkKind.RESOLVED), None)


def _waits(facts: tuple[Mark, ...], stop: datetime | None) -> tuple[_Wait, ...]:
    """The times of waiting: each until the case goes on, the other side answers, or all is over."""
    waits: list[_Wait] = []
    since: datetime | None = None
    answered = before = False
    for mark in facts:
        theirs = mark.kind is MarkKind.ANSWERED and mark.party is Party.THEM
        if mark.kind is MarkKind.RESOLVED:
            break
        if mark.kind is MarkKind.AWAITING and since is None:
            since, before = mark.at, answered
        elif since is not None and (theirs or mark.kind is MarkKind.RESUMED):
            waits.append(_Wait(since, mark.at, before))
            since = None
        answered = answered or theirs
    return (*waits, _Wait(since, stop, before)) if since is not None else tuple(waits)


def _without(start: datetime, stop: datetime | None, waits: tuple[_Wait, ...]) -> tuple[Span, ...]:
    """From `start` to `stop`, the waits left out."""
    spans: list[Span] = []
    for since, until, _ in waits:
        spans.append((start, since))
        if until is None or until == stop:
            return tuple(spans)
        start = until
    return (*spans, (start, stop))
