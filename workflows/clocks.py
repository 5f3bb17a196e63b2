"""The clocks of a deal: what falls due by the passing of time, and when. The workflow and the daily sweep both ask here.

Whether it is so is decided by the domain when the command is carried out; these instants only say when to ask.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from domain.deals.commands import RecordCloseDateLapsed, RecordCommitLost, RecordStalled
from domain.deals.forecasting import local_date
from domain.deals.state import Deal
from domain.kernel import Command
from domain.stages import Category
from domain.values import zone

_LAST_DAY = date(9000, 1, 1)
"""No clock runs past this day: beyond it, calendars and databases end."""


def stalls_at(deal: Deal) -> datetime | None:
    """The first instant of the day on which the deal's stay in its stage is too long; None where the stage sets no limit."""
    if deal.max_days is None:
        return None
    return _begin(local_date(deal.since, deal.zone) + timedelta(days=deal.max_days + 1), deal.zone)


def lapses_at(close_date: date, zone_name: str) -> datetime:
    """The first instant at which a close date has passed."""
    return _begin(min(close_date, _LAST_DAY) + timedelta(days=1), zone_name)


def _begin(day: date, zone_name: str) -> datetime:
    return datetime.combine(day, time.min, zone(zone_name)).astimezone(UTC)


def clocks(deal: Deal) -> tuple[tuple[datetime, Command], ...]:
    """Every clock that still runs for the deal: when it runs out, and the command that records it. None for a closed deal."""
    if not deal.open or deal.withdrawn:
        return ()
    running: list[tuple[datetime, Command]] = []
    stalled = None if deal.stalled else stalls_at(deal)
    if stalled is not None:
        running.append((stalled, RecordStalled()))
    if deal.close_date is not None and deal.close_date not in deal.lapsed:
        running.append((lapses_at(deal.close_date, deal.zone), RecordCloseDateLapsed()))
    return tuple(running)


def due(deal: Deal, now: datetime) -> tuple[Command, ...]:
    """What has to be recorded of the deal now. A commit is asked about at each look, for it can be lost in several ways."""
    commands = tuple(command for at, command in clocks(deal) if at <= now)
    return (*commands, RecordCommitLost()) if deal.open and deal.category is Category.COMMIT else commands


def next_due(deal: Deal, now: datetime) -> datetime | None:
    """When the next clock of the deal runs out; None if none is running."""
    return min((at for at, _ in clocks(deal) if at > now), default=None)
