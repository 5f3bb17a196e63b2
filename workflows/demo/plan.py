"""What a demo's history is made from: a seed, a length, a size, and the day it ends on. The log itself remembers it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from uuid import UUID, uuid5

from domain.kernel import Refused

DEFAULT_SEED = 20
STORY = 2
"""Raise it when the generator would tell another history from the same plan, so that a half-told one is not continued."""
_DAYS, _SIZE = 4095, 100


class DemoDiffers(Refused):
    """The tenant's log holds something else than the demo asked for; the message says how to start over."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The same plan gives the same history. It ends as the day `end` begins in UTC, `days` after it began.

    `size` in percent of the whole company: fewer accounts, salespeople and deals. Raises ValueError for what no history can be made of.
    """

    seed: int
    end: date
    days: int = 730
    size: int = 100

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**48:
            raise ValueError(f"A seed is a whole number from 0 to {2**48 - 1:,}, not {self.seed}.")
        if not 150 <= self.days <= _DAYS:
            raise ValueError(f"A history has 150 to {_DAYS} days, not {self.days}: less shows no way to signing.")
        if not 10 <= self.size <= _SIZE:
            raise ValueError(f"The size is 10 to {_SIZE} percent, not {self.size}.")

    @property
    def first_day(self) -> date:
        return self.end - timedelta(days=self.days)

    @property
    def begin(self) -> datetime:
        return datetime.combine(self.first_day, time(5), UTC)

    @property
    def until(self) -> datetime:
        """The last instant of the history."""
        return datetime.combine(self.end, time(0), UTC)

    def scaled(self, count: float, *, least: int = 1) -> int:
        """So many of a whole company's `count`."""
        return max(least, round(count * self.size / 100))

    @property
    def founding(self) -> UUID:
        """The id of the command that begins the log: a UUIDv8 that holds the plan, so that a later run reads it back."""
        custom = (self.end.toordinal() << 38) | (self.size << 30) | (STORY << 14)
        return UUID(int=self.seed << 80 | 0x8 << 76 | self.days << 64 | 0x2 << 62 | custom)

    @property
    def finished(self) -> UUID:
        """The id of the command that ends it."""
        return uuid5(self.founding, "finished")

    @classmethod
    def read(cls, founding: UUID) -> Self:
        """The plan in a founding command's id. Raises DemoDiffers where it holds none, or one of another version's."""
        if founding.version != 8:
            raise DemoDiffers("This tenant's log was not begun as a demo; name another tenant with --tenant.")
        custom = founding.int & (2**62 - 1)
        if custom >> 14 & 0xFFFF != STORY:
            raise DemoDiffers("Another version of Concord began this demo; start over in another tenant, with --tenant.")
        return cls(founding.int >> 80, date.fromordinal(custom >> 38), founding.int >> 64 & 0xFFF, custom >> 30 & 0xFF)
