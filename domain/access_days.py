"""The days of the access log, each sealed once it is over: what is counted and hashed of it becomes an event of the tenant's log.

From the first sealed day on every day follows in turn, quiet ones too (no rows), so that none can be slipped in later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.kernel import SYSTEM, Command, Context, Decider, Event, Forbidden, Refused, natural_id

ACCESS_DAYS = natural_id("access_days")
"""The one stream of sealed days in a tenant's log."""
SETTLES = timedelta(minutes=5)
"""How long after its end a day may still receive rows that were under way."""
ONE_DAY = timedelta(days=1)

Root = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class DayNotOver(Refused):
    """Rows of that day may still be written."""


class DaySkipped(Refused):
    """A day before it has not been sealed."""


class AccessDaySealed(Event, topic="access_day.sealed"):
    """`rows` of the access log fell on `day` (UTC), from `first` to `last`; `root`: SHA-256 over them, in hex (infra/access_days.py)."""

    day: date
    rows: int
    first: AwareDatetime | None
    last: AwareDatetime | None
    root: str


class SealAccessDay(Command):
    """Attest what a day of the access log holds."""

    day: date
    rows: Annotated[int, Field(ge=0)]
    first: AwareDatetime | None
    last: AwareDatetime | None
    root: Root


@dataclass(frozen=True, slots=True)
class AccessDays:
    """`through`: the last day that is sealed."""

    through: date


def over(day: date) -> datetime:
    """From when on a UTC day may be sealed."""
    return datetime.combine(day + ONE_DAY, time(), UTC) + SETTLES


def decide(days: AccessDays | None, command: SealAccessDay, ctx: Context) -> tuple[AccessDaySealed, ...]:
    if ctx.actor != SYSTEM:
        raise Forbidden("only Concord itself seals days of the access log")
    if days is not None and command.day <= days.through:
        return ()
    if ctx.now < over(command.day):
        raise DayNotOver(f"{command.day} may still receive rows; seal it after {over(command.day):%Y-%m-%d %H:%M} UTC")
    if days is not None and command.day > days.through + ONE_DAY:
        raise DaySkipped(f"seal {days.through + ONE_DAY} first", next=days.through + ONE_DAY)
    return (AccessDaySealed(day=command.day, rows=command.rows, first=command.first, last=command.last, root=command.root),)


def evolve(_days: AccessDays | None, event: AccessDaySealed) -> AccessDays:
    return AccessDays(event.day)


access_days: Decider[AccessDays | None] = Decider("access_days", initial=None, decide=decide, evolve=evolve)
