"""A contract as its decisions see it, and how each event changes that. Total: an event that makes no sense changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator

from domain.contracts import events as e
from domain.contracts.terms import ContractStatus, OccurrenceStatus, Party, Proof, Side, SignedPaper, TermChanges, Terms
from domain.obligation_dates import DueRule, Recurrence
from domain.price_talk import PriceTalk
from domain.stages import EvidenceKind
from domain.values import Money

BEFORE_SIGNING = frozenset({ContractStatus.DRAFT, ContractStatus.IN_REVIEW, ContractStatus.APPROVED, ContractStatus.OUT_FOR_SIGNATURE})
IN_FORCE = frozenset({ContractStatus.ACTIVE, ContractStatus.EXPIRING})


@dataclass(frozen=True, slots=True)
class Change:
    """What changed the terms from `effective_on` on. `start`: the first day of a further term, where it began one; `silent`: nobody
    agreed on it.
    """

    effective_on: date
    changes: TermChanges
    start: date | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Amendment:
    """`approved`: it may be signed. `settled`: it was signed or dropped."""

    title: str
    effective_on: date
    changes: TermChanges
    by: UUID
    version: int = 0
    """Of the event that proposed it, in the contract's stream."""
    approved: bool = False
    settled: bool = False
    approval: UUID | None = None
    """The stream of its approvals, once somebody was asked."""


@dataclass(frozen=True, slots=True)
class Notice:
    """The notice that holds. `ends_on`: the last day of the contract that follows from it."""

    id: UUID
    by: Party
    sent_on: date
    counted_on: date
    ends_on: date
    received_on: date | None = None


@dataclass(frozen=True, slots=True)
class Obligation:
    """`since`: occurrences due before that day are not followed. `last`: the latest nominal day that is no longer pending."""

    title: str
    by: Party
    owner: UUID
    due: DueRule
    recurrence: Recurrence | None
    lead_days: int
    grace_days: int
    proof: EvidenceKind
    since: date
    clause: str | None = None
    penalty: Money | None = None
    ended: bool = False
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    status: OccurrenceStatus
    due_on: date
    due_from: date
    breached_after: date
    dispute: UUID | None = None
    claim: Money | None = None
    proof: Proof | None = None
    """By which it was met."""

    @property
    def open(self) -> bool:
        """Whether something is still to come of it by the clock."""
        return self.status in {OccurrenceStatus.PENDING, OccurrenceStatus.DUE}


def _unwritten(key: object) -> object:
    return tuple(key.split(",")) if isinstance(key, str) else key


OccurrenceKey = Annotated[tuple[UUID, date], BeforeValidator(_unwritten)]
"""The obligation, and the nominal day; in a snapshot, whose keys are texts, one after the other."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What decisions about a contract read. `terms`: as drafted, or as signed; what changed them later is in `changes`."""

    title: str
    side: Side
    party: UUID
    owner: UUID
    terms: Terms
    zone: str
    calendar: str | None = None
    number: str | None = None
    deal: UUID | None = None
    renews: UUID | None = None
    team: UUID | None = None
    scorecard: UUID | None = None
    signatory: UUID | None = None
    status: ContractStatus = ContractStatus.DRAFT
    returned: str | None = None
    """Why it was sent back to draft last; None once it is under review again."""
    content: str | None = None
    """The hash of what is under review, approved or signed."""
    submitted_by: UUID | None = None
    submission: int = 0
    """The version of the event that asked for the latest review."""
    approval: UUID | None = None
    """The stream of its approvals, once somebody was asked."""
    asked: tuple[e.ContractConsentAsked, ...] = ()
    """Of the contract and of each amendment, who was asked last."""
    paper: SignedPaper | None = None
    signed_on: date | None = None
    registered: bool = False
    changes: tuple[Change, ...] = ()
    amendments: Mapping[UUID, Amendment] = field(default_factory=dict)
    notice: Notice | None = None
    termination: e.ContractTerminationAgreed | None = None
    successor: e.ContractSuccessorSigned | None = None
    dates: e.ContractDatesSet | None = None
    """The days that count, as last recorded."""
    alerted: frozenset[tuple[date, int]] = frozenset()
    """The days to send notice by, and the alerts that were raised for each."""
    missed: frozenset[date] = frozenset()
    """The deadlines whose passing was recorded."""
    renewals_started: frozenset[date] = frozenset()
    """The ends of terms for which a renewal is being prepared."""
    reviewed: Mapping[date, e.ContractRenewalReviewed] = field(default_factory=dict)
    obligations: Mapping[UUID, Obligation] = field(default_factory=dict)
    occurrences: Mapping[OccurrenceKey, Occurrence] = field(default_factory=dict)
    price_talk: PriceTalk | None = None
    """What was last told of the term whose renewal is, or was, prepared."""
    ended_on: date | None = None
    version: int = 1
    """How many events it has had, which is the version of its stream."""

    @property
    def in_force(self) -> bool:
        return self.status in IN_FORCE

    @property
    def watched(self) -> bool:
        """Whether a clock may still run: it is in force, or something owed by it is not settled."""
        return self.in_force or any(occurrence.open for occurrence in self.occurrences.values())

    def changed(self, change: Change) -> Contract:
        """As it is once that change is signed."""
        return replace(self, changes=(*self.changes, change))
