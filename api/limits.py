"""How much a caller may ask for: token buckets in this process, per credential, tenant and address (S23)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from math import ceil
from time import monotonic

from api.problems import TooManyRequests


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` requests at once, `per_second` sustained."""

    per_second: float
    burst: float


@dataclass(frozen=True, slots=True)
class Rates:
    """What one process grants. A person clicks, a key automates, an address without a credential only signs in."""

    session: Rate = Rate(50, 400)
    key: Rate = Rate(4_000, 8_000)
    tenant: Rate = Rate(8_000, 16_000)
    address: Rate = Rate(20, 200)


class Buckets:
    """One bucket per key; forgets the least recently used beyond `bound`."""

    def __init__(self, bound: int = 20_000) -> None:
        self._bound = bound
        self._levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable, rate: Rate) -> None:
        """Take one token. Raises TooManyRequests with `retry_after` seconds."""
        now = monotonic()
        level, at = self._levels.pop(key, (rate.burst, now))
        level = min(rate.burst, level + (now - at) * rate.per_second)
        if level < 1:
            self._levels[key] = level, now
            raise TooManyRequests(
                "That is more than this caller may ask for at once. Wait, then go on more slowly.",
                retry_after=max(1, ceil((1 - level) / rate.per_second)),
            )
        self._levels[key] = level - 1, now
        if len(self._levels) > self._bound:
            self._levels.popitem(last=False)
