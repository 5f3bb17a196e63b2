"""Positions of a log as closed ranges, and in words: what people are told of many events at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SHOWN = 20
"""Ranges that are named; of the rest it is said how many positions they are."""
Range = tuple[int, int]
"""First and last position."""


def ranges(positions: Iterable[int]) -> list[Range]:
    """Positions, in any order, as rising closed ranges."""
    found: list[Range] = []
    for position in sorted(set(positions)):
        if found and position == found[-1][1] + 1:
            found[-1] = (found[-1][0], position)
        else:
            found.append((position, position))
    return found


def joined(found: Iterable[Range]) -> list[Range]:
    """Rising ranges of which none begins where another ends."""
    whole: list[Range] = []
    for first, last in sorted(found):
        if whole and first <= whole[-1][1] + 1:
            whole[-1] = (whole[-1][0], max(last, whole[-1][1]))
        else:
            whole.append((first, last))
    return whole


def count(found: Iterable[Range]) -> int:
    """How many positions the ranges hold."""
    return sum(last - first + 1 for first, last in found)


def listed(found: Sequence[Range], most: int = SHOWN) -> str:
    """Ranges in words, `most` of them at most: `3, 7-9 and 14`, or `3, 7-9 and 1,200 more`."""
    words = [f"{first:,}" if first == last else f"{first:,}-{last:,}" for first, last in found[:most]]
    if rest := count(found[most:]):
        words.append(f"{rest:,} more")
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def named(found: Sequence[Range], noun: str = "position", most: int = SHOWN) -> str:
    """`position 3`, or `positions 3, 7-9 and 14`."""
    return f"{noun}{'' if count(found) == 1 else 's'} {listed(found, most)}"
