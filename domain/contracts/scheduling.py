"""Which occurrence of each obligation comes next, and what the passing of days makes of those that are open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.calendars import Calendar
from domain.contracts import obligation_events as o
from domain.contracts.days import calendar_of, known_end, today
from domain.contracts.in_force import EARLIEST, LATEST, coming_end, terms_on
from domain.contracts.state import Contract, Obligation, Occurrence
from domain.contracts.terms import OccurrenceStatus
from domain.kernel import Context, Event
from domain.obligation_dates import DueUnit, due_day, first_nominal, next_nominal

_DAYS_A_UNIT = {DueUnit.DAYS: 1, DueUnit.MONTHS: 31, DueUnit.BUSINESS_DAYS: 10}
_MARGIN = 60
_AFTER = "It does not come before the end."
_FAR = f"No contract lasts beyond {LATEST}."


def rescheduled(contract: Contract, ctx: Context) -> Iterator[Event]:
    """What has to be told of the occurrences to come: the next of each obligation, days that moved, those that will not come."""
    if not contract.in_force and contract.ended_on is None:
        return
    calendar, day = calendar_of(contract, ctx), today(contract, ctx)
    term = _term(contract, day)
    for id, obligation in contract.obligations.items():
        held_of = {key[1]: held for key, held in contract.occurrences.items() if key[0] == id}
        for nominal, held in held_of.items():
            if _came_in_vain(held, contract) and not term.owes(nominal, held):
                yield o.ObligationDropped(obligation=id, occurrence=nominal, due_on=held.due_on, reason=_AFTER)
        pending = {nominal: held for nominal, held in held_of.items() if held.status is OccurrenceStatus.PENDING}
        # a nominal day that has come stays the one it was, also when the term that it belongs to is over
        come = (nominal for nominal in pending if nominal < day and not obligation.ended and term.includes(nominal))
        wanted = next(come, None) or _next(contract, obligation, term, calendar)
        for nominal, held in pending.items():
            if nominal != wanted:
                reason = _FAR if nominal > LATEST else _AFTER if wanted is None else "Its day has moved."
                yield o.ObligationDropped(obligation=id, occurrence=nominal, due_on=held.due_on, reason=reason)
        if wanted is not None:
            scheduled = _scheduled(id, obligation, wanted, calendar)
            if _days(scheduled) != _days(pending.get(wanted)):
                yield scheduled


def _came_in_vain(held: Occurrence, contract: Contract) -> bool:
    """Whether an occurrence has come that is not settled; once the contract is over, also one that counts as breached, unless claimed."""
    breached = held.status is OccurrenceStatus.BREACHED and held.dispute is None and contract.ended_on is not None
    return breached or held.status is OccurrenceStatus.DUE


def _term(contract: Contract, day: date) -> Term:
    end = coming_end(contract, day)
    known = known_end(contract, end)
    last = contract.ended_on or (known.on if known is not None else None)
    return Term(terms_on(contract, day).start, last or end, last)


class Term(NamedTuple):
    """The term that runs: its first day, its last as far as that is known, and the contract's last if that is known."""

    start: date
    end: date | None
    last: date | None

    def includes(self, nominal: date) -> bool:
        return self.last is None or nominal <= self.last

    def owes(self, nominal: date, held: Occurrence) -> bool:
        """Whether what has come stays owed: its own day, or the one on which it was due, is not after the contract's last."""
        return self.includes(min(nominal, held.due_on))


def followed_from(contract: Contract, obligation: Obligation) -> date:
    """What is due before that day is not followed: nothing is owed by a contract that is neither signed nor has begun."""
    if contract.signed_on is None:
        return obligation.since
    return max(obligation.since, min(contract.signed_on, contract.terms.start))


def first_followed(contract: Contract, obligation: Obligation, ctx: Context) -> date | None:
    """The first nominal day from which the obligation is followed, whether or not the contract lasts until then; None: there is none."""
    day = today(contract, ctx)
    return _found(contract, obligation, Term(terms_on(contract, day).start, coming_end(contract, day), None), calendar_of(contract, ctx))


def _next(contract: Contract, obligation: Obligation, term: Term, calendar: Calendar) -> date | None:
    """The nominal day of the next occurrence that may be pending."""
    found = None if obligation.ended else _found(contract, obligation, term, calendar)
    return found if found is not None and term.includes(found) else None


def _found(contract: Contract, obligation: Obligation, term: Term, calendar: Calendar) -> date | None:
    first = first_nominal(obligation.due, term.start, term.end)
    if first is None:
        return None
    since = max(followed_from(contract, obligation), EARLIEST)
    span = abs(obligation.due.offset) * _DAYS_A_UNIT[obligation.due.unit] + _MARGIN
    after = since - timedelta(days=span)
    if obligation.last is not None:
        after = max(after, obligation.last)
    # a history may hold days from before they were bounded: what would come later than any contract lasts does not come
    if after >= LATEST:
        return None
    found = next_nominal(first, obligation.recurrence, after)
    while found is not None and found <= LATEST and due_day(obligation.due, found, calendar) < since:
        found = next_nominal(first, obligation.recurrence, found)
    return found if found is not None and found <= LATEST else None


def _scheduled(id: UUID, obligation: Obligation, nominal: date, calendar: Calendar) -> o.ObligationScheduled:
    due_on = due_day(obligation.due, nominal, calendar)
    return o.ObligationScheduled(
        obligation=id,
        occurrence=nominal,
        due_on=due_on,
        title=obligation.title,
        by=obligation.by,
        owner=obligation.owner,
        due_from=due_on - timedelta(days=obligation.lead_days),
        breached_after=due_on + timedelta(days=obligation.grace_days),
    )


def _days(of: o.ObligationScheduled | Occurrence | None) -> tuple[date, date, date] | None:
    return None if of is None else (of.due_on, of.due_from, of.breached_after)


def passed(contract: Contract, ctx: Context) -> Iterator[Event]:
    """What the clock has brought about for the occurrences that are scheduled, earliest first."""
    day = today(contract, ctx)
    term = _term(contract, day)
    coming = ((held.due_on, key, held) for key, held in contract.occurrences.items() if held.open and term.owes(key[1], held))
    for _, (id, nominal), held in sorted(coming, key=lambda found: (found[0], str(found[1]))):
        obligation = contract.obligations[id]
        facts = {"obligation": id, "occurrence": nominal, "due_on": held.due_on}
        names = {"title": obligation.title, "by": obligation.by, "owner": obligation.owner}
        if held.status is OccurrenceStatus.PENDING and held.due_from <= day:
            yield o.ObligationFellDue.trusted(**facts, **names)
        if held.breached_after < day:
            yield o.ObligationBreached.trusted(
                **facts,
                **names,
                party=contract.party,
                clause=obligation.clause,
                breached_after=held.breached_after,
                penalty=obligation.penalty,
            )
