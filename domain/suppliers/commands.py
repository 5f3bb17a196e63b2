"""What can be asked of a supplier and of the scorecard. A supplier's stream is `supplier_id(account)`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.kernel import Command
from domain.suppliers.terms import Band, Month, Qualification, Weight
from domain.values import Amount, Key, Money, Name, Prose

Units = Annotated[Amount, Field(ge=0)]


class QualifySupplier(Command):
    """Say whether a supplier may deliver a commodity in a region. Qualified and conditional need `until`; conditional its
    `conditions`; disqualified its `reason`.
    """

    account: UUID
    commodity: Key
    region: Key
    status: Qualification
    until: date | None = None
    conditions: Prose | None = None
    reason: Prose | None = None


class RecordLapsedQualifications(Command):
    """Record which qualifications have ended by the day it is; quiet where none has."""


class RecordOrder(Command):
    """Record that something was ordered. Refused where the supplier's band blocks orders, or it is disqualified for the
    commodity in the region; what a system of record tells of the past is recorded as it was.
    """

    account: UUID
    order: Name
    on: date
    commodity: Key | None = None
    region: Key | None = None
    amount: Money | None = None


class RecordDelivery(Command):
    account: UUID
    order: Name
    delivery: Name
    due_on: date
    delivered_on: date
    units: Units = Decimal(1)
    rejected: Units = Decimal(0)


class RecordInvoice(Command):
    """Record what was invoiced against what was agreed, in one currency."""

    account: UUID
    invoice: Name
    on: date
    agreed: Money
    invoiced: Money


class ScoreSupplier(Command):
    """Score the supplier at the end of a month, by the scorecard's latest version; quiet where nothing is new."""

    account: UUID
    month: Month


class DefineScorecard(Command):
    """State how suppliers are scored: weights add up to 100, bands cover 0 to 100 without gap. Over `months` months."""

    weights: Annotated[tuple[Weight, ...], Field(min_length=1, max_length=10)]
    bands: Annotated[tuple[Band, ...], Field(min_length=1, max_length=20)]
    months: Annotated[int, Field(ge=1, le=36)] = 12
