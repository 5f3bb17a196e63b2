"""How a contract begins: drafted, opened in one step from a won deal, or taken over as it was signed; and what the draft says."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.accounts.presence import check_present
from domain.contracts import commands as c
from domain.contracts import events as e
from domain.contracts.consent import let_go
from domain.contracts.content import content_hash
from domain.contracts.days import settings_of
from domain.contracts.in_force import check_sound
from domain.contracts.refusals import (
    CalendarUnknown,
    DealElsewhere,
    DealHasContract,
    DealNotWonYet,
    RenewsAnother,
)
from domain.contracts.signing import check_at_home, check_past, check_state, contract_read, succession
from domain.contracts.state import BEFORE_SIGNING, Contract
from domain.contracts.terms import ContractStatus, Side, Terms, ValuePer
from domain.deals.references import check_contacts
from domain.deals.state import Deal
from domain.kernel import Context, Event, NotFound, On, Outcome, Read
from domain.members import Member
from domain.reservations import Claim, Taken, release, reserve
from domain.stages import StageKind
from domain.standing import check_active, check_team, member_read
from domain.values import Money


def deal_claim(deal: UUID) -> Claim:
    """A deal has one contract."""
    return Claim("deal_contract", (str(deal),))


def deal_read(deal: UUID) -> Read:
    return Read("deal", deal)


def draft(command: c.DraftContract, ctx: Context) -> Outcome:
    """Raises NotFound, AccountIsClosed, MemberInactive, TermsUnsound, DealElsewhere, DealHasContract, RenewsAnother, CalendarUnknown."""
    check_present(ctx, command.party, open_only=not isinstance(command, c.RegisterContract))
    check_active(ctx, command.owner, "owner")
    check_contacts(_signatories(command.signatory), ctx)
    check_team(ctx, command.team)
    check_sound(command.terms)
    check_calendar(command.calendar, ctx)
    _check_predecessor(command, ctx)
    if command.deal is not None:
        _check_deal(command, _deal(command.deal, ctx))
    drafted = e.ContractDrafted(
        title=command.title,
        number=command.number,
        side=command.side,
        party=command.party,
        deal=command.deal,
        renews=command.renews,
        owner=command.owner,
        team=command.team or team_of(command.owner, ctx),
        terms=_rounded(command.terms),
        zone=command.zone,
        calendar=command.calendar,
        scorecard=command.scorecard,
        signatory=command.signatory,
    )
    return (drafted, *_claimed(command.deal, ctx))


def _value_of(deal: Deal) -> tuple[Money | None, ValuePer]:
    """What the contract of a deal is worth: per year where all of it recurs, else for the term, so that nothing one-off is lost."""
    recurs = deal.annual is not None and deal.annual.amount > 0 and all(line.months is not None for line in deal.lines)
    return (deal.annual, ValuePer.YEAR) if recurs else (deal.amount, ValuePer.TERM)


def from_deal(command: c.OpenContractFromDeal, ctx: Context) -> Outcome:
    """Raises DealNotWonYet, and what `draft` raises."""
    deal = _deal(command.deal, ctx)
    if deal.kind is not StageKind.WON:
        raise DealNotWonYet(f"This deal is in {deal.stage_name}; win it first, or draft the contract by itself.", stage=deal.stage)
    if deal.account is None:
        raise DealNotWonYet("This deal has no account; say with whom it is.", stage=deal.stage)
    owner = command.owner or deal.owner
    if owner is None:
        raise DealNotWonYet("This deal has no owner; name who is to keep the contract.", stage=deal.stage)
    value, per = _value_of(deal)
    terms = Terms(
        start=command.start,
        end=command.end,
        value=command.value or value,
        value_per=command.value_per or (per if command.value is None else ValuePer.TERM),
        payment_days=command.payment_days,
        renewal=command.renewal,
        notice=command.notice,
    )
    opening = c.DraftContract(
        title=command.title or deal.title,
        number=command.number,
        side=Side.SELL,
        party=deal.account,
        deal=command.deal,
        renews=command.renews,
        owner=owner,
        terms=terms,
        zone=command.zone or deal.zone,
        calendar=command.calendar,
        signatory=command.signatory,
    )
    return draft(opening, ctx)


def register(command: c.RegisterContract, ctx: Context) -> Outcome:
    """Raises DayInFuture, and what `draft` raises."""
    drafted, *claims = draft(command, ctx)
    assert isinstance(drafted, e.ContractDrafted)
    check_past(command.signed_on, command.zone, ctx)
    activated = e.ContractActivated(
        terms=drafted.terms,
        content=content_hash(drafted.title, drafted.number, drafted.party, drafted.terms, drafted.zone),
        signed_on=command.signed_on,
        paper=command.paper,
        deal=command.deal,
        renews=command.renews,
        registered=True,
    )
    return (drafted, activated, *claims, *succession(command.renews, drafted.terms.start, ctx))


def _deal(id: UUID, ctx: Context) -> Deal:
    deal: Deal | None = ctx.fact(deal_read(id))
    if deal is None or deal.withdrawn:
        raise NotFound("There is no such deal; choose one that exists.", deal=str(id))
    return deal


def _check_deal(command: c.DraftContract, deal: Deal) -> None:
    if command.side is not Side.SELL:
        raise DealElsewhere("A deal leads to a contract that we sell by; leave the deal away, or change the side.")
    if deal.account is not None and deal.account != command.party:
        raise DealElsewhere("This deal is with another account; make the contract with that one.", account=str(deal.account))
    if deal.kind is StageKind.LOST:
        raise DealElsewhere("This deal is lost; reopen it before its contract is drafted.", stage=deal.stage)


def _claimed(deal: UUID | None, ctx: Context) -> tuple[On, ...]:
    if deal is None:
        return ()
    try:
        return reserve(ctx, deal_claim(deal), ctx.own_id)
    except Taken as taken:
        raise DealHasContract(
            "This deal has its contract already; open that one, or discard it first.", contract=taken.data["holder"]
        ) from None


def _check_predecessor(command: c.DraftContract, ctx: Context) -> None:
    if command.renews is None:
        return
    old: Contract | None = ctx.fact(contract_read(command.renews))
    if old is None:
        raise NotFound("There is no such contract to follow; choose one that exists.", contract=str(command.renews))
    if (old.party, old.side) != (command.party, command.side) or not old.in_force:
        raise RenewsAnother(
            "A contract follows one with the same account and side that is in force; leave `renews` away.", status=old.status.value
        )
    if old.successor is not None:
        raise RenewsAnother("Another contract follows that one already; open it.", contract=str(old.successor.successor))


def check_calendar(key: str | None, ctx: Context) -> None:
    """Refuse a calendar that nobody has defined; None is our own."""
    known = settings_of(ctx).calendars
    if key is not None and key not in known:
        raise CalendarUnknown(f"There is no calendar {key}; define it in the settings first.", calendars=sorted(known))


def _signatories(signatory: UUID | None) -> tuple[UUID, ...]:
    return () if signatory is None else (signatory,)


def team_of(owner: UUID, ctx: Context) -> UUID | None:
    member: Member | None = ctx.fact(member_read(owner))
    return member.team if member is not None else None


def _rounded(terms: Terms) -> Terms:
    return terms if terms.value is None else terms.model_copy(update={"value": terms.value.rounded()})


def revise(contract: Contract, command: c.ReviseContract, ctx: Context) -> tuple[Event, ...]:
    """Raises ContractSigned, WrongState, TermsUnsound, CalendarUnknown."""
    check_state(contract, ContractStatus.DRAFT)
    names = ("title", "number", "terms", "zone", "calendar", "signatory")
    wanted: dict[str, Any] = {name: getattr(contract, name) for name in names}
    wanted |= {name: value for name in command.model_fields_set if (value := getattr(command, name)) is not None}
    wanted["terms"] = _rounded(wanted["terms"])
    if all(getattr(contract, name) == value for name, value in wanted.items()):
        return ()
    check_sound(wanted["terms"])
    check_calendar(wanted["calendar"], ctx)
    check_contacts(_signatories(command.signatory), ctx)
    return (e.ContractRevised(**wanted),)


def discard(contract: Contract, command: c.DiscardContract, ctx: Context) -> Outcome:
    """Raises ContractSigned, PaperStillOut."""
    if contract.status is ContractStatus.DISCARDED:
        return ()
    check_state(contract, *BEFORE_SIGNING)
    check_at_home(contract)
    freed = release(ctx, deal_claim(contract.deal), ctx.own_id) if contract.deal is not None else ()
    return (e.ContractDiscarded(reason=command.reason), *freed, *let_go(contract, None, command.reason, ctx))
