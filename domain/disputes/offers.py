"""Offers: how to settle all that is open. One is on the table at a time; the other side accepts it, counters it or turns it down."""

from __future__ import annotations

from uuid import UUID

from domain.disputes import commands as c
from domain.disputes import events as e
from domain.disputes.authority import authority
from domain.disputes.course import Why, lead_in
from domain.disputes.guards import check_amount, check_status, moment, settings_of, speaker
from domain.disputes.refusals import NothingOpen, OfferNotOpen, OfferUnbalanced, OwnOffer, SettleByPast, SettleByTooFar
from domain.disputes.state import Dispute, Offer
from domain.disputes.terms import Party, Status
from domain.kernel import Context, Outcome
from domain.values import LATEST_DAY, Money, zone

ON_TABLE = frozenset({Status.PROPOSED, Status.COUNTERED})
_BEFORE = frozenset({Status.ACKNOWLEDGED, Status.INVESTIGATING, Status.AWAITING_SUPPLIER, Status.REOPENED})


def propose(case: Dispute, command: c.ProposeSettlement, ctx: Context) -> Outcome:
    """Raises OfferUnbalanced, OwnOffer, SettleByPast, SettleByTooFar, AuthorityMissing."""
    party, at = speaker(ctx, command.by), moment(case, ctx)
    if case.offer is not None and case.offer.party is party and case.offer.terms == command.terms:
        return ()
    before = _BEFORE | ({Status.OPENED} if party is case.respondent else set())
    check_status(case, before | ON_TABLE, "settled by an offer")
    _check_terms(case, command, party, ctx)
    facts = {"offer": ctx.new_id(), "party": party, "terms": command.terms, "currency": case.currency, "at": at, "note": command.note}
    if case.offer is None:
        return (*lead_in(case, party, at), e.DisputeProposed(**facts))
    if case.offer.party is party:
        raise OwnOffer("Your own offer is on the table; wait for the other side, or let them turn it down.", offer=str(case.offer.id))
    if case.status is Status.PROPOSED:
        return (e.DisputeCountered(**facts, answers=case.offer.id),)
    return (e.DisputeProposed(**facts),)


def _check_terms(case: Dispute, command: c.ProposeSettlement, party: Party, ctx: Context) -> None:
    terms, opened = command.terms, case.open_gross
    if not opened:
        raise NothingOpen("Nothing is open; there is nothing to offer.")
    for amount in (terms.credit, terms.pay, terms.write_off):
        check_amount(amount, case.currency)
    if terms.sum != opened:
        offered, due = (Money(amount=amount, currency=case.currency) for amount in (terms.sum, opened))
        raise OfferUnbalanced(
            f"The offer adds up to {offered}, but {due} is open; let its parts add up to that.",
            sum=str(terms.sum),
            open=str(opened),
        )
    if terms.settle_by is not None and terms.settle_by > LATEST_DAY:
        raise SettleByTooFar(f"{terms.settle_by} is too far away; choose {LATEST_DAY} or earlier.", settle_by=terms.settle_by.isoformat())
    today = ctx.now.astimezone(zone(settings_of(ctx).zone)).date()
    if terms.settle_by is not None and terms.settle_by < today:
        raise SettleByPast(f"{terms.settle_by} is over; choose {today} or later.", settle_by=terms.settle_by.isoformat())
    if party is Party.US and terms.write_off:
        authority(Money(amount=terms.write_off, currency=case.currency), command.member, ctx)


def accept(case: Dispute, command: c.AcceptSettlement, ctx: Context) -> Outcome:
    """Raises OfferNotOpen, OwnOffer, AuthorityMissing."""
    if case.agreed is not None and case.agreed.id == command.offer and case.status in {Status.ACCEPTED, Status.SETTLING}:
        return ()
    offer, party = _answering(case, command.offer, command.by, ctx, "accepted")
    written_off = offer.terms.write_off if party is Party.US else 0
    right = authority(Money(amount=offer.terms.write_off, currency=case.currency), command.member, ctx) if written_off else None
    return (
        e.DisputeAccepted(offer=offer.id, party=party, terms=offer.terms, currency=case.currency, at=moment(case, ctx), authority=right),
    )


def reject(case: Dispute, command: c.RejectSettlement, ctx: Context) -> Outcome:
    """Raises OfferNotOpen, OwnOffer."""
    offer, party = _answering(case, command.offer, command.by, ctx, "turned down")
    return (
        e.DisputeInvestigationStarted(
            why=Why.REJECTED, previous=case.status, at=moment(case, ctx), party=party, offer=offer.id, note=command.note
        ),
    )


def _answering(case: Dispute, id: UUID, by: Party | None, ctx: Context, what: str) -> tuple[Offer, Party]:
    """The offer that is answered, and by whom."""
    check_status(case, ON_TABLE, what)
    offer = case.offer
    if offer is None or offer.id != id:
        named = None if offer is None else str(offer.id)
        raise OfferNotOpen("That offer is not on the table; answer the one that is.", offer=named)
    # one of us answers for the side whose turn it is only when told so
    party = speaker(ctx, by)
    if offer.party is party:
        raise OwnOffer(f"Nobody's own offer is {what} by themselves; the other side answers it.", offer=str(offer.id))
    return offer, party
