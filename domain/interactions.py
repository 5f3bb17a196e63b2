"""Interactions: what was said, by whom, with whom and when, and what was promised (`follow_ups.py`).

The words are personal and have a key of their own, that of the interaction's stream. A correction is a new event: what
stood there before stays in the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.accounts.presence import account_reads, check_present
from domain.backdating import check_dating
from domain.contacts import check_contact, contact_read
from domain.follow_ups import AddFollowUp, FollowUp, FollowUpPlan, ReassignFollowUp, follow, followed, planned
from domain.kernel import AlreadyExists, Command, Context, Decider, Event, Instant, Invalid, NotFound, Personal, Read, Refused
from domain.settings import SETTINGS_READ
from domain.standing import check_active, member_read
from domain.values import Name, Prose


class InteractionKind(StrEnum):
    CALL = "call"
    MEETING = "meeting"
    EMAIL = "email"
    VISIT = "visit"
    CHAT = "chat"
    NOTE = "note"


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class _Content(Event):
    """All of an interaction: a correction states it anew."""

    kind: InteractionKind
    happened_at: Instant
    by: UUID
    accounts: tuple[UUID, ...] = ()
    contacts: tuple[UUID, ...] = ()
    members: tuple[UUID, ...] = ()
    deal: UUID | None = None
    contract: UUID | None = None
    dispute: UUID | None = None
    direction: Direction | None = None
    minutes: int | None = None
    subject_line: Personal[str | None] = None
    text: Personal[str | None] = None


FIELDS = tuple(_Content.model_fields)


class InteractionRecorded(_Content, topic="interaction.recorded"):
    """`by` held it, other `members` were there."""


class InteractionCorrected(_Content, topic="interaction.corrected"):
    """As it really was, as a whole, and why it was corrected."""

    reason: str


class InteractionRetracted(Event, topic="interaction.retracted"):
    """It did not happen, or belongs nowhere here; it stays in the history."""

    reason: str


_People = Annotated[tuple[UUID, ...], Field(max_length=100)]
_Minutes = Annotated[int, Field(ge=0, le=24 * 60)]


class RecordInteraction(Command):
    """Write down what happened. `by` is left away for oneself."""

    kind: InteractionKind
    happened_at: Instant
    by: UUID | None = None
    accounts: _People = ()
    contacts: _People = ()
    members: _People = ()
    deal: UUID | None = None
    contract: UUID | None = None
    dispute: UUID | None = None
    direction: Direction | None = None
    minutes: _Minutes | None = None
    subject_line: Name | None = None
    text: Prose | None = None
    follow_ups: Annotated[tuple[FollowUpPlan, ...], Field(max_length=20)] = ()


class CorrectInteraction(Command):
    """State some of it anew; fields left away stay, null clears."""

    reason: Name
    kind: InteractionKind | None = None
    happened_at: Instant | None = None
    by: UUID | None = None
    accounts: _People | None = None
    contacts: _People | None = None
    members: _People | None = None
    deal: UUID | None = None
    contract: UUID | None = None
    dispute: UUID | None = None
    direction: Direction | None = None
    minutes: _Minutes | None = None
    subject_line: Name | None = None
    text: Prose | None = None


class RetractInteraction(Command):
    reason: Name


class InteractionIsRetracted(Refused):
    """It was retracted; record what happened anew."""


class NotYetHappened(Refused):
    """What lies ahead is no interaction; plan a follow-up."""


class BelongsNowhere(Invalid):
    """An interaction belongs to at least one account or contact."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """An interaction as it is told now."""

    kind: InteractionKind
    happened_at: datetime
    by: UUID
    accounts: tuple[UUID, ...] = ()
    contacts: tuple[UUID, ...] = ()
    members: tuple[UUID, ...] = ()
    deal: UUID | None = None
    contract: UUID | None = None
    dispute: UUID | None = None
    direction: Direction | None = None
    minutes: int | None = None
    subject_line: str | None = None
    text: str | None = None
    follow_ups: Mapping[UUID, FollowUp] = field(default_factory=dict)
    retracted: bool = False


CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours another clock may be."""
_LISTS = ("accounts", "contacts", "members")


def _deal_read(id: UUID) -> Read:
    return Read("deal", id)


def reads(_state: Interaction | None, command: Any, _facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """Everything it is to belong to, and the owners of its follow-ups with the zones their days are in."""
    plans: tuple[FollowUpPlan, ...] = ()
    match command:
        case RecordInteraction() | CorrectInteraction():
            yield from account_reads(command.accounts or ())
            yield from (contact_read(id) for id in command.contacts or ())
            people = (*(command.members or ()), *([command.by] if command.by else []))
            yield from (member_read(id) for id in people)
            if command.deal is not None:
                yield _deal_read(command.deal)
            plans = getattr(command, "follow_ups", ())
        case AddFollowUp(plan=plan):
            plans = (plan,)
        case ReassignFollowUp(owner=owner):
            yield member_read(owner)
    if plans:
        yield SETTINGS_READ
        yield from (member_read(plan.owner) for plan in plans)


def _planned(plan: FollowUpPlan, ctx: Context) -> Event:
    check_active(ctx, plan.owner, "owner")
    settings = ctx.fact(SETTINGS_READ)
    return planned(plan, ctx.fact(member_read(plan.owner)).zone or (settings.zone if settings else "UTC"), ctx)


def _check_links(command: RecordInteraction | CorrectInteraction, ctx: Context) -> None:
    """Refuse what it would belong to if that is not there. Who has left since may well have been in the room."""
    for account in command.accounts or ():
        check_present(ctx, account)
    for contact in command.contacts or ():
        check_contact(ctx, contact)
    for member in (*(command.members or ()), *([command.by] if command.by else [])):
        if ctx.fact(member_read(member)) is None:
            raise NotFound("There is no such member; choose one of the tenant's members.", member=str(member))
    if command.deal is not None and ctx.fact(_deal_read(command.deal)) is None:
        raise NotFound("There is no such deal; choose one that exists.", deal=str(command.deal))


def _check_content(content: Mapping[str, Any], ctx: Context) -> None:
    if not content["accounts"] and not content["contacts"]:
        raise BelongsNowhere("An interaction belongs to at least one account or contact; name one.")
    if content["happened_at"] > ctx.now + CLOCK_SKEW:
        raise NotYetHappened("This lies ahead; plan a follow-up, and record the interaction when it has happened.")
    if content["subject_line"] is None and content["text"] is None:
        raise Invalid("Say what it was about: a subject, or what was said.")


def _once(ids: Iterable[UUID]) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(ids))


def _recorded(command: RecordInteraction, ctx: Context) -> Iterable[Event]:
    _check_links(command, ctx)
    content = {name: getattr(command, name) for name in FIELDS} | {"by": command.by or ctx.actor.id}
    _check_content(content, ctx)
    yield InteractionRecorded(**content | {name: _once(content[name]) for name in _LISTS})
    for plan in command.follow_ups:
        yield _planned(plan, ctx)


def _corrected(state: Interaction, command: CorrectInteraction, ctx: Context) -> Iterable[Event]:
    _check_links(command, ctx)
    before = {name: getattr(state, name) for name in FIELDS}
    given = {name: getattr(command, name) for name in FIELDS if name in command.model_fields_set}
    required = {name for name in ("kind", "happened_at", "by") if name in given and given[name] is None}
    if required:
        raise Invalid(f"An interaction cannot be without {', '.join(sorted(required))}; enter it or leave the field away.")
    after = before | given
    after |= {name: _once(after[name] or ()) for name in _LISTS}
    _check_content(after, ctx)
    if after != before:
        yield InteractionCorrected(**after, reason=command.reason)


def decide(state: Interaction | None, command: Any, ctx: Context) -> tuple[Event, ...]:
    # recording yesterday's call today is the normal case, so the day it happened on needs no right to date back
    if not (isinstance(command, RecordInteraction) and ctx.effective_at == command.happened_at):
        check_dating(ctx)
    if isinstance(command, RecordInteraction):
        if state is not None:
            raise AlreadyExists("This interaction is recorded already; correct it instead.")
        return tuple(_recorded(command, ctx))
    if state is None:
        raise NotFound("There is no such interaction; record it first.")
    if state.retracted:
        if isinstance(command, RetractInteraction):
            return ()
        raise InteractionIsRetracted("This interaction was retracted; record what happened anew.")
    match command:
        case CorrectInteraction():
            return tuple(_corrected(state, command, ctx))
        case RetractInteraction(reason=reason):
            return (InteractionRetracted(reason=reason),)
        case AddFollowUp(plan=plan):
            return (_planned(plan, ctx),)
        case ReassignFollowUp(owner=owner):
            check_active(ctx, owner, "owner")
    return tuple(follow(state.follow_ups, command, ctx))


def evolve(state: Interaction | None, event: Event) -> Interaction | None:
    if isinstance(event, InteractionRecorded):
        return Interaction(**{name: getattr(event, name) for name in FIELDS})
    if state is None:
        return None
    match event:
        case InteractionCorrected():
            return replace(state, **{name: getattr(event, name) for name in FIELDS})
        case InteractionRetracted():
            return replace(state, retracted=True)
    follow_ups = followed(state.follow_ups, event)
    return state if follow_ups is None else replace(state, follow_ups=follow_ups)


interactions = Decider("interaction", initial=None, decide=decide, evolve=evolve, reads=reads, personal=True)
