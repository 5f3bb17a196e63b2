"""What contracts are made of: sides, states, terms, clauses, papers, proofs."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from domain.contract_dates import NoticeRule, Renewal
from domain.stages import EvidenceKind
from domain.values import Key, Money, Name, Prose, Text

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), Field(examples=["9f" * 32])]


class Side(StrEnum):
    """Which side of the contract we are on."""

    SELL = "sell"
    BUY = "buy"


class ContractStatus(StrEnum):
    """The states of a contract. The first four come before a signature; the last four, and discarded, are
    final; only a termination can be revoked.
    """

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    OUT_FOR_SIGNATURE = "out_for_signature"
    ACTIVE = "active"
    EXPIRING = "expiring"
    RENEWED = "renewed"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    SUPERSEDED = "superseded"
    DISCARDED = "discarded"


class ValuePer(StrEnum):
    """What the value of a contract is for."""

    TERM = "term"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Party(StrEnum):
    """Of the two that made the contract."""

    US = "us"
    THEM = "them"


class Clause(Text):
    """A clause by its key. `source` and `version` name the clause of the library that it was taken from, if any."""

    key: Key
    text: Prose
    source: Key | None = None
    version: Annotated[int, Field(ge=1)] | None = None


Clauses = Annotated[tuple[Clause, ...], Field(max_length=300)]


class Terms(Text):
    """What was agreed. `start` is the first day of the term, `end` its last; None: it has none.

    `value` is what is due for each `value_per`; `payment_days`: an invoice is to be paid within so many days.
    """

    start: date
    end: date | None = None
    value: Money | None = None
    value_per: ValuePer = ValuePer.TERM
    payment_days: Annotated[int, Field(ge=0, le=720)] | None = None
    renewal: Renewal
    notice: NoticeRule | None = None
    clauses: Clauses = ()


class TermChanges(Text):
    """What an amendment changes; fields left away stay. A clause replaces the one of its key; `dropped_clauses` go."""

    end: date | None = None
    value: Money | None = None
    value_per: ValuePer | None = None
    payment_days: Annotated[int, Field(ge=0, le=720)] | None = None
    renewal: Renewal | None = None
    notice: NoticeRule | None = None
    clauses: Clauses = ()
    dropped_clauses: Annotated[tuple[Key, ...], Field(max_length=300)] = ()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_dump(exclude_defaults=True):
            raise ValueError("an amendment changes something; name what")
        return self


class SignedPaper(Text):
    """A document by its reference and the SHA-256 of its bytes; `id` where Concord holds the paper."""

    id: UUID | None = None
    reference: Name
    sha256: Sha256


class Proof(Text):
    """What shows that an obligation was met; its kind decides what is required, a note may accompany any."""

    note: Prose | None = None
    on: date | None = None
    document: Name | None = None
    sha256: Sha256 | None = None
    contact: UUID | None = None
    amount: Money | None = None

    def same_as(self, other: Proof) -> bool:
        """Whether both are one and the same thing: documents by their bytes, whatever they are called."""
        return self.sha256 == other.sha256 if self.sha256 is not None else self == other

    @property
    def shows(self) -> frozenset[EvidenceKind]:
        """The kinds of proof that are present in full."""
        present = {
            EvidenceKind.NOTE: self.note is not None,
            EvidenceKind.DATE: self.on is not None,
            EvidenceKind.DOCUMENT: self.document is not None and self.sha256 is not None,
            EvidenceKind.CONTACT: self.contact is not None,
            EvidenceKind.AMOUNT: self.amount is not None,
        }
        return frozenset(kind for kind, there in present.items() if there)


class EndCause(StrEnum):
    """Why a contract is ended otherwise than by notice."""

    FOR_CAUSE = "for_cause"
    MUTUAL = "mutual"
    INSOLVENCY = "insolvency"
    OTHER = "other"


class RenewedBy(StrEnum):
    """How a contract came to a further term: nobody gave notice, both agreed, or another contract follows it."""

    SILENCE = "silence"
    AGREEMENT = "agreement"
    SUCCESSOR = "successor"


class RenewalWay(StrEnum):
    """How a coming end is prepared."""

    DEAL = "deal"
    REVIEW = "review"


class RenewalOutcome(StrEnum):
    """What a renewal review came to."""

    RENEW = "renew"
    RENEGOTIATE = "renegotiate"
    END = "end"


class OccurrenceStatus(StrEnum):
    PENDING = "pending"
    DUE = "due"
    MET = "met"
    WAIVED = "waived"
    BREACHED = "breached"
    DROPPED = "dropped"
