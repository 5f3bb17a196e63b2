"""Locks on the lines of documents: a line sits in one open case only.

A lock is a stream whose id follows from the account and the line, so two cases that want the same line meet in the same
stream, and the append that guards it lets only one through. Only a split shares a lock, for the child has its part from the
parent; the line is free for others when neither holds it any more. Cases that split it among them are of one family, for good:
one that was closed takes its part up again beside the others, whose parts are not its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Lock:
    """Who holds a line; `families`: of each case that had its part by a split, the case that the parts are from."""

    holders: frozenset[UUID] = frozenset()
    families: Mapping[UUID, UUID] = field(default_factory=dict)

    def family(self, case: UUID) -> UUID:
        return self.families.get(case, case)


FREE = Lock()


def lock_read(account: UUID, reference: LineReference) -> Read:
    """The stream of the line's lock."""
    return Read("dispute_line", natural_id("dispute_line", str(account), *reference.parts))


def lock(ctx: Context, account: UUID, reference: LineReference, case: UUID, shared_by: UUID | None = None) -> tuple[On, ...]:
    """Take the line for `case`; quiet if it has it. Raises LineInOtherCase, naming the case that has it."""
    read = lock_read(account, reference)
    known: Lock = ctx.fact(read) or FREE
    if case in known.holders:
        return ()
    family = known.family(shared_by or case)
    strangers = [holder for holder in known.holders if known.family(holder) != family]
    if strangers:
        other = min(strangers)
        raise LineInOtherCase(
            f"Line {reference.line} of {reference.kind} {reference.document} is in another open case already; work there, or leave it out.",
            case=str(other),
            reference=reference.model_dump(mode="json", exclude={"id"}),
        )
    return (On(read, DisputeLineLocked(account=account, reference=reference, case=case, shared_by=shared_by)),)


def free(ctx: Context, account: UUID, reference: LineReference, case: UUID) -> tuple[On, ...]:
    """Give the line back, if `case` has it."""
    read = lock_read(account, reference)
    known: Lock = ctx.fact(read) or FREE
    return (On(read, DisputeLineFreed(case=case)),) if case in known.holders else ()


def decide(_lock: Lock, command: Any, _ctx: Context) -> tuple[Event, ...]:
    """A lock is moved by the cases' decisions only."""
    raise TypeError(f"a line's lock knows no {type(command).__name__}")


def evolve(lock: Lock, event: Event) -> Lock:
    match event:
        case DisputeLineLocked(case=case, shared_by=None):
            return Lock(lock.holders | {case}, lock.families)
        case DisputeLineLocked(case=case, shared_by=UUID() as parent):
            return Lock(lock.holders | {case}, {**lock.families, case: lock.family(parent)})
        case DisputeLineFreed(case=case):
            return Lock(lock.holders - {case}, lock.families)
        case _:
            return lock


locks: Decider[Lock] = Decider("dispute_line", FREE, decide, evolve)
"""Its state: the cases that hold the line, and who shared it with whom."""
