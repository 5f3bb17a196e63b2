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
        self.epoch = 0
        """How often all was let go of. What was read in another epoch is not taken up again: it may tell what was erased since."""

    def get(self, tenant: str, decider: str, stream: UUID) -> Loaded | None:
        key = (tenant, decider, stream.int)
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, tenant: str, decider: str, stream: UUID, entry: Loaded, epoch: int) -> None:
        """Keep an entry that was read in `epoch`, unless a newer one is there already."""
        if epoch != self.epoch:
            return
        key = (tenant, decider, stream.int)
        known = self._entries.get(key)
        if known is not None and known.version > entry.version:
            return
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        """Let go of all, and of what is being read."""
        self.epoch += 1
        self._entries.clear()
