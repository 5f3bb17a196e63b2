"""What happens to a supplier. The stream's id follows from the account's."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from domain.dispute_rules import Reason
from domain.kernel import Event, natural_id
from domain.suppliers.terms import Band, Figure, Qualification, Weight
from domain.values import Money


def supplier_id(account: UUID) -> UUID:
    """The stream of what is known of an account as a supplier."""
    return natural_id("supplier", str(account))


SCORECARD_ID = natural_id("scorecard")
"""The one stream of a tenant's weights and bands."""


class SupplierQualified(Event, topic="supplier.qualified"):
    """What the supplier may deliver, of one commodity in one region. `until`: the last day; `conditions` of a conditional one."""

    account: UUID
    commodity: str
    region: str
    status: Qualification
    previous: Qualification | None
    until: date | None
    conditions: str | None
    reason: str | None


class SupplierQualificationLapsed(Event, topic="supplier.qualification_lapsed"):
    """The last day has passed; the supplier is a candidate again."""

    account: UUID
    commodity: str
    region: str
    until: date


class SupplierOrdered(Event, topic="supplier.ordered"):
    """Something was ordered; `month` it counts in."""

    account: UUID
    order: str
    on: date
    month: str
    commodity: str | None
    region: str | None
    amount: Money | None


class SupplierDelivered(Event, topic="supplier.delivered"):
    """A delivery came. `rejected` of its units were refused on inspection."""

    account: UUID
    order: str
    delivery: str
    due_on: date
    delivered_on: date
    month: str
    on_time: bool
    units: Decimal
    rejected: Decimal


class SupplierInvoiced(Event, topic="supplier.invoiced"):
    """An invoice came: for `invoiced`, where `agreed` had been ordered."""

    account: UUID
    invoice: str
    on: date
    month: str
    agreed: Money
    invoiced: Money


class SupplierDisputeCounted(Event, topic="supplier.dispute_counted"):
    """A case was raised with the supplier."""

    account: UUID
    dispute: UUID
    reason: Reason
    at: datetime
    month: str


class SupplierDisputeDiscounted(Event, topic="supplier.dispute_discounted"):
    """The case was voided or withdrawn: it says nothing of the supplier."""

    account: UUID
    dispute: UUID
    month: str


class SupplierAnswered(Event, topic="supplier.answered"):
    """The supplier answered a case for the first time, `days` (of 24 hours, to two decimals) after it was raised."""

    account: UUID
    dispute: UUID
    days: Decimal
    at: datetime
    month: str


class SupplierScored(Event, topic="supplier.scored"):
    """The score over the months from `since` to `month`, by version `scorecard`. None: there was no activity, so there is no score."""

    account: UUID
    month: str
    since: str
    score: Decimal | None
    band: str | None
    band_name: str | None
    blocks_orders: bool
    figures: tuple[Figure, ...]
    previous: Decimal | None
    scorecard: int


class ScorecardDefined(Event, topic="scorecard.defined"):
    """How suppliers are scored from now on, over `months` months."""

    version: int
    weights: tuple[Weight, ...]
    bands: tuple[Band, ...]
    months: int
