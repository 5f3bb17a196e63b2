"""Walking up trees whose nodes are streams of their own: parent companies, parent teams, managers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from domain.kernel import Read, Refused


class HierarchyCycle(Refused):
    """A thing cannot stand above itself."""


def upward(start: UUID | None, facts: Mapping[UUID, Any], above: Callable[[Any], UUID | None]) -> tuple[UUID, ...]:
    """The ids from `start` upwards, as far as `facts` know them; the last one may still have to be read."""
    chain: list[UUID] = []
    current = start
    while current is not None and current not in chain:
        chain.append(current)
        state = facts.get(current)
        current = None if state is None else above(state)
    return tuple(chain)


def chain_reads(decider: str, start: UUID | None, facts: Mapping[UUID, Any], above: Callable[[Any], UUID | None]) -> Iterator[Read]:
    """What a decision must read to know the whole chain above `start`; asked again until it reaches the top."""
    return (Read(decider, id) for id in upward(start, facts, above))


def check_no_cycle(own: UUID, start: UUID | None, facts: Mapping[UUID, Any], above: Callable[[Any], UUID | None], what: str) -> None:
    """Refuse to put `own` below `start` if it already stands above it (or is it)."""
    chain = upward(start, facts, above)
    if own in chain:
        raise HierarchyCycle(
            f"This would put the {what} below itself; first take it out of the chain above the one chosen.", chain=[str(id) for id in chain]
        )
