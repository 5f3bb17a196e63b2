"""What a dispute is made of: parties, lines of documents, evidence, offers, and the codes they use."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from domain.dispute_rules import EvidenceKind
from domain.values import Amount, Money, Name, Prose, Text

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), Field(examples=["0" * 64])]
Positive = Annotated[Amount, Field(gt=0)]
NotNegative = Annotated[Amount, Field(ge=0)]


class Side(StrEnum):
    """Who claims: `buy`, we do, from a supplier; `sell`, a customer does, from us."""

    BUY = "buy"
    SELL = "sell"


class Party(StrEnum):
    """Who said or owes something: us, or the account on the other side."""

    US = "us"
    THEM = "them"

    @property
    def other(self) -> Party:
        return Party.THEM if self is Party.US else Party.US


class Status(StrEnum):
    """Where a case is. `awaiting_supplier` awaits the account on the other side, which on side `sell` is a customer."""

    DRAFT = "draft"
    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    INVESTIGATING = "investigating"
    AWAITING_SUPPLIER = "awaiting_supplier"
    PROPOSED = "proposed"
    COUNTERED = "countered"
    ACCEPTED = "accepted"
    SETTLING = "settling"
    SETTLED = "settled"
    WRITTEN_OFF = "written_off"
    CLOSED = "closed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"
    VOIDED = "voided"


class Severity(StrEnum):
    """A critical case has to be resolved within business days instead of weeks."""

    NORMAL = "normal"
    CRITICAL = "critical"


class Visibility(StrEnum):
    """Whether the other side sees it; what is internal never leaves."""

    PUBLIC = "public"
    INTERNAL = "internal"


class DocumentKind(StrEnum):
    """What a disputed line stands in."""

    INVOICE = "invoice"
    ORDER = "order"
    OBLIGATION = "obligation"


class SettlementKind(StrEnum):
    """By what an open amount is settled. The first three credit it, the next two pay it, the last writes it off."""

    CREDIT_NOTE = "credit_note"
    DEBIT_MEMO = "debit_memo"
    RETURN_CREDIT = "return_credit"
    RELEASE = "release"
    CONCESSION = "concession"
    WRITE_OFF = "write_off"


class LineReference(Text):
    """A line of a document, by the numbers that both sides know it by: (invoice, RE-2026-117, 10).

    `id`: of the document where Concord has it, as it has obligations. It is one line whatever the case or blanks of its numbers.
    """

    kind: DocumentKind
    document: Name
    line: Name = "1"
    id: UUID | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """What identifies it for one account."""
        return (self.kind.value, _bare(self.document), _bare(self.line))


def _bare(text: str) -> str:
    return "".join(text.casefold().split()) or text


class DisputedLine(Text):
    """What is disputed of one line: the net amount and the tax on it, in the case's currency and its minor unit."""

    reference: LineReference
    net: NotNegative
    tax: NotNegative = Decimal(0)
    label: Name | None = None
    quantity: Positive | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.net + self.tax <= 0:
            raise ValueError("a disputed line has an amount above zero")
        return self

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


class DisputedDocument(Text):
    """When and how much of a document is to be paid: what stays payable beside the disputed part is reckoned from it.

    `due_on`: as agreed; `statutory_due_on`: the latest day that the law allows; `discount_on`: the last day on which
    `discount` may be taken off.
    """

    kind: DocumentKind
    number: Name
    total: Money | None = None
    due_on: date | None = None
    statutory_due_on: date | None = None
    discount_on: date | None = None
    discount: Money | None = None


class Evidence(Text):
    """A document by its reference and the SHA-256 of its bytes; a note may be all there is of one that is only told of."""

    kind: EvidenceKind
    document: Name | None = None
    sha256: Sha256 | None = None
    note: Prose | None = None
    visibility: Visibility = Visibility.PUBLIC

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.document is None and self.sha256 is None:
            raise ValueError("evidence names a document, or the SHA-256 of its bytes")
        return self


class OfferTerms(Text):
    """How all that is open would be settled, gross: credited to us who were overcharged, paid after all, written off.

    The three add up to what is open. `settle_by`: the day until which it would be done.
    """

    credit: NotNegative = Decimal(0)
    pay: NotNegative = Decimal(0)
    write_off: NotNegative = Decimal(0)
    settle_by: date | None = None
    goods_returned: bool = False

    @property
    def sum(self) -> Decimal:
        return self.credit + self.pay + self.write_off


class LineAmount(Text):
    """A gross part of one line; None: all of it that is open."""

    line: UUID
    amount: Positive | None = None


class ClockKind(StrEnum):
    """What is measured. The first three are answers that are owed; `resolve` is the way to a settled case."""

    ACKNOWLEDGE = "acknowledge"
    FIRST_ANSWER = "first_answer"
    REPLY = "reply"
    RESOLVE = "resolve"


class MarkKind(StrEnum):
    """The facts that clocks are computed from."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"
    AWAITING = "awaiting"
    RESUMED = "resumed"
    RESOLVED = "resolved"
    REOPENED = "reopened"


class Mark(Text):
    """A fact that starts, pauses or stops a clock, and when it was so, which may be earlier than we learnt it."""

    kind: MarkKind
    at: datetime
    party: Party | None = None


class Reading(Text):
    """A clock as it stands by the facts known: `party` owes it, in `calendar_zone`'s working hours unless it counts all hours.

    `spent`: seconds used up to the last fact that it depends on. `due_at`: when `limit` seconds are or were used up; None
    while paused or where it stopped in time. `warn_at`: when its warning percents are or were reached, in their order; None likewise.
    """

    kind: ClockKind
    party: Party
    started_at: datetime
    stopped_at: datetime | None = None
    paused_at: datetime | None = None
    limit: int
    spent: int
    working_time: bool = True
    due_at: datetime | None = None
    warn_at: tuple[datetime | None, ...] = ()


class EightD(StrEnum):
    """The disciplines of a corrective action (8D) that are recorded: containment, root cause, chosen measures, measures
    carried out, recurrence prevented. Those before are the case itself; the one after is the effectiveness check.
    """

    D3 = "d3"
    D4 = "d4"
    D5 = "d5"
    D6 = "d6"
    D7 = "d7"
