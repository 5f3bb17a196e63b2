"""What was just looked up, for less than a second, asked for once however many wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

FRESH_SECONDS = 0.8
"""Rights are read again after this long, so that a revocation holds within one second (S17, S18)."""


class Fresh(Generic[K, V]):
    """`await fresh.get(key)` is at most `seconds` old; concurrent askers of one key share one look-up.

    Age counts from when the look-up began, so that a slow one cannot stretch the promise. A failed look-up is not kept.
    Holds at most `bound` keys: the oldest go first, so that a flood of unknown keys cannot grow it.
    """

    def __init__(self, look_up: Callable[[K], Awaitable[V]], *, seconds: float = FRESH_SECONDS, bound: int = 10_000) -> None:
        self._look_up = look_up
        self._seconds = seconds
        self._bound = bound
        self._known: dict[K, tuple[float, V]] = {}
        self._asking: dict[K, tuple[float, asyncio.Task[V]]] = {}

    def peek(self, key: K) -> V | None:
        """The value, if it is fresh; never waits."""
        known = self._known.get(key)
        return known[1] if known is not None and monotonic() - known[0] < self._seconds else None

    async def get(self, key: K) -> V:
        """The value, looked up if it is not fresh. Raises what the look-up raises."""
        now = monotonic()
        known = self._known.get(key)
        if known is not None and now - known[0] < self._seconds:
            return known[1]
        asking = self._asking.get(key)
        if asking is None or now - asking[0] >= self._seconds:
            # a task of its own: one asker's cancellation must not fail the others
            asking = now, asyncio.create_task(self._ask(key, now))
            self._asking[key] = asking
        return await asyncio.shield(asking[1])

    async def _ask(self, key: K, began: float) -> V:
        try:
            value = await self._look_up(key)
            self._known.pop(key, None)
            self._known[key] = began, value
            while len(self._known) > self._bound:
                del self._known[next(iter(self._known))]
            return value
        finally:
            asking = self._asking.get(key)
            if asking is not None and asking[1] is asyncio.current_task():
                del self._asking[key]

    def forget(self, key: K) -> None:
        """Look the key up again next time: something about it was just changed here."""
        self._known.pop(key, None)
        self._asking.pop(key, None)

    def forget_all(self) -> None:
        """Look everything up again next time."""
        self._known.clear()
        self._asking.clear()
