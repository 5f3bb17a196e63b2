"""What deals are made of: lines, people, evidence, and the codes they use."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from domain.stages import EvidenceKind
from domain.values import Amount, Exactly, Key, Money, Name, Payable, Prose, Text


class Source(StrEnum):
    """Where a deal came from."""

    DIRECT = "direct"
    PARTNER_REGISTRATION = "partner_registration"
    CAMPAIGN = "campaign"
    RENEWAL = "renewal"


class Direction(StrEnum):
    """What a move is."""

    FORWARD = "forward"
    BACK = "back"
    WON = "won"
    LOST = "lost"


class BuyerRole(StrEnum):
    """What a person means to the deal."""

    ECONOMIC_BUYER = "economic_buyer"
    CHAMPION = "champion"
    DECISION_MAKER = "decision_maker"
    INFLUENCER = "influencer"
    USER = "user"
    LEGAL = "legal"
    PROCUREMENT = "procurement"
    BLOCKER = "blocker"


class DealPerson(Text):
    """A contact and the part this person plays in the deal."""

    contact: UUID
    role: BuyerRole


class Period(StrEnum):
    """How often a recurring price is due."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}


class Line(Text):
    """A line of a deal: one-off, or recurring (`unit_price` is due every `period`, for `months` months).

    `discount` is in percent of the price; a price may have up to 6 decimals.
    """

    product: UUID | None = None
    label: Name | None = None
    quantity: Annotated[Amount, Field(gt=0)] = Decimal(1)
    unit_price: Money
    discount: Annotated[Decimal, Field(ge=0, le=100, max_digits=7, decimal_places=4), Exactly(r"^[0-9]{1,3}([.][0-9]{1,4})?$")] = Decimal(0)
    period: Period | None = None
    months: Annotated[int, Field(ge=1, le=600)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.product is None and self.label is None:
            raise ValueError("a line names a product, or says in `label` what it is")
        if (self.period is None) != (self.months is None):
            raise ValueError("a recurring line has both `period` and `months`; a one-off line has neither")
        if self.unit_price.amount < 0:
            raise ValueError("a unit price is not negative; give a discount instead")
        return self


class Evidence(Text):
    """The artefact for an exit criterion. Its kind decides what is required: a note, a date (`on`), a document (its
    reference and the SHA-256 of its bytes), a contact or an amount; a note may accompany any of them.
    """

    criterion: Key
    note: Prose | None = None
    on: date | None = None
    document: Name | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    contact: UUID | None = None
    amount: Payable | None = None

    @property
    def shows(self) -> frozenset[EvidenceKind]:
        """The kinds of artefact that are present in full; a note beside another one does not count."""
        present = {
            EvidenceKind.DATE: self.on is not None,
            EvidenceKind.DOCUMENT: self.document is not None or self.sha256 is not None,
            EvidenceKind.CONTACT: self.contact is not None,
            EvidenceKind.AMOUNT: self.amount is not None,
        }
        kinds = frozenset(kind for kind, there in present.items() if there)
        return kinds or (frozenset({EvidenceKind.NOTE}) if self.note is not None else frozenset())
