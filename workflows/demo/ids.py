"""Chance and ids from the seed: the same for the same plan. Ids are time-ordered, like those of `infra/ids.py`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random
from uuid import UUID

from infra.event_store.envelope import microseconds

_BLOCK = 500
"""Keys are made so many at a time: each time costs a durable write of its own."""


def chance(*what: object) -> Random:
    """Chance for one matter, which throws for no other matter change."""
    return Random(":".join(map(str, what)))  # noqa: S311  repeatable is what it has to be, not secret


class SeededIds:
    """UUIDv7 with the simulated instant for its time, each greater than the one before."""

    def __init__(self, seed: object) -> None:
        self._random = chance(seed, "ids")
        self._last = 0

    def at(self, instant: datetime) -> UUID:
        stamp = (microseconds(instant) // 1000) << 12
        self._last = stamp = max(stamp, self._last + 1)
        tail = self._random.getrandbits(62)
        return UUID(int=(stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0x2 << 62 | tail)


class PersonalIds:
    """Ids of streams with personal fields: their keys are made durable together, ahead of their use."""

    def __init__(self, seed: object, obtain: Callable[[list[UUID]], None]) -> None:
        self._ids = SeededIds(f"{seed}:personal")
        self._obtain = obtain
        self._ready: list[UUID] = []

    def at(self, instant: datetime) -> UUID:
        if not self._ready:
            self._ready = [self._ids.at(instant) for _ in range(_BLOCK)]
            self._obtain(self._ready)
            self._ready.reverse()
        return self._ready.pop()
