"""Calendar arithmetic against a slow oracle that looks at every day, and every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendars import Calendar, NoWorkingDay

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo"]
days = st.dates(date(2024, 1, 1), date(2027, 12, 31))
calendars = st.builds(
    Calendar,
    zone=st.sampled_from(ZONES),
    weekend=st.frozensets(st.integers(1, 7), max_size=4),
    holidays=st.frozensets(days, max_size=40),
    opens=st.sampled_from([time(0), time(2, 30), time(9)]),
    closes=st.sampled_from([time(12), time(17), time(23, 59)]),
)


def worked(calendar: Calendar, day: date) -> bool:
    return day.isoweekday() not in calendar.weekend and day not in calendar.holidays


@given(calendars, days, st.integers(1, 60))
def test_adding_working_days_agrees_with_looking_at_each_day(calendar: Calendar, day: date, count: int):
    forward, back, left = day, day, count
    while left:
        forward += timedelta(days=1)
        left -= worked(calendar, forward)
    left = count
    while left:
        back -= timedelta(days=1)
        left -= worked(calendar, back)
    assert calendar.add(day, count) == forward
    assert calendar.add(day, -count) == back


@given(calendars, days, days)
def test_counting_working_days_agrees_with_looking_at_each_day(calendar: Calendar, one: date, other: date):
    first, last = sorted((one, other))
    later = sum(worked(calendar, first + timedelta(days=i + 1)) for i in range((last - first).days))
    assert calendar.between(first, last) == later
    earlier = sum(worked(calendar, last - timedelta(days=i + 1)) for i in range((last - first).days))
    assert calendar.between(last, first) == -earlier


@given(calendars, days, st.integers(-60, 60).filter(bool))
def test_counting_undoes_adding(calendar: Calendar, day: date, count: int):
    assert calendar.between(day, calendar.add(day, count)) == count


@given(calendars, days)
def test_no_days_from_a_free_day_is_the_next_working_day(calendar: Calendar, day: date):
    assert calendar.add(day, 0) == calendar.next_working_day(day) >= day
    assert worked(calendar, calendar.next_working_day(day))
    assert worked(calendar, calendar.previous_working_day(day))


def minutes_worked(calendar: Calendar, start: datetime, end: datetime) -> int:
    """The minutes from `start` to `end` that begin within working hours on a local clock."""
    count, at, local = 0, start, ZoneInfo(calendar.zone)
    while at < end:
        shown = at.astimezone(local)
        if worked(calendar, shown.date()) and calendar.at(shown.date(), calendar.opens) <= at < calendar.at(shown.date(), calendar.closes):
            count += 1
        at += timedelta(minutes=1)
    return count


CHANGES = [
    date(2026, 3, 29),
    date(2026, 10, 25),
    date(2026, 3, 8),
    date(2026, 11, 1),
    date(2026, 4, 5),
    date(2026, 10, 4),
    date(2024, 2, 29),
]


@settings(max_examples=40, deadline=None)
@given(calendars, st.sampled_from(CHANGES), st.integers(-2000, 1440), st.integers(0, 4000))
def test_working_time_agrees_with_looking_at_each_minute_also_where_clocks_change(calendar: Calendar, day: date, offset: int, length: int):
    start = datetime.combine(day, time(0), UTC) + timedelta(minutes=offset)
    end = start + timedelta(minutes=length)
    assert calendar.time_between(start, end) == timedelta(minutes=minutes_worked(calendar, start, end))


@settings(deadline=None)
@given(calendars, st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)), st.integers(1, 6000))  # noqa: DTZ001  hypothesis adds the zone
def test_counting_working_time_undoes_adding(calendar: Calendar, start: datetime, minutes: int):
    duration = timedelta(minutes=minutes)
    end = calendar.add_time(start, duration)
    assert calendar.time_between(start, end) == duration


def test_a_day_is_the_partys_own():
    tokyo = Calendar(zone="Asia/Tokyo")
    assert tokyo.local_date(datetime(2026, 3, 1, 15, tzinfo=UTC)) == date(2026, 3, 2)
    assert tokyo.at(date(2026, 3, 2), time(9)) == datetime(2026, 3, 2, 0, tzinfo=UTC)


def test_two_working_days_from_friday_before_a_holiday_is_wednesday():
    calendar = Calendar(holidays=frozenset({date(2026, 3, 2)}))
    assert calendar.add(date(2026, 2, 27), 2) == date(2026, 3, 4)


def test_work_over_night_goes_on_in_the_morning():
    friday = datetime(2026, 2, 27, 16, tzinfo=UTC)
    assert Calendar().add_time(friday, timedelta(hours=3)) == datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert Calendar().add_time(friday, timedelta(0)) == friday


@pytest.mark.parametrize(
    "calendar", [Calendar(weekend=frozenset(range(1, 8))), Calendar(opens=time(9), closes=time(9)), Calendar(opens=time(9, tzinfo=UTC))]
)
def test_a_calendar_without_work_says_so_instead_of_counting_for_ever(calendar: Calendar):
    assert calendar.fault
    with pytest.raises(NoWorkingDay):
        calendar.add_time(datetime(2026, 3, 2, tzinfo=UTC), timedelta(hours=1))


def test_a_calendar_of_holidays_only_says_so_instead_of_counting_for_ever():
    start = date(2026, 1, 1)
    calendar = Calendar(holidays=frozenset(start + timedelta(days=i) for i in range(3700)))
    with pytest.raises(NoWorkingDay):
        calendar.next_working_day(start)


def test_working_time_is_not_counted_backwards():
    with pytest.raises(ValueError, match="forward"):
        Calendar().add_time(datetime(2026, 3, 2, tzinfo=UTC), timedelta(minutes=-1))
    assert Calendar().time_between(datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)) == timedelta(0)
