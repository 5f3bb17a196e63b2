"""Times are told in the tenant's zone, each with its offset, on every machine alike."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from api.cli.formats import when
from api.cli.zones import written
from api.instants import read_moment, utc, written_moment
from tests.cli.conftest import Concord

AT = ("--tenant", "zoned")
TIME = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d(\S*(?: UTC)?)")


@pytest.fixture(scope="module")
def zoned(concord: Concord) -> Concord:
    """With a tenant of its own, whose zone is nobody's machine's."""
    concord("tenant", "create", "zoned")
    concord("settings", "set", "--zone", "Asia/Kolkata", *AT)
    concord("accounts", "open", "Zoned GmbH", "--role", "customer", *AT)
    concord("interactions", "log", "call", "Was it so", "--account", "Zoned", "--at", "2026-03-02T09:30", *AT)
    return concord


@pytest.mark.parametrize(
    ("at", "zone", "shown"),
    [
        ("2026-03-31T07:00:59Z", "Europe/Berlin", "2026-03-31 09:00+02"),
        ("2026-03-31T23:30:00Z", "Asia/Kolkata", "2026-04-01 05:00+05:30"),
        ("2026-03-31T07:00:00Z", "America/St_Johns", "2026-03-31 04:30-02:30"),
        ("2026-01-31T07:00:00Z", "Europe/London", "2026-01-31 07:00Z"),
        ("2026-03-31T07:00:00Z", "UTC", "2026-03-31 07:00Z"),
    ],
)
def test_a_time_says_its_offset_and_can_be_asked_about_as_it_is_shown(at: str, zone: str, shown: str):
    instant = datetime.fromisoformat(at)
    assert written(instant.astimezone(ZoneInfo(zone))) == shown
    asked = read_moment(shown, ZoneInfo("Pacific/Auckland"), datetime(2027, 1, 1, tzinfo=UTC))
    assert asked == instant.replace(second=0)


def test_a_plus_that_was_lost_on_the_way_is_found_again_and_an_hour_of_no_day_is_not():
    assert written_moment("2026-03-31 09:00 02") == written_moment("2026-03-31T09:00+02:00") == "2026-03-31t09:00+02:00"
    for wrong in ("2026-03-31 9", "2026-03-31 09", "2026-03-31 +02", "2026-03-31 09:00+2"):
        with pytest.raises(ValueError, match="use 2026-03-31"):
            written_moment(wrong)


def test_what_was_so_ever_since_has_no_time_and_no_offset():
    assert when("0001-01-01T00:00:00Z") == "the beginning"


def test_json_has_an_instant_in_utc_wherever_it_was_told():
    assert utc(datetime(2026, 3, 31, 9, tzinfo=ZoneInfo("Europe/Berlin"))) == "2026-03-31T07:00:00Z"


def test_machines_in_different_zones_show_the_same_times_each_with_the_tenants_offset(zoned: Concord):
    for words in (("audit", "search"), ("interactions", "list")):
        here, there = (zoned.apart(*words, *AT, TZ=zone) for zone in ("America/New_York", "Pacific/Auckland"))
        assert (here.code, here.out) == (0, there.out), here.err
        offsets = set(TIME.findall(here.out))
        # a sentence of the log speaks of UTC, and says so
        assert "+05:30" in offsets, here.out
        assert all(offset.startswith(("+05:30", " UTC")) for offset in offsets), here.out
    # what was typed without an offset was the tenant's wall clock
    assert "2026-03-02 09:30+05:30" in zoned("interactions", "list", *AT).out


def test_what_a_table_shows_narrows_a_search_as_it_stands_and_a_heading_names_the_zone(zoned: Concord):
    shown = TIME.search(zoned("audit", "search", "--oldest", "--limit", "1", *AT).out)
    assert shown is not None
    found = zoned("audit", "search", "--since", shown[0], "--limit", "1", "--oldest", "--json", *AT).json["items"]
    assert found[0]["position"] >= 1
    assert "(Asia/Kolkata)" in zoned("audit", "search", "--as-of", "yesterday", *AT).out
