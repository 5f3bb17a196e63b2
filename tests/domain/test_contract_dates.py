"""Days of notice, ends of terms and due days against an oracle that walks the calendar day by day: 5,000 cases of each.

The oracle shares no arithmetic with the code: it counts days one at a time, finds months by their names, and asks `zoneinfo` at
every quarter of an hour. Holidays are real ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

import holidays
import pytest
from pydantic import ValidationError

from domain.calendars import Calendar
from domain.contract_dates import (
    Ends,
    NoticeBefore,
    NoticeCounts,
    NoticeRule,
    NoticeUnit,
    Renewal,
    RenewalKind,
    add_months,
    begins,
    counted_on,
    local_day,
    next_term_end,
    notice_deadline,
    period_end,
    runs_out,
    send_by,
)
from domain.obligation_dates import DueAnchor, DueRule, DueUnit, Recurrence, RecurrenceUnit, Roll, due_day, first_nominal, next_nominal

SEEDS, CASES = range(10), 500
"""5,000 cases of each property; a case that fails names its seed and itself."""
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",  # clocks went back at one minute past midnight until 2011
    "America/Sao_Paulo",  # had days without a midnight
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Pacific/Apia",  # left 30 December 2011 out
    "Pacific/Kiritimati",
    "Africa/Casablanca",
)
DAY = timedelta(days=1)
EVERY_DAY = Calendar(weekend=frozenset())


@cache
def calendar_of(country: str, weekend: frozenset[int]) -> Calendar:
    return Calendar("UTC", weekend, frozenset(holidays.country_holidays(country, years=range(2009, 2036))))


def a_calendar(random: Random) -> Calendar:
    weekend = random.choice([frozenset({6, 7}), frozenset({5, 6}), frozenset({7}), frozenset()])
    return calendar_of(random.choice(["DE", "US", "JP", "GR", "AE", "BR"]), weekend)


def a_day(random: Random, first: date = date(2011, 1, 1), last: date = date(2031, 12, 31)) -> date:
    day = first + timedelta(days=random.randrange((last - first).days + 1))
    # half of the cases lie where months and years end, and around leap days
    return random.choice(
        [day, day, day.replace(day=28) + random.randrange(4) * DAY, day.replace(month=2, day=28) + random.randrange(2) * DAY]
    )


def a_rule(random: Random) -> NoticeRule:
    unit = random.choice(list(NoticeUnit))
    counts = random.choice(list(NoticeCounts))
    most = {NoticeUnit.DAYS: 120, NoticeUnit.MONTHS: 14, NoticeUnit.BUSINESS_DAYS: 45}[unit]
    return NoticeRule(
        count=random.randrange(most),
        unit=unit,
        counts=counts,
        delivery_days=random.randrange(6) if counts is NoticeCounts.RECEIVED else 0,
        before=random.choice(list(NoticeBefore)),
    )


def worked(calendar: Calendar, day: date) -> bool:
    return day.isoweekday() not in calendar.weekend and day not in calendar.holidays


def walk(day: date, days: int, calendar: Calendar) -> date:
    """The day on which so many working days have passed."""
    while days:
        day += DAY
        days -= worked(calendar, day)
    return day


def months_on(day: date, months: int) -> date:
    """The day of the same number, found by going down from it until the month has such a day."""
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        year, month = (year + 1, 1) if month == 13 else (year - 1, 12) if month == 0 else (year, month)
    for number in range(day.day, 0, -1):
        try:
            return date(year, month, number)
        except ValueError:
            continue
    raise AssertionError("every month has days")


def over(rule: NoticeRule, counted: date, calendar: Calendar) -> date:
    if rule.unit is NoticeUnit.MONTHS:
        return months_on(counted, rule.count)
    return walk(counted, rule.count, calendar if rule.unit is NoticeUnit.BUSINESS_DAYS else EVERY_DAY)


def cases(seed: int) -> Iterator[tuple[Random, Calendar]]:
    random = Random(seed)
    for _ in range(CASES):
        yield random, a_calendar(random)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_deadline_is_the_last_day_whose_notice_runs_out_in_time(seed: int):
    for random, calendar in cases(seed):
        rule, end = a_rule(random), a_day(random)
        expected = end
        while over(rule, expected, calendar) > end:
            expected -= DAY
        assert notice_deadline(rule, end, calendar) == expected, (rule, end, calendar.weekend)
        assert runs_out(rule, expected, calendar) == over(rule, expected, calendar) <= end
        assert runs_out(rule, expected + DAY, calendar) > end


@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_sent_on_the_last_working_day_from_which_it_still_arrives(seed: int):
    for random, calendar in cases(seed):
        rule, deadline = a_rule(random), a_day(random)
        expected = deadline
        while not worked(calendar, expected) or walk(expected, rule.delivery_days, calendar) > deadline:
            expected -= DAY
        assert send_by(rule, deadline, calendar) == expected, (rule, deadline)
        assert counted_on(rule, expected, None, calendar) <= deadline
        received = a_day(random)
        assert counted_on(rule, expected, received, calendar) == (received if rule.counts is NoticeCounts.RECEIVED else expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_notice_ends_the_contract_with_the_first_end_that_it_leaves_time_for(seed: int):
    for random, calendar in cases(seed):
        rule, first_day = a_rule(random), a_day(random, last=date(2020, 12, 31))
        kind = random.choice(list(RenewalKind))
        months = random.choice([1, 3, 12, 13]) if kind is RenewalKind.AUTO_RENEW else None
        renewal = Renewal(kind=kind, months=months, period_months=random.choice([None, 1, 3, 6, 12]))
        end = None if kind is RenewalKind.EVERGREEN else first_day + timedelta(days=random.randrange(1, 1500))
        counted = first_day + timedelta(days=random.randrange(2000)) if end is None else end - timedelta(days=random.randrange(400))
        ends = Ends(first_day, renewal, rule, end, end)
        reach = over(rule, counted, calendar)
        periods = (months_on(first_day, renewal.period_months * k) - DAY for k in count(1)) if renewal.period_months else None
        if end is None:
            expected = next(day for day in periods if day >= reach) if periods else reach
        else:
            further = (months_on(end + DAY, months * k) - DAY for k in count()) if months else iter([max(end, reach)])
            expected = next(day for day in further if day >= reach) if months else end
            if rule.before is NoticeBefore.PERIOD_END and periods:
                expected = min(expected, next(day for day in periods if day >= reach))
        assert ends.earliest(counted, calendar) == expected, (ends, counted, calendar.weekend)


@pytest.mark.parametrize("seed", SEEDS)
def test_terms_and_periods_follow_one_another_without_gap_or_drift(seed: int):
    for random, _ in cases(seed):
        first, months = a_day(random, last=date(2020, 12, 31)), random.choice([1, 2, 3, 6, 12, 24])
        ends = [months_on(first, months * k) - DAY for k in range(1, 24)]
        agreed = first - DAY
        reached = agreed
        for end in ends:
            reached = next_term_end(agreed, reached, months)
            assert reached == end, (first, months)
        day = first + timedelta(days=random.randrange((ends[-1] - first).days + 1))
        assert period_end(first, months, day) == next(end for end in ends if end >= day), (first, months, day)
        by = random.randrange(-40, 40)
        assert add_months(day, by) == months_on(day, by)


def clocks_change(there: ZoneInfo, day: date) -> bool:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return noon.astimezone(there).utcoffset() != (noon - DAY).astimezone(there).utcoffset()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_begins_when_the_clocks_of_its_zone_first_show_it(seed: int):
    random = Random(seed)
    for _ in range(CASES):
        name, day = random.choice(ZONES), a_day(random)
        there = ZoneInfo(name)
        if random.randrange(2):
            day = (
                next((later for later in (day + k * DAY for k in range(366)) if clocks_change(there, later)), day)
                + random.randrange(-1, 2) * DAY
            )
        instant = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=16)
        while instant.astimezone(there).date() < day:
            instant += timedelta(minutes=15)
        while (instant - timedelta(minutes=1)).astimezone(there).date() >= day:
            instant -= timedelta(minutes=1)
        assert begins(day, name) == instant, (name, day)
        assert local_day(instant, name) >= day > local_day(instant - timedelta(seconds=1), name)


@pytest.mark.parametrize("seed", SEEDS)
def test_occurrences_come_one_after_another_and_are_due_when_the_rule_says(seed: int):
    for random, calendar in cases(seed):
        first = a_day(random, last=date(2020, 12, 31))
        recurrence = Recurrence(
            every=random.randrange(1, 15), unit=random.choice(list(RecurrenceUnit)), until=random.choice([None, first + 900 * DAY])
        )
        unit = recurrence.unit
        days = (
            [months_on(first, recurrence.every * k) for k in range(60)]
            if unit is RecurrenceUnit.MONTHS
            else [first + k * recurrence.every * (7 if unit is RecurrenceUnit.WEEKS else 1) * DAY for k in range(60)]
        )
        after = first + timedelta(days=random.randrange(-3, (days[-1] - first).days))
        expected = next(day for day in days if day > after)
        if recurrence.until and expected > recurrence.until and expected != first:
            assert next_nominal(first, recurrence, after) is None
        else:
            assert next_nominal(first, recurrence, after) == expected, (first, recurrence, after)
        rule = DueRule(on=first, offset=random.randrange(-25, 25), unit=random.choice(list(DueUnit)), roll=random.choice(list(Roll)))
        due = expected_due(rule, expected, calendar)
        assert due_day(rule, expected, calendar) == due, (rule, expected, calendar.weekend)


def expected_due(rule: DueRule, nominal: date, calendar: Calendar) -> date:
    step, left, day = (DAY if rule.offset > 0 else -DAY), abs(rule.offset), nominal
    if rule.unit is DueUnit.MONTHS:
        day, left = months_on(nominal, rule.offset), 0
    while left:
        day += step
        left -= worked(calendar, day) if rule.unit is DueUnit.BUSINESS_DAYS else 1
    while rule.roll is not Roll.NONE and not worked(calendar, day):
        day += DAY if rule.roll is Roll.NEXT else -DAY
    return day


MONDAY_TO_FRIDAY = Calendar()


@pytest.mark.parametrize(
    ("count", "unit", "end", "deadline"),
    [
        (3, NoticeUnit.MONTHS, date(2026, 6, 30), date(2026, 3, 31)),
        (3, NoticeUnit.MONTHS, date(2026, 5, 31), date(2026, 2, 28)),
        (3, NoticeUnit.MONTHS, date(2024, 5, 30), date(2024, 2, 29)),
        (1, NoticeUnit.MONTHS, date(2027, 2, 28), date(2027, 1, 31)),
        (1, NoticeUnit.MONTHS, date(2028, 2, 28), date(2028, 1, 28)),
        (6, NoticeUnit.MONTHS, date(2026, 12, 31), date(2026, 6, 30)),
        (30, NoticeUnit.DAYS, date(2026, 3, 1), date(2026, 1, 30)),
        (0, NoticeUnit.DAYS, date(2026, 3, 1), date(2026, 3, 1)),
        (1, NoticeUnit.BUSINESS_DAYS, date(2026, 11, 22), date(2026, 11, 19)),  # a Sunday: Friday is the one working day
    ],
)
def test_deadlines_as_a_lawyer_counts_them(count: int, unit: NoticeUnit, end: date, deadline: date):
    assert notice_deadline(NoticeRule(count=count, unit=unit), end, MONDAY_TO_FRIDAY) == deadline


def test_a_term_that_began_on_a_leap_day_ends_before_each_anniversary_of_it():
    first, agreed = date(2024, 2, 29), date(2025, 2, 27)
    assert add_months(first, 12) == date(2025, 2, 28)
    assert next_term_end(agreed, agreed, 12) == date(2026, 2, 27)
    assert next_term_end(date(2024, 2, 28), date(2027, 2, 27), 12) == date(2028, 2, 28), "the leap day is its own again"


def test_what_is_anchored_to_a_term_has_its_day_only_when_that_is_known():
    assert first_nominal(DueRule(anchor=DueAnchor.TERM_END), date(2026, 1, 1), None) is None
    assert first_nominal(DueRule(anchor=DueAnchor.TERM_END), date(2026, 1, 1), date(2026, 12, 31)) == date(2026, 12, 31)
    assert first_nominal(DueRule(anchor=DueAnchor.TERM_START), date(2026, 1, 1), None) == date(2026, 1, 1)
    assert next_nominal(date(2026, 1, 1), None, date(2026, 1, 1)) is None, "once is once"


@pytest.mark.parametrize(
    "make",
    [
        lambda: NoticeRule(count=1, unit=NoticeUnit.DAYS, delivery_days=2),
        lambda: Renewal(kind=RenewalKind.AUTO_RENEW),
        lambda: Renewal(kind=RenewalKind.FIXED, months=12),
        lambda: DueRule(anchor=DueAnchor.DATE),
        lambda: DueRule(anchor=DueAnchor.TERM_END, on=date(2026, 1, 1)),
    ],
)
def test_rules_that_make_no_sense_are_not_taken(make: Callable[[], object]):
    with pytest.raises(ValidationError):
        make()
