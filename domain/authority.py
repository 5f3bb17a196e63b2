"""Authority: the roles a member has, what they may approve, whom they speak for, and who stands in for them. Part of the member's stream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from domain.accounts.presence import check_present
from domain.kernel import SYSTEM, Command, Context, Event, Forbidden, Invalid, Refused, Role
from domain.values import Money, Payable, zone


class LimitKind(StrEnum):
    """What an approval limit is about; its amount is in the currency it was given in."""

    DEAL = "deal"
    WRITE_OFF = "write_off"
    SPEND = "spend"


class MemberRolesChanged(Event, topic="member.roles_changed"):
    """All roles from now on."""

    roles: tuple[Role, ...]


class MemberLimitSet(Event, topic="member.limit_set"):
    """May approve up to `limit`; None: nothing of this kind."""

    kind: LimitKind
    limit: Money | None


class MemberAccountSet(Event, topic="member.account_set"):
    """A person from outside speaks for this account from now on; None: for none."""

    account: UUID | None


class MemberDelegated(Event, topic="member.delegated"):
    """`to` stands in from `first_day` to `last_day`, both included, in `zone`."""

    delegation: UUID
    to: UUID
    first_day: date
    last_day: date
    zone: str


class MemberDelegationRevoked(Event, topic="member.delegation_revoked"):
    delegation: UUID


class SetRoles(Command):
    """All roles from now on."""

    roles: tuple[Role, ...]


class SetApprovalLimit(Command):
    kind: LimitKind
    limit: Payable | None


class SetMemberAccount(Command):
    """Say which account a person from outside (a supplier's, customer's or partner's) speaks for: they see what is with it, nothing else."""

    account: UUID | None


class OwnAuthority(Forbidden):
    """Nobody changes their own authority."""


class Delegate(Command):
    """Let another stand in, on whole days in the member's zone."""

    to: UUID
    first_day: date
    last_day: date


class RevokeDelegation(Command):
    """End a delegation, or take back one that has not begun."""

    delegation: UUID


class DelegationOverlaps(Refused):
    """Someone stands in on some of these days already."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """`to` stands in from `first_day` to `last_day`, both included, as days in `zone`."""

    id: UUID
    to: UUID
    first_day: date
    last_day: date
    zone: str

    def covers(self, instant: datetime) -> bool:
        """Whether `instant` falls on one of its days."""
        return self.first_day <= instant.astimezone(zone(self.zone)).date() <= self.last_day


def check_administers(ctx: Context, *, or_self: bool = False) -> None:
    """Refuse who is neither an administrator nor Concord itself, and an administrator who acts on themselves.

    With `or_self` the member may do it for themselves.
    """
    own = ctx.actor.id == ctx.stream
    if ctx.actor.id == SYSTEM.id or (own and or_self):
        return
    if not ctx.actor.has(Role.ADMIN):
        raise Forbidden("Only an administrator may change this; ask one.", roles=[Role.ADMIN])
    if own and not or_self:
        raise OwnAuthority("Nobody changes their own roles, limits or standing; ask another administrator.")


def standing_in(delegations: Iterable[Delegation], instant: datetime) -> UUID | None:
    """Who stands in at `instant`, if anyone does."""
    return next((d.to for d in delegations if d.covers(instant)), None)


def new_account(now: UUID | None, account: UUID | None, ctx: Context) -> tuple[Event, ...]:
    """What makes a member speak for `account`; quiet where they do. Raises NotFound, MergedAway."""
    check_administers(ctx)
    check_present(ctx, account)
    return () if now == account else (MemberAccountSet(account=account),)


def new_delegation(delegations: Iterable[Delegation], command: Delegate, zone_name: str, ctx: Context) -> tuple[Event, ...]:
    """The delegation that `command` asks for; quiet when it is there already. Raises Invalid, DelegationOverlaps."""
    if command.to == ctx.own_id:
        raise Invalid("Nobody stands in for themselves; choose another member.")
    if command.last_day < command.first_day:
        raise Invalid("The last day lies before the first; swap them.")
    if command.last_day < ctx.now.astimezone(zone(zone_name)).date():
        raise Invalid("These days are over; a delegation cannot begin in the past.")
    for other in delegations:
        if (other.to, other.first_day, other.last_day) == (command.to, command.first_day, command.last_day):
            return ()
        if other.first_day <= command.last_day and command.first_day <= other.last_day:
            raise DelegationOverlaps(
                f"Someone stands in from {other.first_day} to {other.last_day} already; revoke that, or choose other days.",
                delegation=str(other.id),
            )
    return (
        MemberDelegated(delegation=ctx.new_id(), to=command.to, first_day=command.first_day, last_day=command.last_day, zone=zone_name),
    )
