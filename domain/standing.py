"""Whether those to whom something is given are there: members who are active, teams in use."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from domain.kernel import Context, NotFound, Read, Refused


class MemberInactive(Refused):
    """The member is no longer active, so nothing new can be given to them."""


def member_read(id: UUID) -> Read:
    return Read("member", id)


def team_read(id: UUID) -> Read:
    return Read("team", id)


def standing_reads(member: UUID | None, team: UUID | None = None) -> Iterator[Read]:
    """What `check_active` and `check_team` look at."""
    if member is not None:
        yield member_read(member)
    if team is not None:
        yield team_read(team)


def check_active(ctx: Context, id: UUID | None, what: str = "member") -> None:
    """Refuse to give something new to a member who is not there or no longer active; None is no one, and fine."""
    if id is None:
        return
    member = ctx.fact(member_read(id))
    if member is None or member.withdrawn:
        raise NotFound(f"There is no such {what}; choose one of the tenant's members.", member=str(id))
    if not member.active:
        raise MemberInactive(f"The {what} chosen is no longer active; choose an active member.", member=str(id))


def check_team(ctx: Context, id: UUID | None) -> None:
    """Refuse a team that is not there or was dissolved; None is no team, and fine."""
    if id is None:
        return
    team = ctx.fact(team_read(id))
    if team is None or not team.active:
        raise NotFound("There is no such team in use; choose one of the tenant's teams.", team=str(id))
