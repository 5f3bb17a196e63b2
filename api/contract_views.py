"""What is shown of one contract: all that its state holds, with names, and the terms in force on a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.asked import asked_now
from api.callers import Caller
from api.registers import state_at
from domain.contract_dates import counted_on
from domain.contracts import dispute_of
from domain.contracts.consent import approval_of, awaited
from domain.contracts.days import known_end
from domain.contracts.events import ContractDatesSet, ContractRenewalReviewed, ContractSuccessorSigned, ContractTerminationAgreed
from domain.contracts.in_force import EARLIEST, LATEST, coming_end, ends_of, terms_on
from domain.contracts.state import Change, Contract
from domain.contracts.terms import ContractStatus, OccurrenceStatus, Party, Side, SignedPaper, TermChanges, Terms
from domain.kernel import DECIDERS, Invalid
from domain.obligation_dates import DueRule, Recurrence
from domain.price_talk import PriceTalk
from domain.settings import SETTINGS_ID, Settings, settings
from domain.stages import EvidenceKind
from domain.values import Money
from projections.approval_list import AskedCard
from projections.as_of import AsOf, Basis


class AmendmentView(BaseModel):
    """A change of the terms: proposed, approved, signed or dropped."""

    id: UUID
    title: str
    effective_on: date
    changes: TermChanges
    status: str


class NoticeView(BaseModel):
    """The notice that holds; `ends_on`: the contract's last day that follows from it."""

    id: UUID
    by: Party
    sent_on: date
    received_on: date | None
    counted_on: date
    ends_on: date


class OccurrenceView(BaseModel):
    """One time that something is owed, known by its nominal day."""

    occurrence: date
    status: OccurrenceStatus
    due_on: date
    due_from: date
    breached_after: date
    dispute: UUID | None
    chain: UUID | None = Field(default=None, description="The correlation id of what came of its breach: /v1/causal-chains/{id}.")


class ObligationView(BaseModel):
    """What a party owes by the contract, and what came of each time."""

    id: UUID
    title: str
    by: Party
    owner: UUID
    clause: str | None
    due: DueRule
    recurrence: Recurrence | None
    lead_days: int
    grace_days: int
    proof: EvidenceKind
    penalty: Money | None
    ended: bool
    occurrences: list[OccurrenceView]


class ContractView(BaseModel):
    """All that is said of a contract, from the log itself. `terms`: as drafted, or as signed; `paper`: what was signed, by reference."""

    title: str
    number: str | None
    side: Side
    status: ContractStatus
    party: UUID
    party_name: str | None = None
    owner: UUID
    owner_name: str | None = None
    team: UUID | None
    team_name: str | None = None
    deal: UUID | None
    renews: UUID | None
    scorecard: UUID | None
    signatory: UUID | None
    terms: Terms
    zone: str
    calendar: str | None
    content: str | None = Field(description="The hash of what is under review, approved or signed: name it to approve.")
    paper: SignedPaper | None
    signed_on: date | None
    returned: str | None = Field(default=None, description="Why it was sent back to draft last; null once it is under review again.")
    registered: bool
    dates: ContractDatesSet | None = Field(description="The days that count, as last recorded; null before it is signed.")
    notice: NoticeView | None = None
    termination: ContractTerminationAgreed | None
    successor: ContractSuccessorSigned | None
    amendments: list[AmendmentView] = []
    asked: list[AskedCard] = Field(default_factory=list, description="Who is asked now whether it, or an amendment, may be signed.")
    reviews: list[ContractRenewalReviewed] = []
    obligations: list[ObligationView] = []
    price_talk: PriceTalk | None = Field(description="What happened in the term whose renewal is, or was, prepared.")
    ended_on: date | None


_MADE = {"party_name", "owner_name", "team_name", "notice", "amendments", "asked", "reviews", "obligations"}
_PLAIN = tuple(name for name in ContractView.model_fields if name not in _MADE)
_NAMED = (("party", "account", "legal_name"), ("owner", "member", "name"), ("team", "team", "name"))


async def contract_view(caller: Caller, id: UUID, contract: Contract, as_of: AsOf) -> dict[str, Any]:
    """A contract as it is shown, with the names of that moment."""
    view = {name: getattr(contract, name) for name in _PLAIN}
    for name, decider, field in _NAMED:
        state = None if view[name] is None else (await state_at(caller, DECIDERS[decider], view[name], as_of))[0]
        view[f"{name}_name"] = getattr(state, field, None)
    return {
        **view,
        "notice": contract.notice and {name: getattr(contract.notice, name) for name in NoticeView.model_fields},
        "amendments": [_amendment(contract, one) for one in contract.amendments],
        "asked": [turn for one in awaited(contract) for turn in await asked_now(caller, approval_of(contract, one), as_of)],
        "reviews": list(contract.reviewed.values()),
        "obligations": [_obligation(id, contract, one) for one in contract.obligations],
    }


def _amendment(contract: Contract, id: UUID) -> Mapping[str, Any]:
    held = contract.amendments[id]
    signed = Change(held.effective_on, held.changes) in contract.changes
    status = ("signed" if signed else "dropped") if held.settled else "approved" if held.approved else "proposed"
    return {"id": id, "title": held.title, "effective_on": held.effective_on, "changes": held.changes, "status": status}


def _obligation(of_contract: UUID, contract: Contract, id: UUID) -> Mapping[str, Any]:
    held = contract.obligations[id]
    plain = {name: getattr(held, name) for name in ObligationView.model_fields if name not in {"id", "occurrences"}}
    occurrences = [
        {
            "occurrence": day,
            "chain": dispute_of(of_contract, id, day) if o.status is OccurrenceStatus.BREACHED or o.dispute is not None else None,
            **{name: getattr(o, name) for name in OccurrenceView.model_fields if name not in {"occurrence", "chain"}},
        }
        for (of, day), o in sorted(contract.occurrences.items(), key=lambda item: item[0][1])
        if of == id
    ]
    return {"id": id, **plain, "occurrences": occurrences}


class TermsInForce(BaseModel):
    """What is in force on `on`; before the first day, what will be from `begins_on` on. `term_end`: of the term that runs then; `amendments`: those that made the terms what they are.

    `earliest_end`: the contract's last day, if notice were sent on `on`; null where it is not in force, nobody can end it, or it is
    known when it ends.
    """

    on: date
    begins_on: date | None = Field(description="The first day of the contract, where it lies after `on`: no terms are in force yet.")
    terms: Terms
    term_end: date | None
    earliest_end: date | None
    notice_counts_on: date | None
    amendments: list[str]
    as_of: int | None
    basis: Basis


async def in_force(caller: Caller, contract: Contract, on: date, as_of: AsOf) -> dict[str, Any]:
    """The terms in force on a day. Raises Invalid for a day of which no contract tells."""
    if not EARLIEST <= on <= LATEST:
        raise Invalid(f"Contracts tell of days from {EARLIEST} to {LATEST}; choose one of them.", on=on.isoformat())
    terms = terms_on(contract, on)
    counted = earliest = None
    if contract.in_force and terms.notice is not None and known_end(contract, coming_end(contract, on)) is None:
        known: Settings = (await state_at(caller, settings, SETTINGS_ID, as_of))[0]
        calendar = known.working_calendar(contract.calendar)
        counted = counted_on(terms.notice, on, None, calendar)
        earliest = ends_of(contract, on).earliest(counted, calendar)
    made = [a for a in map(contract.amendments.get, contract.amendments) if a and Change(a.effective_on, a.changes) in contract.changes]
    return {
        "on": on,
        "begins_on": terms.start if terms.start > on else None,
        "terms": terms,
        "term_end": coming_end(contract, on),
        "earliest_end": earliest,
        "notice_counts_on": counted,
        "amendments": [a.title for a in sorted(made, key=lambda a: a.effective_on) if a.effective_on <= on],
    }
