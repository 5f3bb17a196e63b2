"""A supplier and the scorecard as their decisions see them, and how each event changes that. Total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from domain.dispute_rules import Reason
from domain.kernel import Event
from domain.suppliers import events as e
from domain.suppliers.terms import Band, Qualification, Weight

_NONE = Decimal(0)


class Standing(NamedTuple):
    """A qualification, for one commodity in one region."""

    status: Qualification
    until: date | None
    conditions: str | None
    reason: str | None


class Case(NamedTuple):
    """A case raised with the supplier; `days` until its first answer, None while there is none. `stood`: the score before it."""

    reason: Reason
    at: datetime
    month: str
    days: Decimal | None = None
    stood: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """What happened in one month."""

    orders: int = 0
    deliveries: int = 0
    on_time: int = 0
    units: Decimal = _NONE
    rejected: Decimal = _NONE
    invoices: int = 0
    variance: Decimal = _NONE
    """The sum over invoices of how far each was from what was agreed, in percent of that."""


@dataclass(frozen=True, slots=True)
class Supplier:
    """What decisions about a supplier read."""

    account: UUID
    qualifications: Mapping[str, Standing] = field(default_factory=dict)
    """By `place` of commodity and region."""
    months: Mapping[str, Activity] = field(default_factory=dict)
    orders: frozenset[str] = frozenset()
    deliveries: frozenset[str] = frozenset()
    invoices: frozenset[str] = frozenset()
    """Numbers that are known, in the form in which two are the same."""
    cases: Mapping[UUID, Case] = field(default_factory=dict)
    scored: e.SupplierScored | None = None

    def cases_since(self, reason: Reason, since: datetime, until: datetime) -> tuple[UUID, ...]:
        """The cases for that reason that were raised between the two instants, oldest first."""
        found = [(case.at, id) for id, case in self.cases.items() if case.reason is reason and since <= case.at <= until]
        return tuple(id for _, id in sorted(found))

    @property
    def blocked(self) -> bool:
        """Whether its last score fell into a band that blocks orders."""
        return self.scored is not None and self.scored.blocks_orders


@dataclass(frozen=True, slots=True)
class Scorecard:
    """How suppliers are scored; version 0 is what every tenant begins with."""

    weights: tuple[Weight, ...]
    bands: tuple[Band, ...]
    months: int = 12
    version: int = 0


def place(commodity: str, region: str) -> str:
    """What a qualification is for, as one key; neither part has a colon."""
    return f"{commodity}:{region}"


def number(text: str) -> str:
    """The form in which two numbers of documents are the same."""
    return "".join(text.casefold().split())


def _month(supplier: Supplier, month: str, **more: int | Decimal) -> Mapping[str, Activity]:
    activity = supplier.months.get(month, Activity())
    changed = {name: getattr(activity, name) + value for name, value in more.items()}
    return {**supplier.months, month: replace(activity, **changed)}


def _case(supplier: Supplier, event: e.SupplierAnswered) -> Mapping[UUID, Case]:
    known = supplier.cases.get(event.dispute)
    return supplier.cases if known is None else {**supplier.cases, event.dispute: known._replace(days=event.days)}


def evolve(supplier: Supplier | None, event: Event) -> Supplier | None:
    """The supplier after `event`; it begins with whatever is first known of it."""
    account = getattr(event, "account", None)
    if supplier is None:
        if not isinstance(account, UUID) or not type(event).topic.startswith("supplier."):
            return None
        supplier = Supplier(account)
    match event:
        case e.SupplierQualified(commodity=commodity, region=region):
            standing = Standing(event.status, event.until, event.conditions, event.reason)
            return replace(supplier, qualifications={**supplier.qualifications, place(commodity, region): standing})
        case e.SupplierQualificationLapsed(commodity=commodity, region=region):
            lapsed = Standing(Qualification.CANDIDATE, None, None, None)
            return replace(supplier, qualifications={**supplier.qualifications, place(commodity, region): lapsed})
        case e.SupplierOrdered(order=order, month=month):
            return replace(supplier, orders=supplier.orders | {number(order)}, months=_month(supplier, month, orders=1))
        case e.SupplierDelivered(delivery=delivery, month=month):
            counts = _month(supplier, month, deliveries=1, on_time=int(event.on_time), units=event.units, rejected=event.rejected)
            return replace(supplier, deliveries=supplier.deliveries | {number(delivery)}, months=counts)
        case e.SupplierInvoiced(invoice=invoice, month=month):
            percent = variance_percent(event)
            return replace(
                supplier, invoices=supplier.invoices | {number(invoice)}, months=_month(supplier, month, invoices=1, variance=percent)
            )
        case e.SupplierDisputeCounted(dispute=dispute, reason=reason, at=at, month=month):
            stood = None if supplier.scored is None else supplier.scored.score
            return replace(supplier, cases={**supplier.cases, dispute: Case(reason, at, month, stood=stood)})
        case e.SupplierDisputeDiscounted(dispute=dispute):
            return replace(supplier, cases={id: c for id, c in supplier.cases.items() if id != dispute})
        case e.SupplierAnswered():
            return replace(supplier, cases=_case(supplier, event))
        case e.SupplierScored():
            return replace(supplier, scored=event)
        case _:
            return supplier


_MOST = Decimal(1000)


def variance_percent(event: e.SupplierInvoiced) -> Decimal:
    """How far an invoice is from what was agreed, either way, in percent of that, at most 1000; 0 where nothing was agreed."""
    agreed, difference = abs(event.agreed.amount), abs(event.invoiced.amount - event.agreed.amount)
    if not agreed:
        return _NONE
    return min(difference * 100 / agreed, _MOST).quantize(Decimal("0.01"))


def scorecard_after(scorecard: Scorecard, event: Event) -> Scorecard:
    match event:
        case e.ScorecardDefined(weights=weights, bands=bands, months=months, version=version):
            return Scorecard(weights, bands, months, version)
        case _:
            return scorecard
