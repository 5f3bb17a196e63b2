"""Locks on the lines of documents: a line sits in one open case only.

A lock is a stream whose id follows from the account and the line, so two cases that want the same line meet in the same
stream, and the append that guards it lets only one through. Only a split shares a lock, for the child has its part from the
parent; the line is free for others when neither holds it any more.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.disputes.refusals import LineInOtherCase
from domain.disputes.terms import LineReference
from domain.kernel import Context, Decider, Event, On, Read, natural_id


class DisputeLineLocked(Event, topic="dispute_line.locked"):
    """`case` disputes this line of a document of `account`; `shared_by`: the case that it was split from."""

    account: UUID
    reference: LineReference
    case: UUID
    shared_by: UUID | None = None


class DisputeLineFreed(Event, topic="dispute_line.freed"):
    """`case` disputes the line no more."""

    case: UUID


def lock_read(account: UUID, reference: LineReference) -> Read:
    """The stream of the line's lock."""
    return Read("dispute_line", natural_id("dispute_line", str(account), *reference.parts))


def lock(ctx: Context, account: UUID, reference: LineReference, case: UUID, shared_by: UUID | None = None) -> tuple[On, ...]:
    """Take the line for `case`; quiet if it has it. Raises LineInOtherCase, naming the case that has it."""
    read = lock_read(account, reference)
    holders: frozenset[UUID] = ctx.fact(read) or frozenset()
    if case in holders:
        return ()
    if holders and shared_by not in holders:
        other = min(holders)
        raise LineInOtherCase(
            f"Line {reference.line} of {reference.kind} {reference.document} is in another open case already; work there, or leave it out.",
            case=str(other),
            reference=reference.model_dump(mode="json", exclude={"id"}),
        )
    return (On(read, DisputeLineLocked(account=account, reference=reference, case=case, shared_by=shared_by)),)


def free(ctx: Context, account: UUID, reference: LineReference, case: UUID) -> tuple[On, ...]:
    """Give the line back, if `case` has it."""
    read = lock_read(account, reference)
    return (On(read, DisputeLineFreed(case=case)),) if case in (ctx.fact(read) or ()) else ()


def decide(_holders: frozenset[UUID], command: Any, _ctx: Context) -> tuple[Event, ...]:
    """A lock is moved by the cases' decisions only."""
    raise TypeError(f"a line's lock knows no {type(command).__name__}")


def evolve(holders: frozenset[UUID], event: Event) -> frozenset[UUID]:
    match event:
        case DisputeLineLocked(case=case):
            return holders | {case}
        case DisputeLineFreed(case=case):
            return holders - {case}
        case _:
            return holders


locks: Decider[frozenset[UUID]] = Decider("dispute_line", frozenset(), decide, evolve)
"""Its state: the cases that hold the line."""
