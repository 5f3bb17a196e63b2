"""Follow-ups: what someone promised to do next, by when. Part of the stream of the interaction that they came out of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from domain.kernel import Command, Context, Event, Invalid, NotFound, Personal, Refused
from domain.values import Name, Prose, Text, Zone, zone


class FollowUpAdded(Event, topic="follow_up.added"):
    """`owner` is to do it by the end of `due`, a day in `zone`."""

    follow_up: UUID
    text: Personal[str]
    owner: UUID
    due: date
    zone: str


class FollowUpCompleted(Event, topic="follow_up.completed"):
    follow_up: UUID
    outcome: Personal[str | None] = None


class FollowUpReopened(Event, topic="follow_up.reopened"):
    follow_up: UUID


class FollowUpCancelled(Event, topic="follow_up.cancelled"):
    """Nobody will do it."""

    follow_up: UUID
    reason: str


class FollowUpRescheduled(Event, topic="follow_up.rescheduled"):
    follow_up: UUID
    due: date
    zone: str


class FollowUpReassigned(Event, topic="follow_up.reassigned"):
    follow_up: UUID
    owner: UUID


class FollowUpPlan(Text):
    """What is to be done. Without `zone` the day is one in the owner's zone."""

    text: Prose
    owner: UUID
    due: date
    zone: Zone | None = None


class AddFollowUp(Command):
    """Promise to do something by a day."""

    plan: FollowUpPlan


class CompleteFollowUp(Command):
    follow_up: UUID
    outcome: Prose | None = None


class ReopenFollowUp(Command):
    follow_up: UUID


class CancelFollowUp(Command):
    follow_up: UUID
    reason: Name


class RescheduleFollowUp(Command):
    follow_up: UUID
    due: date


class ReassignFollowUp(Command):
    follow_up: UUID
    owner: UUID


class FollowUpDone(Refused):
    """The follow-up is done or cancelled; reopen it first."""


class DueDatePast(Refused):
    """Nothing can be promised for a day that is over."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    owner: UUID
    due: date
    zone: str
    open: bool = True


FollowUps = Mapping[UUID, FollowUp]


def _check_due(due: date, zone_name: str, ctx: Context) -> None:
    today = ctx.now.astimezone(zone(zone_name)).date()
    if due < today:
        raise DueDatePast(f"{due} is over; choose {today} or later.", due=due.isoformat(), today=today.isoformat())


def planned(plan: FollowUpPlan, default_zone: str, ctx: Context) -> FollowUpAdded:
    """The event of a new follow-up. Raises DueDatePast."""
    zone_name = plan.zone or default_zone
    _check_due(plan.due, zone_name, ctx)
    return FollowUpAdded(follow_up=ctx.new_id(), text=plan.text, owner=plan.owner, due=plan.due, zone=zone_name)


def _open(follow_ups: FollowUps, id: UUID) -> FollowUp:
    found = _known(follow_ups, id)
    if not found.open:
        raise FollowUpDone("This follow-up is done; reopen it first.", follow_up=str(id))
    return found


def _known(follow_ups: FollowUps, id: UUID) -> FollowUp:
    found = follow_ups.get(id)
    if found is None:
        raise NotFound("There is no such follow-up here; add it first.", follow_up=str(id))
    return found


def follow(follow_ups: FollowUps, command: Any, ctx: Context) -> Iterable[Event]:
    """What a command about one follow-up leads to; repeated ones are quiet."""
    match command:
        case CompleteFollowUp(follow_up=id, outcome=outcome):
            if _known(follow_ups, id).open:
                yield FollowUpCompleted(follow_up=id, outcome=outcome)
        case CancelFollowUp(follow_up=id, reason=reason):
            if _known(follow_ups, id).open:
                yield FollowUpCancelled(follow_up=id, reason=reason)
        case ReopenFollowUp(follow_up=id):
            if not _known(follow_ups, id).open:
                yield FollowUpReopened(follow_up=id)
        case RescheduleFollowUp(follow_up=id, due=due):
            current = _open(follow_ups, id)
            if current.due != due:
                _check_due(due, current.zone, ctx)
                yield FollowUpRescheduled(follow_up=id, due=due, zone=current.zone)
        case ReassignFollowUp(follow_up=id, owner=owner):
            if _open(follow_ups, id).owner != owner:
                yield FollowUpReassigned(follow_up=id, owner=owner)
        case _:
            raise Invalid(f"An interaction knows no {type(command).__name__}.")


def followed(follow_ups: FollowUps, event: Event) -> FollowUps | None:
    """The follow-ups after `event`; None if it is not about them."""
    match event:
        case FollowUpAdded(follow_up=id, owner=owner, due=due, zone=zone_name):
            return {**follow_ups, id: FollowUp(owner, due, zone_name)}
        case FollowUpCompleted(follow_up=id) | FollowUpCancelled(follow_up=id):
            changes: dict[str, Any] = {"open": False}
        case FollowUpReopened(follow_up=id):
            changes = {"open": True}
        case FollowUpRescheduled(follow_up=id, due=due, zone=zone_name):
            changes = {"due": due, "zone": zone_name}
        case FollowUpReassigned(follow_up=id, owner=owner):
            changes = {"owner": owner}
        case _:
            return None
    return {**follow_ups, id: replace(follow_ups[id], **changes)} if id in follow_ups else follow_ups
