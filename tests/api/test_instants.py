"""One reading of `as_of` for both doors: what can be written, what it means in which zone, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from api.cli.moments import as_of_text, moment_words
from api.cli.zones import clock
from api.instants import InTheFuture, has_zone, in_words, read_moment

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
"""Half past midnight of April 1 in Berlin."""


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("4711", 4711),
        ("now", None),
        ("today", None),
        ("2026-04-01", None),
        ("0d", None),
        ("2026-03-31", datetime(2026, 3, 31, 21, 59, 59, 999999, tzinfo=UTC)),
        ("yesterday", datetime(2026, 3, 31, 21, 59, 59, 999999, tzinfo=UTC)),
        ("1d", datetime(2026, 3, 31, 21, 59, 59, 999999, tzinfo=UTC)),
        # the clocks went forward in between
        ("90d", datetime(2026, 1, 1, 22, 59, 59, 999999, tzinfo=UTC)),
        ("2026-03-31T09:00", datetime(2026, 3, 31, 7, tzinfo=UTC)),
        ("2026-03-31T09:00:00Z", datetime(2026, 3, 31, 9, tzinfo=UTC)),
        ("2026-03-31t09:00:00.5z", datetime(2026, 3, 31, 9, 0, 0, 500000, tzinfo=UTC)),
        ("2026-03-31T09:00:00+02:00", datetime(2026, 3, 31, 7, tzinfo=UTC)),
        # a plus sign that was not encoded
        ("2026-03-31T09:00:00 02:00", datetime(2026, 3, 31, 7, tzinfo=UTC)),
        (" Yesterday ", datetime(2026, 3, 31, 21, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_the_zone_of_the_tenant(written: str, means: object):
    assert read_moment(written, BERLIN, NOW) == means


@pytest.mark.parametrize(
    "written", ["31.03.2026", "last week", "", "-1", "2026-02-30", "2026-03-31T25:00", "800000d", "99999999999999999999"]
)
def test_what_is_no_moment_is_refused_with_the_forms(written: str):
    with pytest.raises(ValueError, match="use 2026-03-31"):
        read_moment(written, BERLIN, NOW)


@pytest.mark.parametrize("written", ["2026-04-02", "2026-04-01T00:32", "2026-03-31T22:32:00Z", "9999-12-31T23:59:59Z"])
def test_a_moment_to_come_is_refused(written: str):
    with pytest.raises(InTheFuture, match="still to come"):
        read_moment(written, BERLIN, NOW)


def test_a_clock_a_little_ahead_of_ours_does_not_ask_about_the_future():
    assert read_moment("2026-03-31T22:30:59Z", BERLIN, NOW) == datetime(2026, 3, 31, 22, 30, 59, tzinfo=UTC)


def test_only_what_means_the_same_everywhere_needs_no_zone():
    assert [has_zone(m) for m in ("4711", "now", "2026-03-31t09:00:00z", "2026-03-31t09:00+02:00", "2026-03-31t09:00-05:00")] == [True] * 5
    assert [has_zone(m) for m in ("2026-03-31", "yesterday", "90d", "2026-03-31t09:00")] == [False] * 4


def test_the_command_line_sends_what_was_written_and_says_it_in_its_heading():
    assert [as_of_text(w) for w in ("4711", "now", None, "0d", "2026-03-31", "7d")] == ["4711", None, None, None, "2026-03-31", "7d"]
    zone = clock.zone
    assert moment_words("2026-03-31", "known") == f"as of the end of 2026-03-31 ({zone}), as known then"
    assert moment_words("7d", "happened") == f"as of the end of the day 7 days ago ({zone}), as we now know it was"
    assert moment_words("2026-03-31T09:00+02:00", "known") == "as of 2026-03-31 09:00+02:00, as known then"
    assert (in_words("4711"), in_words("2026-03-31T09:00"), in_words("yesterday")) == (
        "position 4,711",
        "2026-03-31 09:00",
        "the end of yesterday",
    )
    assert moment_words(None, "known") == ""


@pytest.mark.parametrize("written", ["31.03.2026", "last week", "", "2026-02-30"])
def test_the_command_line_refuses_what_is_no_moment_before_it_asks_anybody(written: str):
    with pytest.raises(ValueError, match=r"--as-of .*2026-03-31"):
        as_of_text(written)
