"""A dispute as its decisions see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from domain.dispute_rules import Reason
from domain.disputes.entries import CaseEvidence, Movement
from domain.disputes.ledger import Account, Bucket, Ledger, ledger_of
from domain.disputes.terms import (
    ClockKind,
    DisputedDocument,
    EightD,
    LineReference,
    Mark,
    MarkKind,
    OfferTerms,
    Party,
    Reading,
    Severity,
    Side,
    Status,
)


@dataclass(frozen=True, slots=True)
class Line:
    """A disputed line and where its amounts stand."""

    id: UUID
    reference: LineReference
    account: Account


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer on the table, or the one agreed to."""

    id: UUID
    party: Party
    terms: OfferTerms


@dataclass(frozen=True, slots=True)
class Document:
    """A settling document that counts; `number`: its kind and number, if it has one, in the form in which two are the same."""

    number: tuple[str, str] | None
    movements: tuple[Movement, ...]


@dataclass(frozen=True, slots=True)
class CorrectiveAction:
    """An 8D report that is demanded."""

    round: int
    at: datetime
    due: Mapping[EightD, datetime]
    done: frozenset[EightD] = frozenset()
    missed: frozenset[EightD] = frozenset()
    open: bool = True


@dataclass(frozen=True, slots=True)
class Dispute:
    """What decisions about a case read."""

    side: Side
    account: UUID
    title: str
    reason: Reason
    severity: Severity
    currency: str
    status: Status
    owner: UUID
    reason_text: str | None = None
    team: UUID | None = None
    commodity: str | None = None
    region: str | None = None
    our_calendar: str | None = None
    their_calendar: str | None = None
    contract: UUID | None = None
    obligation: UUID | None = None
    parent: UUID | None = None
    root: UUID | None = None
    """The case that it was split off from, at the first remove; None: it was not."""
    source: tuple[str, str] | None = None
    run: UUID | None = None
    """The system that told of it with its id there, and the import run that did."""
    handled: bool = False
    """Whether anybody did anything to it since it was raised; what time brought, its clocks' levels, is nobody's doing."""
    splits: int = 0
    """How often a part went on in a case of its own."""
    version: int = 1
    lines: Mapping[UUID, Line] = field(default_factory=dict)
    documents: tuple[DisputedDocument, ...] = ()
    evidence: Mapping[UUID, CaseEvidence] = field(default_factory=dict)
    known_evidence: frozenset[str] = frozenset()
    """References and hashes of every piece there ever was."""
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    reopen_until: datetime | None = None
    marks: tuple[Mark, ...] = ()
    """In order of time; of the same instant in the order in which they were learnt."""
    readings: tuple[Reading, ...] = ()
    """The clocks as last recorded."""
    noticed: frozenset[tuple[ClockKind, datetime, int, datetime]] = frozenset()
    """Which clock, by its start, was recorded to have come to which percent when. A late fact that moves the instant makes it another one."""
    level: int = 0
    level_by_hand: int = 0
    """The level that a person set; clocks raise it further, and late facts take it back to here."""
    offer: Offer | None = None
    """The one on the table."""
    agreed: Offer | None = None
    agreed_at: datetime | None = None
    settled_by_kind: Mapping[Bucket, Decimal] = field(default_factory=dict)
    """Gross, since the agreement."""
    settlements: Mapping[UUID, Document] = field(default_factory=dict)
    """The documents that may be taken back: those since the last agreement or reopening."""
    numbers: frozenset[tuple[str, str]] = frozenset()
    """Kind and number of every settling document that counts."""
    overdue_for: datetime | None = None
    """The agreement, by its instant, whose settlement was recorded as overdue."""
    root_cause: str | None = None
    corrective: CorrectiveAction | None = None

    @property
    def claimant(self) -> Party:
        return Party.US if self.side is Side.BUY else Party.THEM

    @property
    def respondent(self) -> Party:
        return self.claimant.other

    @property
    def ledger(self) -> Ledger:
        return ledger_of((line.account for line in self.lines.values()), self.currency)

    @property
    def open_gross(self) -> Decimal:
        """What is open of all lines; of a case that is being paid or credited, what is held."""
        return sum((line.account.open.gross for line in self.lines.values()), Decimal(0))

    @property
    def first_answer(self) -> datetime | None:
        """When the side that has to answer first did."""
        return next((mark.at for mark in self.marks if mark.kind is MarkKind.ANSWERED and mark.party is self.respondent), None)

    @property
    def over(self) -> bool:
        """Closed, withdrawn or voided: it holds no line any more."""
        return self.status in OVER


OVER = frozenset({Status.CLOSED, Status.WITHDRAWN, Status.VOIDED})
UNRESOLVED = frozenset(Status) - OVER - {Status.DRAFT, Status.SETTLED, Status.WRITTEN_OFF}
"""The states in which a case is worked on."""
