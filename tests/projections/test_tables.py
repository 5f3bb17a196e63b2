"""The interval tree: an interval is filed under a node that every moment in it asks for, and none outside need."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
from hypothesis import example, given
from hypothesis import strategies as st

from projections.tables import ancestors, instant, moment, node, node_of_instants

NUMBERS = st.integers(-(2**58), 2**58)


@given(NUMBERS, st.integers(1, 2**40), st.integers(0, 2**40))
@example(-1, 2, 0)
@example(0, 1, 0)
@example(-3, 2, 1)
def test_whatever_lies_in_an_interval_asks_for_its_node(low: int, length: int, further: int) -> None:
    found = node(low, low + length)
    assert found is not None
    assert low <= found < low + length
    assert found in ancestors(low + further % length)


def test_an_empty_interval_has_no_node() -> None:
    assert node(7, 7) is None
    assert node(8, 7) is None


def test_the_database_files_instants_as_python_does(database_url) -> None:
    begin = datetime(1999, 12, 31, 23, 59, 59, 999_998, tzinfo=UTC)
    instants = [begin + timedelta(microseconds=n) for n in range(5)]
    instants += [datetime(1, 1, 2, tzinfo=UTC), datetime(2026, 5, 17, 8, 30, 1, 234_567, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]
    with psycopg.connect(database_url) as connection:
        for low in instants:
            assert instant(moment(low)) == low
            for high in instants:
                found = connection.execute(
                    f"SELECT {node_of_instants('low', 'high')} FROM (SELECT %s::timestamptz AS low, %s::timestamptz AS high) AS i",
                    (low, high),
                ).fetchone()
                assert found == (node(moment(low), moment(high)),), (low, high)
