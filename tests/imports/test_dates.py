"""The order of a date's numbers is decided by the whole column, or asked."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.imports.dates import DateColumn, DateOrder, parse_date, parse_instant

BERLIN = ZoneInfo("Europe/Berlin")


def column(*values: str) -> DateColumn:
    found = DateColumn()
    found.observe(values)
    return found


@pytest.mark.parametrize(
    ("values", "order"),
    [
        (("2017-03-01", "2016-10-20 19:51:13", ""), DateOrder.ISO),
        (("3/1/2017", "10/20/2016"), DateOrder.MDY),
        (("1/3/2017", "20/10/2016"), DateOrder.DMY),
        (("1.3.2017", "20.10.2016"), DateOrder.DMY),
        (("3/1/2017", "4/5/2017"), DateOrder.AMBIGUOUS),
        (("3/3/2017", "4/4/2017"), DateOrder.ISO),
        (("13/1/2017", "1/13/2017"), DateOrder.MIXED),
        (("1 Mar 2017", "March 5, 2017", "12-Oct-17"), DateOrder.ISO),
        (("", ""), DateOrder.EMPTY),
    ],
)
def test_a_column_tells_its_order(values, order):
    assert column(*values).order is order


def test_one_value_decides_for_thousands_and_is_the_evidence():
    found = column(*["3/4/2017"] * 5000, "10/20/2016")
    assert found.order is DateOrder.MDY
    assert found.evidence[DateOrder.MDY] == "10/20/2016"


@given(st.dates(date(1970, 1, 1), date(2068, 12, 31)))
def test_what_was_written_is_read_in_each_order(day):
    for order, text in (
        (DateOrder.MDY, f"{day.month}/{day.day}/{day.year}"),
        (DateOrder.DMY, f"{day.day}.{day.month}.{day.year}"),
        (DateOrder.ISO, day.isoformat()),
    ):
        assert parse_date(text, order, BERLIN) == day


def test_in_a_mixed_column_only_values_that_read_one_way_are_read():
    assert parse_date("13/2/2017", DateOrder.MIXED, BERLIN) == date(2017, 2, 13)
    assert parse_date("2/13/2017", DateOrder.MIXED, BERLIN) == date(2017, 2, 13)
    with pytest.raises(ValueError, match="does not decide"):
        parse_date("3/4/2017", DateOrder.MIXED, BERLIN)


def test_an_ambiguous_value_is_never_guessed():
    with pytest.raises(ValueError, match="say which"):
        parse_date("3/4/2017", DateOrder.AMBIGUOUS, BERLIN)


@pytest.mark.parametrize("far", ["9999-12-31", "0001-01-01", "2200-01-01", "9999-12-31T00:00:00Z"])
def test_a_day_that_stands_for_none_is_refused_with_what_to_do(far: str):
    with pytest.raises(ValueError, match="no day from 1900 to 2199; correct it, or leave it empty"):
        parse_date(far, DateOrder.ISO, BERLIN)
    assert parse_date("2199-12-31", DateOrder.ISO, BERLIN) == date(2199, 12, 31)


def test_a_day_that_is_none_is_refused():
    with pytest.raises(ValueError, match="not a day"):
        parse_date("2/30/2017", DateOrder.MDY, BERLIN)
    with pytest.raises(ValueError, match="not a date"):
        parse_date("soon", DateOrder.ISO, BERLIN)


def test_a_day_begins_in_its_zone_and_an_offset_is_heeded():
    assert parse_instant("2017-07-01", DateOrder.ISO, BERLIN) == (datetime(2017, 6, 30, 22, tzinfo=UTC), False)
    assert parse_instant("2017-07-01T00:30:00.5+02:00", DateOrder.ISO, BERLIN)[0] == datetime(2017, 6, 30, 22, 30, 0, 500_000, tzinfo=UTC)
    assert parse_date("2017-06-30T23:30:00Z", DateOrder.ISO, BERLIN) == date(2017, 7, 1)
    assert parse_instant("12/19/2018 7:51 PM", DateOrder.MDY, BERLIN)[0] == datetime(2018, 12, 19, 18, 51, tzinfo=UTC)
    assert parse_instant("2020-12-30 3:15:52", DateOrder.ISO, BERLIN)[0] == datetime(2020, 12, 30, 2, 15, 52, tzinfo=UTC)
    assert parse_date("1577836800000", DateOrder.ISO, BERLIN) == date(2020, 1, 1)
