from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.periods import Period, PeriodKind

days = st.dates(date(1990, 1, 1), date(2090, 12, 31))
any_day = st.dates()
kinds = st.sampled_from(PeriodKind)
starts = st.integers(1, 12)


@given(days, kinds, starts)
def test_every_day_lies_in_one_period_which_begins_and_ends_with_a_month(day: date, kind: PeriodKind, start: int):
    period = Period.containing(day, kind, start)
    assert day in period
    assert period.end is not None
    assert period.start.day == period.end.day == 1
    assert (period.start - timedelta(days=1)) not in period
    assert Period.containing(period.end, kind, start) == period.shifted(1)
    assert Period.containing(period.start - timedelta(days=1), kind, start) == period.shifted(-1)


@given(days, kinds, starts)
def test_a_period_is_found_again_by_its_name(day: date, kind: PeriodKind, start: int):
    period = Period.containing(day, kind, start)
    assert Period.parse(period.key, start) == period


@pytest.mark.parametrize(
    ("day", "start", "key"),
    [
        (date(2026, 3, 31), 4, "FY2026-Q4"),
        (date(2026, 4, 1), 4, "FY2027-Q1"),
        (date(2026, 1, 1), 1, "FY2026-Q1"),
        (date(2026, 2, 1), 2, "FY2027-Q1"),
        (date(2026, 1, 31), 2, "FY2026-Q4"),
        (date(2025, 12, 31), 12, "FY2026-Q1"),
    ],
)
def test_a_fiscal_year_is_named_after_the_year_it_ends_in(day: date, start: int, key: str):
    assert Period.containing(day, PeriodKind.FISCAL_QUARTER, start).key == key


@pytest.mark.parametrize(
    ("key", "start", "end"), [("2024-02", date(2024, 2, 1), date(2024, 3, 1)), ("2026-Q4", date(2026, 10, 1), date(2027, 1, 1))]
)
def test_months_and_quarters_are_those_of_the_calendar(key: str, start: date, end: date):
    period = Period.parse(key)
    assert (period.start, period.end) == (start, end)


@pytest.mark.parametrize("key", ["2026", "2026-13", "2026-00", "2026-Q5", "FY2026-3", "26-Q1", "2026-Q1 "])
def test_what_names_no_period_is_refused(key: str):
    with pytest.raises(ValueError, match=r"period|names no"):
        Period.parse(key)


@pytest.mark.parametrize("start", [0, 13])
def test_a_fiscal_year_starts_in_a_month(start: int):
    with pytest.raises(ValueError, match="month 1 to 12"):
        Period.containing(date(2026, 1, 1), PeriodKind.FISCAL_QUARTER, start)


@given(any_day | st.sampled_from([date.min, date.max, date(9999, 1, 31), date(9999, 2, 1)]), kinds, starts)
def test_every_day_of_the_calendar_lies_in_a_period_that_its_name_finds(day: date, kind: PeriodKind, start: int):
    period = Period.containing(day, kind, start)
    assert period.start <= day <= period.last
    assert day in period
    assert period.end == (None if period.last == date.max else period.last + timedelta(days=1))
    assert Period.parse(period.key, start) == period


@pytest.mark.parametrize("key", ["9999-12", "9999-Q4", "FY9999-Q4"])
def test_the_calendar_ends_with_its_last_period(key: str):
    period = Period.parse(key)
    assert (period.last, period.end) == (date.max, None)


@pytest.mark.parametrize(
    ("key", "start"), [("0000-01", 1), ("0000-Q4", 1), ("FY0000-Q4", 1), ("FY0001-Q1", 4), ("10000-01", 1), ("FY10000-Q4", 4)]
)
def test_a_period_outside_the_calendar_is_refused_in_a_sentence(key: str, start: int):
    with pytest.raises(ValueError, match="outside the calendar, which has the years 1 to 9999"):
        Period.parse(key, start)
