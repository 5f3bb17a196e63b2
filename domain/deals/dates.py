"""When a deal is expected to close, how often that was put off, and what the clock records of it."""

from __future__ import annotations

from datetime import date

from domain.deals.commands import MoveCloseDate, RecordCloseDateLapsed, RecordStalled
from domain.deals.events import DealCloseDateLapsed, DealCloseDateMoved, DealStalled
from domain.deals.forecasting import local_date, today
from domain.deals.refusals import CloseDateInPast, CloseDateReasonNeeded, CloseDateTooFar
from domain.deals.rules import rules_of
from domain.deals.state import Deal
from domain.kernel import Context, Event
from domain.values import LATEST_DAY


def check_close_date(close_date: date, now: date, zone: str) -> None:
    """Refuse a day that has passed in the deal's zone, and one that is too far away to be meant."""
    if close_date > LATEST_DAY:
        raise CloseDateTooFar(
            f"A deal cannot be expected to close on {close_date}; choose {LATEST_DAY} or earlier.",
            close_date=close_date.isoformat(),
            latest=LATEST_DAY.isoformat(),
        )
    if close_date < now:
        raise CloseDateInPast(
            f"An open deal cannot close on {close_date}, which has passed; choose {now} or later.",
            close_date=close_date.isoformat(),
            today=now.isoformat(),
            zone=zone,
        )


def moved(deal: Deal, close_date: date, reason: str | None, rules: int = 0) -> DealCloseDateMoved:
    """The move to another day: a push, if it leads into a later calendar month."""
    before = deal.close_date
    pushed = before is not None and (close_date.year, close_date.month) > (before.year, before.month)
    return DealCloseDateMoved(
        close_date=close_date, previous=before, pushed=pushed, pushes=deal.pushes + pushed, reason=reason, rules=rules
    )


def move_close_date(deal: Deal, command: MoveCloseDate, ctx: Context) -> tuple[Event, ...]:
    """Raises CloseDateInPast, CloseDateTooFar, CloseDateReasonNeeded."""
    if command.close_date == deal.close_date:
        return ()
    check_close_date(command.close_date, today(deal, ctx), deal.zone)
    days = abs((command.close_date - deal.close_date).days) if deal.close_date else 0
    rules = rules_of(ctx)
    if days > rules.close_date_reason_over and command.reason is None:
        raise CloseDateReasonNeeded(
            f"Moving the close date by {days} days needs a reason; say why.", days=days, limit=rules.close_date_reason_over
        )
    return (moved(deal, command.close_date, command.reason, rules.version),)


def record_lapsed(deal: Deal, _command: RecordCloseDateLapsed, ctx: Context) -> tuple[Event, ...]:
    """Once per date, when it has passed in the deal's zone."""
    if not deal.open or deal.close_date is None or deal.close_date in deal.lapsed or deal.close_date >= today(deal, ctx):
        return ()
    return (DealCloseDateLapsed(close_date=deal.close_date, owner=deal.owner),)


def record_stalled(deal: Deal, _command: RecordStalled, ctx: Context) -> tuple[Event, ...]:
    """Once per stay in a stage, when the days in it exceed what the stage allows."""
    if not deal.open or deal.stalled or deal.max_days is None:
        return ()
    days = (today(deal, ctx) - local_date(deal.since, deal.zone)).days
    if days <= deal.max_days:
        return ()
    return (DealStalled(stage=deal.stage, since=deal.since, days=days, max_days=deal.max_days, owner=deal.owner),)
