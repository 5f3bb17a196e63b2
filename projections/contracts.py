"""Contracts as they stood at any time: what was agreed with whom, the state it is in, and what is owed by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.contracts import amendment_events as a
from domain.contracts import events as e
from domain.contracts.terms import ContractStatus, Party, RenewedBy, Terms
from domain.kernel import Event
from domain.price_talk import ContractPriceTalkPrepared
from domain.values import Money
from projections.batch import Entry
from projections.contract_days import OWED, close_term, keep_days, owed
from projections.contract_tables import CONTRACTS, DAYS, OBLIGATIONS
from projections.projection import Projection
from projections.rows import Row, Rows
from projections.tables import searchable


def _money(value: Money | None) -> Row:
    return {"value": value.amount if value else None, "currency": value.currency if value else None}


def _agreed(terms: Terms) -> Row:
    return {**_money(terms.value), "value_per": terms.value_per.value, "renewal": terms.renewal.kind.value}


def _drafted(event: e.ContractDrafted) -> Row:
    return {
        **_agreed(event.terms),
        "party": event.party,
        "owner": event.owner,
        "team": event.team,
        "side": event.side.value,
        "deal": event.deal,
        "renews": event.renews,
        "starts_on": event.terms.start,
        "term": 1,
        "amendments": 0,
        "pending_amendments": 0,
        "breaches": 0,
        "periods": False,
        "missed": False,
        "started": False,
        "registered": False,
        "status": ContractStatus.DRAFT.value,
        **_called(event.title, event.number),
    }


def _called(title: str, number: str | None) -> Row:
    return {"title": title, "number": number, "words": searchable(title, number)}


def _activated(_: Row, event: e.ContractActivated) -> Row:
    return {
        **_agreed(event.terms),
        **_now(ContractStatus.ACTIVE),
        "starts_on": event.terms.start,
        "signed_on": event.signed_on,
        "registered": event.registered,
        "deal": event.deal,
        "renews": event.renews,
    }


def _now(status: ContractStatus) -> Row:
    return {"status": status.value}


def _renewed(row: Row, event: e.ContractRenewed) -> Row:
    """A further term, whose days are told next; or the end, where another contract follows."""
    if event.by is RenewedBy.SUCCESSOR:
        return {**_now(ContractStatus.RENEWED), "successor": event.successor or row["successor"]}
    anew = dict.fromkeys(("deadline", "send_by", "ends_on", "renewal_on", "renewal_way", "renewal_outcome", "renewal_deal", "notice_by"))
    value = _money(event.value) if event.value else {}
    return {
        **_now(ContractStatus.ACTIVE),
        **anew,
        **value,
        "term": row["term"] + 1,
        "term_start": event.term_start,
        "term_end": event.term_end,
        "missed": False,
        "started": False,
    }


def _dates(_: Row, event: e.ContractDatesSet) -> Row:
    days = {name: getattr(event, name) for name in ("term_start", "term_end", "deadline", "send_by", "ends_on", "renewal_on", "periods")}
    return {**days, "annual": event.annual.amount if event.annual else None, "annual_currency": event.annual and event.annual.currency}


def _terminated(_: Row, event: e.ContractTerminated) -> Row:
    return {**_now(ContractStatus.TERMINATED), "ends_on": event.on, "reason": event.cause.value if event.cause else "notice"}


def _revoked(row: Row, _event: e.ContractTerminationRevoked) -> Row:
    again = _now(ContractStatus.ACTIVE) if row["status"] == ContractStatus.TERMINATED.value else {}
    return {**again, "ends_on": None, "reason": None}


_CHANGES: dict[type[Event], Callable[[Row, Any], Row]] = {
    e.ContractRevised: lambda _, v: {**_agreed(v.terms), **_called(v.title, v.number), "starts_on": v.terms.start},
    e.ContractDiscarded: lambda _, v: {**_now(ContractStatus.DISCARDED), "reason": v.reason},
    e.ContractSubmitted: lambda _, __: _now(ContractStatus.IN_REVIEW),
    e.ContractReturned: lambda _, __: _now(ContractStatus.DRAFT),
    e.ContractApproved: lambda _, __: _now(ContractStatus.APPROVED),
    e.ContractConsentAsked: lambda _, __: {},
    e.ContractSentForSignature: lambda _, __: _now(ContractStatus.OUT_FOR_SIGNATURE),
    e.ContractRecalled: lambda _, __: _now(ContractStatus.APPROVED),
    e.ContractActivated: _activated,
    e.ContractDatesSet: _dates,
    e.ContractExpiring: lambda _, __: _now(ContractStatus.EXPIRING),
    e.ContractResumed: lambda _, __: _now(ContractStatus.ACTIVE),
    e.ContractAlertRaised: lambda _, __: {},
    e.ContractNoticeGiven: lambda _, v: {"notice_by": Party.US.value, "ends_on": v.ends_on},
    e.ContractNoticeReceived: lambda _, v: {"notice_by": Party.THEM.value, "ends_on": v.ends_on},
    e.ContractNoticeDelivered: lambda _, v: {"ends_on": v.ends_on},
    e.ContractNoticeWithdrawn: lambda _, __: {"notice_by": None, "ends_on": None},
    e.NoticeWindowMissed: lambda _, __: {"missed": True},
    e.ContractRenewalStarted: lambda _, v: {"started": True, "renewal_way": v.way.value, "renewal_deal": v.deal},
    e.ContractRenewalReviewed: lambda _, v: {"renewal_outcome": v.outcome.value},
    ContractPriceTalkPrepared: lambda _, __: {},
    e.ContractSuccessorSigned: lambda _, v: {"successor": v.successor},
    e.ContractRenewed: _renewed,
    e.ContractExpired: lambda _, v: {**_now(ContractStatus.EXPIRED), "ends_on": v.on},
    e.ContractTerminationAgreed: lambda _, v: {"ends_on": v.on, "reason": v.cause.value},
    e.ContractTerminationRevoked: _revoked,
    e.ContractTerminated: _terminated,
    e.ContractSuperseded: lambda _, v: {**_now(ContractStatus.SUPERSEDED), "ends_on": v.on, "successor": v.successor},
    a.ContractAmendmentProposed: lambda row, _: {"pending_amendments": row["pending_amendments"] + 1},
    a.ContractAmendmentApproved: lambda _, __: {},
    a.ContractAmendmentDropped: lambda row, _: {"pending_amendments": row["pending_amendments"] - 1},
    a.ContractAmended: lambda row, _: {"pending_amendments": row["pending_amendments"] - 1, "amendments": row["amendments"] + 1},
    e.ContractOwnerAssigned: lambda _, v: {"owner": v.owner, "team": v.team},
    e.ContractCalendarSet: lambda _, __: {},
    e.ContractScorecardLinked: lambda _, __: {},
}


class Contracts(Projection):
    """Contracts, their obligations, and the days that count, as they stood at any time."""

    name = "contracts"
    tables = (CONTRACTS, OBLIGATIONS, DAYS)
    events = (e.ContractDrafted, *_CHANGES, *OWED)

    def handle(self, rows: Rows, entry: Entry) -> None:
        event: Any = entry.event
        if isinstance(event, e.ContractDrafted):
            drafted = {"drafted_at": entry.effective_at, "since": entry.effective_at, "version": entry.version}
            rows.put(CONTRACTS, **_drafted(event), **drafted)
            return
        row = rows.get(CONTRACTS)
        if row is None:
            return
        # a late fact is folded where it was so, but counts for the version all the same
        changes: Row = {"version": max(entry.version, row["version"])}
        if (change := _CHANGES.get(type(event))) is not None:
            if isinstance(event, e.ContractRenewed):
                close_term(rows)
            if isinstance(event, a.ContractAmended):
                changes |= _agreed(event.terms)
            changes |= change(row, event)
            if changes.get("status", row["status"]) != row["status"]:
                changes["since"] = entry.effective_at
            rows.update(CONTRACTS, changes)
            keep_days(rows, {**row, **changes}, entry.stream)
            if isinstance(event, e.ContractOwnerAssigned):
                for held in rows.all(DAYS):
                    rows.change(DAYS, held["id"], owner=event.owner, team=event.team)
        else:
            rows.update(CONTRACTS, changes | owed(rows, row, event, entry.stream))
