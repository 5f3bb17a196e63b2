"""How what happens to the obligations of contracts is told."""

from __future__ import annotations

from uuid import UUID

from domain.contracts import obligation_events as o
from domain.contracts.terms import Party, Proof
from projections.telling import Names, because, plain, telling
from projections.telling_contracts import days


def _called(obligation: UUID, names: Names) -> str:
    name = names.found.get(obligation)
    return f"“{name}”" if name else "the obligation"


def _day(event: o.OccurrenceFacts) -> str:
    """The day it is due on; and its own, by which it is known, where a weekend or the rule made that another."""
    moved = f" (that of {plain(event.occurrence)})" if event.due_on != event.occurrence else ""
    return f"{plain(event.due_on)}{moved}"


def _owes(by: Party) -> str:
    return "we" if by is Party.US else "they"


@telling(o.ObligationAdded)
def _(event: o.ObligationAdded, names: Names) -> str:
    again = f", every {days(event.recurrence.every, event.recurrence.unit.value.removesuffix('s'))}" if event.recurrence else ""
    clause = f" by clause {event.clause}" if event.clause else ""
    penalty = f"; a breach costs {event.penalty}" if event.penalty else ""
    return f"{_owes(event.by).capitalize()} owe “{event.title}”{clause}{again}; {names.of(event.owner)} sees to it{penalty}."


@telling(o.ObligationEnded)
def _(event: o.ObligationEnded, names: Names) -> str:
    return f"There will be no further {_called(event.obligation, names)}{because(event.reason)}."


@telling(o.ObligationReassigned)
def _(event: o.ObligationReassigned, names: Names) -> str:
    return f"{names.of(event.owner)} sees to {_called(event.obligation, names)}, not {names.of(event.previous)}."


@telling(o.ObligationScheduled)
def _(event: o.ObligationScheduled, _: Names) -> str:
    return f"“{event.title}” is due from {'us' if event.by is Party.US else 'them'} on {_day(event)}."


@telling(o.ObligationFellDue)
def _(event: o.ObligationFellDue, _: Names) -> str:
    return f"It is time for “{event.title}”, which {_owes(event.by)} owe by {plain(event.due_on)}."


def _shown(proof: Proof) -> str:
    shown = proof.document or proof.amount or proof.on or proof.note
    return f", as {plain(shown)} shows" if shown else ""


@telling(o.ObligationMet)
def _(event: o.ObligationMet, names: Names) -> str:
    late = f", late: it was due on {plain(event.due_on)}" if event.late else ""
    return f"{_called(event.obligation, names)} of {plain(event.occurrence)} was met on {plain(event.met_on)}{late}{_shown(event.proof)}."


@telling(o.ObligationWaived)
def _(event: o.ObligationWaived, names: Names) -> str:
    return f"{_called(event.obligation, names)}, due on {plain(event.due_on)}, was let go{because(event.reason)}."


@telling(o.ObligationBreached)
def _(event: o.ObligationBreached, _: Names) -> str:
    penalty = f"; the contract says {event.penalty}" if event.penalty else ""
    return f"“{event.title}”, due from {'us' if event.by is Party.US else 'them'} on {_day(event)}, was not done{penalty}."


@telling(o.ObligationDisputed)
def _(event: o.ObligationDisputed, names: Names) -> str:
    claim = f", for {event.claim}" if event.claim else ""
    return f"That {_called(event.obligation, names)} was not done on {_day(event)} is claimed in a dispute{claim}{because(event.note)}."


@telling(o.ObligationDropped)
def _(event: o.ObligationDropped, names: Names) -> str:
    return f"{_called(event.obligation, names)}, to be due on {plain(event.due_on)}, falls away{because(event.reason)}."
