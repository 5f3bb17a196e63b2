"""Settling: the documents by which what is open is credited, paid or written off, until nothing is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from domain.disputes import commands as c
from domain.disputes import events as e
from domain.disputes.authority import authority
from domain.disputes.course import lead_in
from domain.disputes.entries import Movement
from domain.disputes.evolution import moved, settling_number
from domain.disputes.guards import check_amount, check_status, is_outside, moment, parts_of, settings_of, speaker
from domain.disputes.ledger import Bucket, Part, apportion, ledger_of
from domain.disputes.refusals import (
    DatedAhead,
    DatedBeforeClaim,
    DocumentTwice,
    DocumentUnknown,
    ForOthers,
    MoreThanOpen,
    NotAgreed,
    NumberNeeded,
    OfferUnbalanced,
)
from domain.disputes.state import Dispute
from domain.disputes.terms import OfferTerms, Party, SettlementKind, Status
from domain.kernel import Context, Event, Outcome
from domain.values import Money, zone

_K = SettlementKind
BUCKETS = {
    _K.CREDIT_NOTE: Bucket.CREDITED,
    _K.DEBIT_MEMO: Bucket.CREDITED,
    _K.RETURN_CREDIT: Bucket.CREDITED,
    _K.RELEASE: Bucket.PAID,
    _K.CONCESSION: Bucket.PAID,
    _K.WRITE_OFF: Bucket.WRITTEN_OFF,
}
_NUMBERED = frozenset({_K.CREDIT_NOTE, _K.DEBIT_MEMO, _K.RETURN_CREDIT})
_BY_RESPONDENT = frozenset({_K.CREDIT_NOTE, _K.RETURN_CREDIT})
_YIELDING = _BY_RESPONDENT | {_K.RELEASE, _K.CONCESSION}
"""What its side grants the other without asking; the rest has to be agreed on first."""
AGREED = frozenset({Status.ACCEPTED, Status.SETTLING})
_BEFORE = frozenset({Status.ACKNOWLEDGED, Status.INVESTIGATING, Status.AWAITING_SUPPLIER, Status.REOPENED})


def record(case: Dispute, command: c.RecordSettlement, ctx: Context) -> Outcome:
    """Raises NotAgreed, MoreThanOpen, DocumentTwice, NumberNeeded, DatedAhead, DatedBeforeClaim, AuthorityMissing.

    Before an agreement either side may yield a part. Who yields all that is open offers the other what it asks for: the
    case is agreed and settled in one step.
    """
    party, at = _issuer(case, command, ctx), moment(case, ctx)
    early = _BEFORE | ({Status.OPENED} if party is case.respondent else set())
    check_status(case, AGREED | (early if command.kind in _YIELDING else set()), "settled by that")
    check_amount(command.amount, case.currency)
    _check_document(case, command, ctx)
    parts = _parts(case, command)
    if case.status in AGREED:
        _check_agreed(case, command)
    money = Money(amount=command.amount, currency=case.currency)
    right = authority(money, command.member, ctx) if command.kind is _K.WRITE_OFF else None
    bucket = BUCKETS[command.kind]
    movements = tuple(Movement(line=id, source=Bucket.OPEN, target=bucket, gross=p.gross, tax=p.tax) for id, p in parts.items())
    ledger = ledger_of((line.account for line in moved(case.lines, movements).values()), case.currency)
    recorded = e.DisputeDocumentRecorded(
        document=ctx.new_id(),
        kind=command.kind,
        party=party,
        amount=money,
        tax=Money(amount=sum((m.tax for m in movements), Decimal(0)), currency=case.currency),
        on=command.on,
        number=command.number,
        sha256=command.sha256,
        note=command.note,
        movements=movements,
        ledger=ledger,
        at=at,
        authority=right,
    )
    whole = not ledger.gross.open
    settled = (e.DisputeSettled(at=at, ledger=ledger),) if whole else ()
    before: tuple[Event, ...] = tuple(lead_in(case, party, at))
    if case.status is Status.ACCEPTED:
        before = (e.DisputeSettlementStarted(at=at),)
    elif case.status not in AGREED and whole:
        before = (*before, *_granted(case, command, party, at, ctx))
    return (*before, recorded, *settled)


def _granted(case: Dispute, command: c.RecordSettlement, party: Party, at: datetime, ctx: Context) -> Iterator[Event]:
    """Who yields all that is open has offered just that, and nobody turns it down."""
    credit = BUCKETS[command.kind] is Bucket.CREDITED
    terms = OfferTerms(credit=command.amount if credit else Decimal(0), pay=Decimal(0) if credit else command.amount)
    offer = ctx.new_id()
    yield e.DisputeProposed(offer=offer, party=party, terms=terms, currency=case.currency, at=at)
    yield e.DisputeAccepted(offer=offer, party=party.other, terms=terms, currency=case.currency, at=at)
    yield e.DisputeSettlementStarted(at=at)


def _issuer(case: Dispute, command: c.RecordSettlement, ctx: Context) -> Party:
    """Whose document it is follows from its kind. Raises ForOthers for one of ours from outside."""
    issuer = Party.US if command.kind is _K.WRITE_OFF else case.respondent if command.kind in _BY_RESPONDENT else case.claimant
    party = speaker(ctx, command.by, issuer)
    if party is not issuer:
        raise ForOthers(
            f"A {command.kind.value.replace('_', ' ')} is the other side's to give here; leave `by` away, or record another kind."
        )
    return party


def _check_document(case: Dispute, command: c.RecordSettlement, ctx: Context) -> None:
    if command.kind in _NUMBERED and command.number is None:
        raise NumberNeeded(f"A {command.kind.value.replace('_', ' ')} has a number; give it.")
    if settling_number(command.kind, command.number) in case.numbers:
        raise DocumentTwice(f"{command.number} was recorded already; reverse that one first, if it was wrong.", number=command.number)
    here = zone(settings_of(ctx).zone)
    today = ctx.now.astimezone(here).date()
    if command.on > today + timedelta(days=1):  # a day begins earlier elsewhere
        raise DatedAhead(f"{command.on} has not come yet; give the day that the document bears.", on=command.on.isoformat())
    if case.opened_at is None or not is_outside(ctx.actor):
        return  # one that crossed the claim on its way is recorded by us, with the day it bears
    claimed = case.opened_at.astimezone(here).date()
    if command.on < claimed - timedelta(days=1):
        raise DatedBeforeClaim(
            f"The claim was raised on {claimed}, and {command.on} is before that; give the day that the document bears. "
            "If you credited it before the claim, say so in a comment.",
            on=command.on.isoformat(),
            claimed_on=claimed.isoformat(),
        )


def _check_agreed(case: Dispute, command: c.RecordSettlement) -> None:
    assert case.agreed is not None, "a case is accepted by agreeing to an offer"
    terms, bucket = case.agreed.terms, BUCKETS[command.kind]
    provided = {Bucket.CREDITED: terms.credit, Bucket.PAID: terms.pay, Bucket.WRITTEN_OFF: terms.write_off}[bucket]
    left = provided - case.settled_by_kind.get(bucket, Decimal(0))
    if command.amount > left:
        raise NotAgreed(
            f"Of the agreement {Money(amount=left, currency=case.currency)} is left to be {bucket.value.replace('_', ' ')}; record no more than that.",
            left=str(left),
            agreed=str(provided),
        )


def _parts(case: Dispute, command: c.RecordSettlement) -> dict[UUID, Part]:
    """How the amount goes over the lines: as told, else pro rata to what is open of each."""
    opened = case.open_gross
    if command.amount > opened:
        raise MoreThanOpen(f"Only {Money(amount=opened, currency=case.currency)} is open; settle no more than that.", open=str(opened))
    if command.lines:
        parts = parts_of(case, command.lines)
        told = sum((part.gross for part in parts.values()), Decimal(0))
        if told != command.amount:
            raise OfferUnbalanced(f"The lines add up to {told}, but the document is over {command.amount}; let them agree.", sum=str(told))
        return parts
    lines = [line for line in case.lines.values() if line.account.open.gross]
    shares = apportion(command.amount, [line.account.open.gross for line in lines], case.currency)
    return {line.id: line.account.share(share, case.currency) for line, share in zip(lines, shares, strict=True) if share}


def reverse(case: Dispute, command: c.ReverseSettlement, ctx: Context) -> Outcome:
    """Raises DocumentUnknown."""
    check_status(case, _BEFORE | AGREED, "relieved of a document")
    document = case.settlements.get(command.document)
    if document is None:
        raise DocumentUnknown(
            "There is no such document to take back; choose one recorded since the last agreement.",
            documents=[str(id) for id in case.settlements],
        )
    if is_outside(ctx.actor):
        raise ForOthers("A document that was recorded is taken back by us; comment on it instead.")
    lines = moved(case.lines, document.movements, back=True)
    ledger = ledger_of((line.account for line in lines.values()), case.currency)
    return (e.DisputeDocumentReversed(document=command.document, reason=command.reason, movements=document.movements, ledger=ledger),)
