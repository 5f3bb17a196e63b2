"""Reservations: a name that only one thing may have, across aggregates.

A reservation is a stream whose id follows from what is reserved, so two that want the same meet in the same stream, and
the append that guards it lets only one through. The thing that wants it writes the reservation in its own unit of work:

    reads:   yield claim.read
    decide:  return (AccountOpened(...), *reserve(ctx, claim, ctx.own_id))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.kernel import Command, Context, Decider, Event, On, Read, Refused, natural_id


class ReservationTaken(Event, topic="reservation.taken"):
    """From now on `holder` has it; a later one passes it on."""

    kind: str
    parts: tuple[str, ...]
    holder: UUID


class ReservationReleased(Event, topic="reservation.released"):
    """It is free again."""

    holder: UUID


class Reserve(Command):
    """Take what no other holds."""

    kind: str
    parts: tuple[str, ...]
    holder: UUID


class Release(Command):
    """Give it back; quiet where it is another's."""

    holder: UUID


class Taken(Refused):
    """Another holds what only one may have; `data["holder"]` says who."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Who holds it now, if anyone."""

    holder: UUID | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be held by one only: a kind, and the parts that identify it, already normalised."""

    kind: str
    parts: tuple[str, ...]

    @property
    def read(self) -> Read:
        """The stream of this reservation."""
        return Read("reservation", natural_id("reservation", self.kind, *self.parts))

    def holder(self, ctx: Context) -> UUID | None:
        """Who holds it, as the decision read it."""
        state: Reservation | None = ctx.fact(self.read)
        return state.holder if state is not None else None


def reserve(ctx: Context, claim: Claim, holder: UUID) -> tuple[On, ...]:
    """Take `claim` for `holder`; quiet if it has it already. Raises Taken, naming the holder."""
    return transfer(ctx, claim, holder, holder)


def release(ctx: Context, claim: Claim, holder: UUID) -> tuple[On, ...]:
    """Give `claim` back, if `holder` has it."""
    return (On(claim.read, ReservationReleased(holder=holder)),) if claim.holder(ctx) == holder else ()


def transfer(ctx: Context, claim: Claim, giver: UUID, taker: UUID) -> tuple[On, ...]:
    """Pass `claim` from `giver` (or from no one) to `taker`. Raises Taken if a third one has it."""
    current = claim.holder(ctx)
    if current == taker:
        return ()
    if current not in {None, giver}:
        raise _taken(claim.kind, claim.parts, current)
    return (On(claim.read, ReservationTaken(kind=claim.kind, parts=claim.parts, holder=taker)),)


def _taken(kind: str, parts: tuple[str, ...], holder: UUID | None) -> Taken:
    return Taken(
        f"The {kind.replace('_', ' ')} {' '.join(parts)} belongs to another already; open that one, or correct what was entered.",
        kind=kind,
        parts=list(parts),
        holder=str(holder),
    )


def decide(state: Reservation, command: Any, _ctx: Context) -> tuple[Event, ...]:
    match command:
        case Reserve(kind=kind, parts=parts, holder=holder):
            if state.holder == holder:
                return ()
            if state.holder is not None:
                raise _taken(kind, parts, state.holder)
            return (ReservationTaken(kind=kind, parts=parts, holder=holder),)
        case Release(holder=holder):
            return (ReservationReleased(holder=holder),) if state.holder == holder else ()
        case _:
            raise TypeError(f"a reservation knows no {type(command).__name__}")


def evolve(state: Reservation, event: Event) -> Reservation:
    match event:
        case ReservationTaken(holder=holder):
            return Reservation(holder)
        case ReservationReleased():
            return Reservation(None)
        case _:
            return state


reservations = Decider("reservation", initial=Reservation(), decide=decide, evolve=evolve)
