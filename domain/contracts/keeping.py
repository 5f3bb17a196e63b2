"""Who keeps a contract, by which calendar its days are counted, and which scorecard its renewal refers to."""

from __future__ import annotations

from domain.contracts import commands as c
from domain.contracts import events as e
from domain.contracts.drafting import check_calendar, team_of
from domain.contracts.state import Contract
from domain.kernel import Context, Event
from domain.standing import check_active, check_team


def assign_owner(contract: Contract, command: c.AssignContractOwner, ctx: Context) -> tuple[Event, ...]:
    """Raises MemberInactive, NotFound."""
    if contract.owner == command.owner and command.team in {None, contract.team}:
        return ()
    check_active(ctx, command.owner, "owner")
    check_team(ctx, command.team)
    team = command.team or team_of(command.owner, ctx)
    return (e.ContractOwnerAssigned(owner=command.owner, team=team, previous=contract.owner, previous_team=contract.team),)


def set_calendar(contract: Contract, command: c.SetContractCalendar, ctx: Context) -> tuple[Event, ...]:
    """Raises CalendarUnknown."""
    if (contract.zone, contract.calendar) == (command.zone, command.calendar):
        return ()
    check_calendar(command.calendar, ctx)
    return (e.ContractCalendarSet(zone=command.zone, calendar=command.calendar),)


def link_scorecard(contract: Contract, command: c.LinkScorecard, _ctx: Context) -> tuple[Event, ...]:
    return () if contract.scorecard == command.scorecard else (e.ContractScorecardLinked(scorecard=command.scorecard),)
