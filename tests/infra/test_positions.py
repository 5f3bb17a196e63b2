"""Positions in words: every one of a few, and how many of the rest."""

from __future__ import annotations

import pytest

from infra.proofs.positions import count, joined, listed, named, ranges


@pytest.mark.parametrize(
    ("positions", "words"),
    [
        ([3], "position 3"),
        ([14, 3, 8, 7, 9], "positions 3, 7-9 and 14"),
        ([7, 8], "positions 7-8"),
        ([1, 1200], "positions 1 and 1,200"),
        ([*range(1, 60, 2)], f"positions {', '.join(map(str, range(1, 41, 2)))} and 10 more"),
    ],
)
def test_positions_are_told_as_ranges_and_the_rest_counted(positions, words):
    assert named(ranges(positions)) == words


def test_ranges_that_meet_are_one_and_lines_are_named_as_lines():
    assert joined([(4, 6), (1, 3), (9, 9)]) == [(1, 6), (9, 9)]
    assert count([(1, 6), (9, 9)]) == 7
    assert named([(2, 2)], "line") == "line 2"
    assert listed([(1, 1), (3, 9)], 1) == "1 and 7 more"
