"""A bar is judged by its own limit, or beside its peer; what was not measured is never dropped."""

import io
import json

import pytest
from rich.console import Console

from bench.bars import BARS, GROUPS
from bench.table import Bar, Reading, as_json, falls_short, figure, judge, print_table

AT_LEAST = Bar("rate", "store", "append", "/s", 2_000)
AT_MOST = Bar("p95", "http", "p95", "ms", 60, "most")
BESIDE = Bar("append", "store", "append, 8 writers", "/s", 4, peer="stock")


@pytest.mark.parametrize(
    ("bar", "ours", "passed"), [(AT_LEAST, 2_000, True), (AT_LEAST, 1_999, False), (AT_MOST, 60, True), (AT_MOST, 60.1, False)]
)
def test_a_bar_without_a_peer_bounds_the_value(bar, ours, passed):
    assert judge(bar, Reading(bar.key, ours)).passed is passed


@pytest.mark.parametrize(("peer", "passed"), [(1_000.0, True), (1_001.0, False)])
def test_a_bar_with_a_peer_bounds_the_ratio(peer, passed):
    row = judge(BESIDE, Reading("append", 4_000, peer))
    assert (row.passed, row.ratio) == (passed, 4_000 / peer)


def test_an_absent_peer_says_nothing_about_us_and_how_to_install_it():
    row = judge(BESIDE, Reading("append", 4_000))
    assert row.passed is None
    assert "make bench-peers" in row.note
    assert not falls_short([row])


def test_what_nothing_measured_is_a_row_that_falls_short_and_says_why():
    row = judge(AT_LEAST, None, "RuntimeError: no server")
    assert row.ours is None
    assert "RuntimeError: no server" in row.note
    assert falls_short([row])


def test_one_missed_bar_among_many_falls_short():
    held, missed = judge(AT_MOST, Reading("p95", 10)), judge(AT_MOST, Reading("p95", 100))
    assert not falls_short([held, held])
    assert falls_short([held, missed, held])


@pytest.mark.parametrize(("value", "text"), [(None, ""), (0, "0"), (0.12345, "0.123"), (18.04, "18"), (16_527.4, "16,527")])
def test_figures_are_short(value, text):
    assert figure(value) == text


def test_the_table_and_the_json_tell_the_same():
    rows = [judge(BESIDE, Reading("append", 4_000, 1_000, "p99 2 ms"))]
    output = io.StringIO()
    print_table("store", rows, Console(file=output, width=160))
    assert all(part in output.getvalue() for part in ("append, 8 writers", "4,000 /s", "stock 1,000", "≥ 4 x stock", "yes", "p99 2 ms"))
    told = json.loads(as_json({"store": rows}, {"cores": 2}))
    assert told["about"] == {"cores": 2}
    assert told["groups"]["store"][0]["ratio"] == 4


def test_every_bar_has_a_key_of_its_own_and_a_known_group():
    assert len({bar.key for bar in BARS}) == len(BARS)
    assert set(GROUPS) == {
        "store",
        "path",
        "http",
        "projections",
        "contracts",
        "workflows",
        "import",
        "disputes",
        "audit",
        "proofs",
        "demo",
        "up",
    }
