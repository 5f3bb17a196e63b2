"""Opening a deal, and what is said about it: title, account, owner, people, next step, the tenant's own fields."""

from __future__ import annotations

from uuid import UUID

from domain.attributes import Attributed, AttributeSchema, schema_read, validated
from domain.deals.amounts import opening_worth
from domain.deals.commands import AssignOwner, OpenDeal, RenameDeal, SetAccount, SetDealAttributes, SetNextStep, SetPeople
from domain.deals.dates import check_close_date
from domain.deals.events import (
    DealAccountSet,
    DealAttributesSet,
    DealNextStepSet,
    DealOpened,
    DealOwnerAssigned,
    DealPeopleSet,
    DealRenamed,
)
from domain.deals.forecasting import local_date, stage_facts
from domain.deals.moves import check_open
from domain.deals.references import check_account, check_contacts, check_products, version_in
from domain.deals.state import Deal
from domain.kernel import Context, Event
from domain.standing import check_active, check_team, member_read

FIELDS = schema_read(Attributed.DEAL)


def open_deal(command: OpenDeal, ctx: Context) -> tuple[Event, ...]:
    """Raises AccountUnavailable, PipelineUnavailable, MemberInactive, NotFound, CloseDateInPast, CloseDateTooFar,
    AmountMissing, CurrencyMixed, ProductUnknown, ContactUnknown, AttributeRefused.
    """
    check_account(command.account, ctx)
    check_active(ctx, command.owner, "owner")
    team = _team(command.owner, command.team, ctx)
    version = version_in(command.pipeline, None, ctx, for_new=True)
    check_close_date(command.close_date, local_date(ctx.now, command.zone), command.zone)
    if command.lines:
        check_products(command.lines, ctx)
    amount, annual = opening_worth(command.lines, command.amount, command.annual)
    if command.people:
        check_contacts((person.contact for person in command.people), ctx)
    schema: AttributeSchema | None = ctx.fact(FIELDS)
    attributes = validated(schema, command.attributes, {}, complete=True)
    return (
        DealOpened(
            **stage_facts(command.pipeline, version, version.first, ctx.at),
            title=command.title,
            account=command.account,
            amount=amount,
            annual=annual,
            lines=command.lines,
            close_date=command.close_date,
            zone=command.zone,
            owner=command.owner,
            team=team,
            source=command.source,
            source_reference=command.source_reference,
            people=command.people,
            next_step=command.next_step,
            next_step_on=command.next_step_on,
            attributes=attributes,
            definitions=schema.version if schema else 0,
        ),
    )


def _team(owner: UUID, team: UUID | None, ctx: Context) -> UUID | None:
    """The team named, which must be in use, else the owner's own."""
    if team is None:
        own: UUID | None = ctx.fact(member_read(owner)).team
        return own
    check_team(ctx, team)
    return team


def assign_owner(deal: Deal, command: AssignOwner, ctx: Context) -> tuple[Event, ...]:
    """Raises MemberInactive, NotFound."""
    if deal.owner == command.owner and command.team in {None, deal.team}:
        return ()
    check_active(ctx, command.owner, "owner")
    team = _team(command.owner, command.team, ctx)
    return (DealOwnerAssigned(owner=command.owner, team=team, previous=deal.owner, previous_team=deal.team),)


def set_account(deal: Deal, command: SetAccount, ctx: Context) -> tuple[Event, ...]:
    """A closed deal keeps its account, but one that was imported without may get it. Raises DealClosed, AccountUnavailable."""
    if deal.account == command.account:
        return ()
    if deal.account is not None:
        check_open(deal)
    check_account(command.account, ctx)
    return (DealAccountSet(account=command.account, previous=deal.account),)


def set_next_step(deal: Deal, command: SetNextStep, _ctx: Context) -> tuple[Event, ...]:
    if (command.next_step, command.next_step_on) == (deal.next_step, deal.next_step_on):
        return ()
    return (DealNextStepSet(next_step=command.next_step, next_step_on=command.next_step_on),)


def set_people(deal: Deal, command: SetPeople, ctx: Context) -> tuple[Event, ...]:
    """Raises ContactUnknown."""
    people = tuple(dict.fromkeys(command.people))
    if people == deal.people:
        return ()
    known = {person.contact for person in deal.people}
    check_contacts((person.contact for person in people if person.contact not in known), ctx)
    return (DealPeopleSet(people=people),)


def rename(deal: Deal, command: RenameDeal, _ctx: Context) -> tuple[Event, ...]:
    return () if command.title == deal.title else (DealRenamed(title=command.title, previous=deal.title),)


def set_attributes(deal: Deal, command: SetDealAttributes, ctx: Context) -> tuple[Event, ...]:
    """Raises AttributeRefused."""
    schema: AttributeSchema | None = ctx.fact(FIELDS)
    after = validated(schema, command.attributes, deal.attributes)
    if after == deal.attributes:
        return ()
    return (DealAttributesSet(attributes=after, definitions=schema.version if schema else 0),)
