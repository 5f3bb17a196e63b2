"""Members: the people who work in a tenant, what they may do, who stands in for them. Teams are in `teams.py`.

Sign-in names and credentials are not here: a person signs in first, then picks a tenant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from domain.accounts.presence import account_reads
from domain.attributes import ErasableAttributes
from domain.authority import (
    Delegate,
    Delegation,
    LimitKind,
    MemberAccountSet,
    MemberDelegated,
    MemberDelegationRevoked,
    MemberLimitSet,
    MemberRolesChanged,
    RevokeDelegation,
    SetApprovalLimit,
    SetMemberAccount,
    SetRoles,
    check_administers,
    new_account,
    new_delegation,
    standing_in,
)
from domain.backdating import check_dating
from domain.hierarchy import chain_reads, check_no_cycle
from domain.imports import Provenance, UndoImport
from domain.kernel import (
    AlreadyExists,
    Command,
    Context,
    Decider,
    Event,
    Invalid,
    NotFound,
    Personal,
    Read,
    Role,
)
from domain.standing import check_active, check_team, member_read, team_read
from domain.values import Email, Money, Name, Zone


class MemberRow(BaseModel):
    """What is said of a member at the beginning, and by an import."""

    name: Personal[Name]
    email: Personal[Email | None] = None
    roles: tuple[Role, ...] = ()
    team: UUID | None = None
    manager: UUID | None = None
    zone: Zone | None = None


ROW = tuple(MemberRow.model_fields)


class _MemberFacts(Event):
    """`MemberRow` as stored: whatever was valid once must load for ever, and an erased name too."""

    name: Personal[str]
    email: Personal[str | None] = None
    roles: tuple[Role, ...] = ()
    team: UUID | None = None
    manager: UUID | None = None
    zone: str | None = None


class MemberJoined(_MemberFacts, topic="member.joined"):
    pass


class MemberImported(_MemberFacts, topic="member.imported"):
    """A source told of a member whom we did not know."""

    source: str
    source_id: Personal[str]
    run: UUID
    attributes: Personal[ErasableAttributes] = Field(default_factory=dict)


class MemberReimported(_MemberFacts, topic="member.reimported"):
    """The source says something new; events for what changed by it follow."""

    run: UUID
    attributes: Personal[ErasableAttributes] = Field(default_factory=dict)


class MemberImportUndone(Event, topic="member.import_undone"):
    """`run` never was; with `withdrawn` the member came with it and goes with it."""

    run: UUID
    withdrawn: bool


class MemberDetailsChanged(Event, topic="member.details_changed"):
    name: Personal[str]
    email: Personal[str | None]
    zone: str | None


class MemberTeamChanged(Event, topic="member.team_changed"):
    team: UUID | None


class MemberManagerChanged(Event, topic="member.manager_changed"):
    manager: UUID | None


class MemberDeactivated(Event, topic="member.deactivated"):
    """What was theirs stays theirs until it is reassigned."""


class MemberReactivated(Event, topic="member.reactivated"):
    pass


class AddMember(Command, MemberRow):
    """Take a person into the tenant."""


class ImportMember(Command, MemberRow):
    """What a source says of a member; quiet if it said so before."""

    source: Name
    source_id: Name
    run: UUID
    attributes: Personal[ErasableAttributes] = Field(default_factory=dict)


class ChangeMember(Command):
    """Change name, address or zone; fields left away stay."""

    name: Name | None = None
    email: Email | None = None
    zone: Zone | None = None


class SetTeam(Command):
    team: UUID | None


class SetManager(Command):
    """Who is asked when this member's own authority ends."""

    manager: UUID | None


class DeactivateMember(Command):
    """Let the member do nothing any more."""


class ReactivateMember(Command):
    pass


@dataclass(frozen=True, slots=True)
class Member:
    """A member; `manager` is who is asked next, `zone` None means the tenant's."""

    name: str
    email: str | None = None
    roles: frozenset[Role] = frozenset()
    team: UUID | None = None
    manager: UUID | None = None
    zone: str | None = None
    active: bool = True
    withdrawn: bool = False
    limits: Mapping[LimitKind, Money] = field(default_factory=dict)
    delegations: tuple[Delegation, ...] = ()
    account: UUID | None = None  # that a person from outside speaks for
    provenance: Provenance | None = None

    def stand_in(self, instant: datetime) -> UUID | None:
        """Who stands in at `instant`, if anyone does."""
        return standing_in(self.delegations, instant)


def _above(member: Member) -> UUID | None:
    return member.manager


def reads(member: Member | None, command: Any, facts: Mapping[UUID, Any]) -> Iterable[Read]:
    match command:
        case AddMember(team=team, manager=manager) | ImportMember(team=team, manager=manager):
            yield from chain_reads("member", manager, facts, _above)
            if team is not None:
                yield team_read(team)
        case SetManager(manager=manager):
            yield from chain_reads("member", manager, facts, _above)
        case SetTeam(team=UUID() as team):
            yield team_read(team)
        case Delegate(to=to):
            yield member_read(to)
        case SetMemberAccount(account=account):
            yield from account_reads([account])
        case UndoImport(run=run) if member is not None and member.provenance is not None:
            back = member.provenance.before(run)
            yield from chain_reads("member", back.get("manager"), facts, _above)


def _row(source: Any) -> dict[str, Any]:
    """The importable fields of a command, an event or a state; roles as a sorted tuple."""
    return {name: getattr(source, name) for name in ROW} | {"roles": tuple(sorted(source.roles))}


def _change(member: Member, changes: Mapping[str, Any], ctx: Context) -> Iterable[Event]:
    """The events by which `changes` (fields of a row) become so."""
    details = {name: changes.get(name, getattr(member, name)) for name in ("name", "email", "zone")}
    if any(getattr(member, name) != value for name, value in details.items()):
        yield MemberDetailsChanged(**details)
    if frozenset(changes.get("roles", member.roles)) != member.roles:
        yield MemberRolesChanged(roles=tuple(sorted(set(changes["roles"]))))
    if changes.get("team", member.team) != member.team:
        yield MemberTeamChanged(team=changes["team"])
    if changes.get("manager", member.manager) != member.manager:
        check_no_cycle(ctx.own_id, changes["manager"], ctx.facts, _above, "member")
        yield MemberManagerChanged(manager=changes["manager"])


def _imported(member: Member | None, command: ImportMember, ctx: Context) -> Iterable[Event]:
    said = _row(command) | {"attributes": command.attributes}
    if member is None or member.withdrawn:
        check_no_cycle(ctx.own_id, command.manager, ctx.facts, _above, "member")
        yield MemberImported(**said, source=command.source, source_id=command.source_id, run=command.run)
    elif member.provenance is None:
        raise AlreadyExists("This member was not imported; match the row with them by hand, or leave it out.")
    elif news := member.provenance.news(said):
        yield MemberReimported(**said, run=command.run)
        yield from _change(member, news, ctx)


def decide(member: Member | None, command: Any, ctx: Context) -> tuple[Event, ...]:
    check_dating(ctx)
    match command:
        case AddMember():
            check_administers(ctx)
            if member is not None:
                raise AlreadyExists("This member is here already; change them instead.")
            check_active(ctx, command.manager, "manager")
            check_team(ctx, command.team)
            return (MemberJoined(**_row(command)),)
        case ImportMember():
            return tuple(_imported(member, command, ctx))
    if member is None or member.withdrawn:
        raise NotFound("There is no such member; add them first.")
    match command:
        case UndoImport(run=run):
            return tuple(_undone(member, run, ctx))
        case ChangeMember():
            check_administers(ctx, or_self=True)
            given = {name: getattr(command, name) for name in command.model_fields_set}
            if given.get("name", member.name) is None:
                raise Invalid("A member needs a name; enter one or leave the field away.")
            return tuple(_change(member, given, ctx))
        case SetRoles(roles=roles):
            check_administers(ctx)
            return tuple(_change(member, {"roles": roles}, ctx))
        case SetTeam(team=team):
            check_administers(ctx, or_self=False)
            check_team(ctx, team)
            return tuple(_change(member, {"team": team}, ctx))
        case SetManager(manager=manager):
            check_administers(ctx)
            check_active(ctx, manager, "manager")
            return tuple(_change(member, {"manager": manager}, ctx))
        case SetApprovalLimit(kind=kind, limit=limit):
            check_administers(ctx)
            if limit is not None and limit.amount < 0:
                raise Invalid("A limit cannot be negative; use 0, or none at all.")
            return () if member.limits.get(kind) == limit else (MemberLimitSet(kind=kind, limit=limit),)
        case SetMemberAccount(account=account):
            return new_account(member.account, account, ctx)
        case Delegate(to=to):
            check_administers(ctx, or_self=True)
            check_active(ctx, to)
            return new_delegation(member.delegations, command, member.zone or "UTC", ctx)
        case RevokeDelegation(delegation=delegation):
            check_administers(ctx, or_self=True)
            known = any(d.id == delegation for d in member.delegations)
            return (MemberDelegationRevoked(delegation=delegation),) if known else ()
        case DeactivateMember():
            check_administers(ctx)
            return (MemberDeactivated(),) if member.active else ()
        case ReactivateMember():
            check_administers(ctx)
            return () if member.active else (MemberReactivated(),)
        case _:
            raise TypeError(f"a member knows no {type(command).__name__}")


def _undone(member: Member, run: UUID, ctx: Context) -> Iterable[Event]:
    if member.provenance is None or not member.provenance.spoke(run):
        return
    back = member.provenance.returning(run, _row(member))
    yield MemberImportUndone(run=run, withdrawn=back is None)
    yield from _change(member, back or {}, ctx)


def evolve(member: Member | None, event: Event) -> Member | None:
    match event:
        case MemberJoined():
            return Member(**_row(event) | {"roles": frozenset(event.roles)})
        case MemberImported(source=source, source_id=source_id, run=run):
            said = _row(event) | {"attributes": event.attributes}
            provenance = Provenance(source, source_id).heard(run, said)
            return Member(**_row(event) | {"roles": frozenset(event.roles)}, provenance=provenance)
    if member is None:
        return None
    match event:
        case MemberReimported(run=run) if member.provenance is not None:
            said = _row(event) | {"attributes": event.attributes}
            return replace(member, provenance=member.provenance.heard(run, said))
        case MemberImportUndone(run=run, withdrawn=withdrawn) if member.provenance is not None:
            return replace(member, provenance=member.provenance.without(run), withdrawn=withdrawn, active=member.active and not withdrawn)
        case MemberDetailsChanged(name=name, email=email, zone=zone):
            return replace(member, name=name, email=email, zone=zone)
        case MemberRolesChanged(roles=roles):
            return replace(member, roles=frozenset(roles))
        case MemberTeamChanged(team=team):
            return replace(member, team=team)
        case MemberManagerChanged(manager=manager):
            return replace(member, manager=manager)
        case MemberLimitSet(kind=kind, limit=limit):
            others = {k: v for k, v in member.limits.items() if k != kind}
            return replace(member, limits=others if limit is None else {**others, kind: limit})
        case MemberAccountSet(account=account):
            return replace(member, account=account)
        case MemberDelegated(delegation=id, to=to, first_day=first, last_day=last, zone=zone):
            return replace(member, delegations=(*member.delegations, Delegation(id, to, first, last, zone)))
        case MemberDelegationRevoked(delegation=id):
            return replace(member, delegations=tuple(d for d in member.delegations if d.id != id))
        case MemberDeactivated() | MemberReactivated():
            return replace(member, active=isinstance(event, MemberReactivated))
        case _:
            return member


members = Decider("member", initial=None, decide=decide, evolve=evolve, reads=reads, personal=True)
