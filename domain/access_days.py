"""The days of the access log, each sealed once it is over: what is counted and hashed of it becomes an event of the tenant's log.

From the first sealed day on every day follows in turn, quiet ones too (no rows), so that none can be slipped in later. A sealed day
is removed as a whole, once it is older than the tenant keeps it (`domain/access_retention.py`), and its removal is an event, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.kernel import SYSTEM, Command, Context, Decider, Event, Forbidden, Read, Refused, natural_id
from domain.privacy import privacy_id
from domain.settings import SETTINGS_READ, Settings

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


class DayNotSealed(Refused):
    """Only a day that was sealed can be removed: nothing else tells later what it held."""


class AccessDayKept(Refused):
    """The tenant keeps that day: `keep_days` says how long it keeps each, null: for ever."""


class AccessDayHeld(Refused):
    """That day has entries of somebody whose data must be kept: `cases` names the cases."""


class AccessDaySealed(Event, topic="access_day.sealed"):
    """`rows` of the access log fell on `day` (UTC), from `first` to `last`; `root`: SHA-256 over them, in hex (infra/access_days.py)."""

    day: date
    rows: int
    first: AwareDatetime | None
    last: AwareDatetime | None
    root: str


class AccessDayRemoved(Event, topic="access_day.removed"):
    """The `rows` of a sealed day are gone since the day `on`, because each is kept for `keep_days`; `root` is what it was sealed with."""

    day: date
    rows: int
    root: str
    keep_days: int
    on: date


class SealAccessDay(Command):
    """Attest what a day of the access log holds."""

    day: date
    rows: Annotated[int, Field(ge=0)]
    first: AwareDatetime | None
    last: AwareDatetime | None
    root: Root


class RemoveAccessDay(Command):
    """Let a sealed day go, whose rows are those that were sealed. `people`: those with entries in it who have ever been on hold."""

    day: date
    rows: Annotated[int, Field(ge=0)]
    root: Root
    people: tuple[UUID, ...] = ()


class Removal(NamedTuple):
    """The days from `first` to `last` are removed, the latest of them on the day `on` under a retention of `keep_days`."""

    first: date
    last: date
    on: date
    keep_days: int


@dataclass(frozen=True, slots=True)
class AccessDays:
    """The days from `since` through `through` are sealed; `removals`: which of them are gone, in order and apart from each other."""

    since: date
    through: date
    removals: tuple[Removal, ...] = ()

    def removed(self, day: date) -> bool:
        """Whether the log says that the day is gone."""
        return any(one.first <= day <= one.last for one in self.removals)


def over(day: date) -> datetime:
    """From when on a UTC day may be sealed."""
    return datetime.combine(day + ONE_DAY, time(), UTC) + SETTLES


def kept_until(day: date, keep_days: int) -> date:
    """The last day on which the access log still holds the rows of `day`."""
    return day + timedelta(days=keep_days)


def reads(_days: AccessDays | None, command: SealAccessDay | RemoveAccessDay, _facts: Mapping[UUID, Any]) -> Iterator[Read]:
    if isinstance(command, RemoveAccessDay):
        yield SETTINGS_READ
        yield from (Read("privacy", privacy_id(person)) for person in command.people)


def decide(days: AccessDays | None, command: SealAccessDay | RemoveAccessDay, ctx: Context) -> tuple[Event, ...]:
    if ctx.actor != SYSTEM:
        raise Forbidden("only Concord itself seals and removes days of the access log")
    match command:
        case SealAccessDay():
            return _sealed(days, command, ctx)
        case RemoveAccessDay():
            return _removed(days, command, ctx)
        case _:
            raise TypeError(f"days of the access log know no {type(command).__name__}")


def _sealed(days: AccessDays | None, command: SealAccessDay, ctx: Context) -> tuple[Event, ...]:
    if days is not None and command.day <= days.through:
        return ()
    if ctx.now < over(command.day):
        raise DayNotOver(f"{command.day} may still receive rows; seal it after {over(command.day):%Y-%m-%d %H:%M} UTC")
    if days is not None and command.day > days.through + ONE_DAY:
        raise DaySkipped(f"seal {days.through + ONE_DAY} first", next=days.through + ONE_DAY)
    return (AccessDaySealed(day=command.day, rows=command.rows, first=command.first, last=command.last, root=command.root),)


def _removed(days: AccessDays | None, command: RemoveAccessDay, ctx: Context) -> tuple[Event, ...]:
    day = command.day
    if days is None or not days.since <= day <= days.through:
        raise DayNotSealed(f"{day} of the access log was not sealed; only sealed days are removed")
    if days.removed(day):
        return ()
    settings: Settings = ctx.fact(SETTINGS_READ) or Settings()
    if (keep := settings.access_keep_days) is None:
        raise AccessDayKept("the access log is kept for ever; say for how many days before any is removed", keep_days=None)
    if (last := kept_until(day, keep)) >= ctx.today:
        raise AccessDayKept(f"{day} of the access log is kept until {last}", keep_days=keep)
    about = (ctx.fact(Read("privacy", privacy_id(person))) for person in command.people)
    if cases := sorted({case for state in about if state is not None for case in state.held(ctx.today)}):
        raise AccessDayHeld(f"{day} has entries that are kept for {', '.join(cases)}; release the hold first", cases=cases)
    return (AccessDayRemoved(day=day, rows=command.rows, root=command.root, keep_days=keep, on=ctx.today),)


def evolve(days: AccessDays | None, event: AccessDaySealed | AccessDayRemoved) -> AccessDays:
    known = days or AccessDays(event.day, event.day)
    if isinstance(event, AccessDaySealed):
        return replace(known, through=event.day)
    return replace(known, removals=_together((*known.removals, Removal(event.day, event.day, event.on, event.keep_days))))


def _together(removals: Iterable[Removal]) -> tuple[Removal, ...]:
    """In order, those that touch as one."""
    found: list[Removal] = []
    for one in sorted(removals):
        if found and one.first <= found[-1].last + ONE_DAY:
            before = found.pop()
            latest = max(before, one, key=lambda removal: removal.on)
            one = Removal(before.first, max(before.last, one.last), latest.on, latest.keep_days)  # noqa: PLW2901  grown by its neighbour
        found.append(one)
    return tuple(found)


access_days: Decider[AccessDays | None] = Decider("access_days", initial=None, decide=decide, evolve=evolve, reads=reads, state_version=2)
