"""When a contract ends, by when notice has to be given, and when it ends if notice is given: pure arithmetic on local dates.

A term lasts to the end of its last day. A period of notice runs from the day after the one on which notice counts, and has to be
over by the end of the last day. Months are counted as in civil law (BGB §§ 187, 188): a period of months ends on the day of
the same number, or on the month's last day where it has none. Business days are those of the calendar given.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.calendars import Calendar
from domain.periods import first_of_month, month_number
from domain.values import Text, zone


class NoticeUnit(StrEnum):
    """What a period of notice is counted in."""

    DAYS = "days"
    MONTHS = "months"
    BUSINESS_DAYS = "business_days"


class NoticeBefore(StrEnum):
    """To which ends a contract can be terminated: of its term, or of any of its periods."""

    TERM_END = "term_end"
    PERIOD_END = "period_end"


class NoticeCounts(StrEnum):
    """On which day notice counts as given."""

    SENT = "sent"
    RECEIVED = "received"


class RenewalKind(StrEnum):
    """What happens at the end of the term if nobody does anything."""

    FIXED = "fixed"
    AUTO_RENEW = "auto_renew"
    EVERGREEN = "evergreen"


class NoticeRule(Text):
    """`count` days, months or business days before the end. Where notice counts when received, `delivery_days` business days are
    allowed for its way.
    """

    count: Annotated[int, Field(ge=0, le=1200)]
    unit: NoticeUnit
    before: NoticeBefore = NoticeBefore.TERM_END
    counts: NoticeCounts = NoticeCounts.SENT
    delivery_days: Annotated[int, Field(ge=0, le=60)] = 0

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.counts is NoticeCounts.SENT and self.delivery_days:
            raise ValueError("notice that counts when sent needs no delivery days; leave them away, or let it count when received")
        return self


class Renewal(Text):
    """`months`: how long each further term of an auto-renewing contract lasts. `period_months`: the length of the periods, counted
    from the contract's first day, to whose ends it can be terminated; None with an evergreen contract: to any day.
    """

    kind: RenewalKind
    months: Annotated[int, Field(ge=1, le=600)] | None = None
    period_months: Annotated[int, Field(ge=1, le=120)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.kind is RenewalKind.AUTO_RENEW) != (self.months is not None):
            raise ValueError("`months` is the length of a further term: an auto-renewing contract has it, others have not")
        return self


def begins(day: date, zone_name: str) -> datetime:
    """The first instant, in UTC, at which it is `day` (or later, where clocks left the day out) in a zone."""
    return datetime.combine(day, time.min, zone(zone_name)).astimezone(UTC)


def local_day(instant: datetime, zone_name: str) -> date:
    """The day it is in a zone at `instant`."""
    return instant.astimezone(zone(zone_name)).date()


def add_months(day: date, months: int) -> date:
    """The day of the same number `months` later (earlier, if negative), or the last day of that month where it has none."""
    first = first_of_month(month_number(day) + months)
    return first.replace(day=min(day.day, monthrange(first.year, first.month)[1]))


def runs_out(rule: NoticeRule, counted: date, calendar: Calendar) -> date:
    """The last day of the period of notice that begins after `counted`."""
    if rule.unit is NoticeUnit.DAYS:
        return counted + timedelta(days=rule.count)
    if rule.unit is NoticeUnit.MONTHS:
        return add_months(counted, rule.count)
    return calendar.add(counted, rule.count) if rule.count else counted


def notice_deadline(rule: NoticeRule, end: date, calendar: Calendar) -> date:
    """The last day on which notice may count for the contract to end with `end`: the last whose period runs out by then."""
    if rule.unit is NoticeUnit.DAYS:
        return end - timedelta(days=rule.count)
    if rule.unit is NoticeUnit.BUSINESS_DAYS:
        return _with_working_days(rule.count, end, calendar)
    first = first_of_month(month_number(end) - rule.count)
    length = monthrange(first.year, first.month)[1]
    ends_month = (end + timedelta(days=1)).day == 1
    # the end of a month is the end of every period that would run to a day which that month lacks
    return first.replace(day=length if ends_month else min(end.day, length))


def send_by(rule: NoticeRule | None, deadline: date, calendar: Calendar) -> date:
    """The last working day on which to send notice, so that it counts by the deadline."""
    delivery = rule.delivery_days if rule is not None else 0
    return calendar.previous_working_day(_with_working_days(delivery, deadline, calendar))


def _with_working_days(count: int, end: date, calendar: Calendar) -> date:
    """The last day after which at least `count` working days follow up to and including `end`."""
    if count == 0:
        return end
    last = calendar.previous_working_day(end)
    return calendar.add(last, 1 - count) - timedelta(days=1) if count > 1 else last - timedelta(days=1)


def counted_on(rule: NoticeRule | None, sent_on: date, received_on: date | None, calendar: Calendar) -> date:
    """The day on which notice counts as given; where it counts when received and nobody knows when, after the days of delivery."""
    if rule is None or rule.counts is NoticeCounts.SENT:
        return sent_on
    if received_on is not None:
        return received_on
    return calendar.add(sent_on, rule.delivery_days) if rule.delivery_days else sent_on


def next_term_end(agreed_end: date, end: date, months: int) -> date:
    """The last day of the term that follows the one to `end`. Further terms are counted from the end that was agreed, so that
    the 31st, having been the 28th once, is the 31st again.
    """
    first = agreed_end + timedelta(days=1)
    number = max((month_number(end) - month_number(agreed_end)) // months, 1)
    while (last := add_months(first, number * months) - timedelta(days=1)) <= end:
        number += 1
    return last


def period_end(first_day: date, months: int, day: date) -> date:
    """The last day of the period in which `day` lies; periods of so many months follow one another from `first_day` on."""
    number = max((month_number(day) - month_number(first_day)) // months, 1)
    while (last := add_months(first_day, number * months) - timedelta(days=1)) < day:
        number += 1
    return last


@dataclass(frozen=True, slots=True)
class Ends:
    """When a contract may end. `first_day`: of the contract, from which its periods are counted; `end`: of the term that runs;
    `agreed_end`: of the last term that was agreed and did not come by silence.
    """

    first_day: date
    renewal: Renewal
    notice: NoticeRule | None = None
    end: date | None = None
    agreed_end: date | None = None

    @property
    def has_periods(self) -> bool:
        """Whether it can end otherwise than with its term."""
        return self.end is None or (self.notice is not None and self.notice.before is NoticeBefore.PERIOD_END)

    def earliest(self, counted: date, calendar: Calendar) -> date:
        """Its last day, if notice counts as given on `counted`: the first end that the period of notice leaves time for."""
        over = runs_out(self.notice, counted, calendar) if self.notice is not None else counted
        if self.end is None:
            return period_end(self.first_day, self.renewal.period_months, over) if self.renewal.period_months else over
        end = self._term_end(over)
        if not self.has_periods or self.renewal.period_months is None:
            return end
        return min(period_end(self.first_day, self.renewal.period_months, over), end)

    def _term_end(self, over: date) -> date:
        assert self.end is not None
        end = self.end
        while end < over and self.renewal.months is not None:
            end = next_term_end(self.agreed_end or self.end, end, self.renewal.months)
        return end
