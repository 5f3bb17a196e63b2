"""A bounded cache of states. Safe, because the append checks versions: a stale entry conflicts and is brought forward."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NamedTuple
from uuid import UUID

CAPACITY = 50_000


class Loaded(NamedTuple):
    """A stream's state, and the version it is at (0: no events)."""

    state: Any
    version: int


class States:
    """Least recently used states by (tenant, decider, stream)."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[tuple[str, str, int], Loaded] = OrderedDict()

    def get(self, tenant: str, decider: str, stream: UUID) -> Loaded | None:
        key = (tenant, decider, stream.int)
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, tenant: str, decider: str, stream: UUID, entry: Loaded) -> None:
        """Keep the entry, unless a newer one is there already."""
        key = (tenant, decider, stream.int)
        known = self._entries.get(key)
        if known is not None and known.version > entry.version:
            return
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        self._entries.clear()
