"""The clocks of a contract: when something falls due by the passing of days. They only say when to look; what is so, the domain decides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from domain.contract_dates import begins, local_day
from domain.contracts.renewing import last_day
from domain.contracts.state import Contract
from domain.contracts.terms import OccurrenceStatus

LONGEST = timedelta(days=30)
"""A contract is looked at this often at least: a calendar may have got another holiday meanwhile."""
_LAST_DAY = date(9000, 1, 1)
_DAY = timedelta(days=1)


def next_due(contract: Contract, now: datetime) -> datetime | None:
    """When to look at the contract again; None where no clock of it can run any more."""
    at = next_day(contract, now)
    return None if at is None else min(at, now + LONGEST)


def next_day(contract: Contract, now: datetime) -> datetime | None:
    """When the next day begins on which something may be due, by what is known now; None where no clock of it can run any more."""
    if not contract.watched:
        return None
    today = local_day(now, contract.zone)
    coming = min((day for day in _days(contract, today) if day > today), default=_LAST_DAY)
    return begins(min(coming, _LAST_DAY), contract.zone)


def _following(day: date) -> date:
    """The day after `day`, as far as clocks run: a history may hold days from before they were bounded."""
    return min(day, _LAST_DAY) + _DAY


def _days(contract: Contract, today: date) -> Iterator[date]:
    """The days on whose beginning something may be due."""
    for occurrence in contract.occurrences.values():
        if occurrence.status is OccurrenceStatus.PENDING:
            yield occurrence.due_from
        if occurrence.open:
            yield _following(occurrence.breached_after)
    if not contract.in_force:
        return
    yield from (change.effective_on for change in contract.changes)
    last, days = last_day(contract, today), contract.dates
    if last is not None:
        yield _following(last.on)
    if days is None or days.ends_on is not None:
        return
    if days.send_by is not None:
        yield from (days.send_by - timedelta(days=ahead) for ahead in days.alert_days)
    if days.renewal_on is not None:
        yield days.renewal_on
    if days.deadline is not None:
        yield _following(days.deadline)
