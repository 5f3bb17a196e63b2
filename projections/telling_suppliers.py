"""How what happens to suppliers is told."""

from __future__ import annotations

from domain.suppliers import events as s
from domain.suppliers.terms import Figure, Measure, Qualification
from projections.telling import Names, because, listed, plain, telling

MEASURES = {
    Measure.ON_TIME: "deliveries on time",
    Measure.QUALITY: "units accepted",
    Measure.PRICE_VARIANCE: "price variance",
    Measure.DISPUTES: "disputes per 100 orders",
    Measure.ANSWERS: "days to an answer",
}


def figure_told(figure: Figure) -> str:
    """One measure in words."""
    return f"{MEASURES[figure.measure]} {figure.value:f} gives {figure.points:f} points"


@telling(s.SupplierQualified)
def _(event: s.SupplierQualified, names: Names) -> str:
    what = f"{event.commodity.replace('_', ' ')} in {event.region.replace('_', ' ')}"
    on = f": {event.conditions}" if event.conditions else ""
    until = f" until {plain(event.until)}" if event.until else ""
    state = "a candidate" if event.status is Qualification.CANDIDATE else plain(event.status)
    return f"{names.of(event.account)} is {state} for {what}{until}{on}{because(event.reason)}."


@telling(s.SupplierQualificationLapsed)
def _(event: s.SupplierQualificationLapsed, names: Names) -> str:
    what = f"{event.commodity.replace('_', ' ')} in {event.region.replace('_', ' ')}"
    return f"The qualification of {names.of(event.account)} for {what} ended on {plain(event.until)}."


@telling(s.SupplierOrdered)
def _(event: s.SupplierOrdered, names: Names) -> str:
    worth = f" for {event.amount}" if event.amount else ""
    return f"Order {event.order}{worth} went to {names.of(event.account)} on {plain(event.on)}."


@telling(s.SupplierDelivered)
def _(event: s.SupplierDelivered, names: Names) -> str:
    when = "on time" if event.on_time else f"late, due {plain(event.due_on)}"
    refused = f"; {event.rejected:f} of {event.units:f} units were refused" if event.rejected else ""
    return f"{names.of(event.account)} delivered {event.delivery} of order {event.order} on {plain(event.delivered_on)}, {when}{refused}."


@telling(s.SupplierInvoiced)
def _(event: s.SupplierInvoiced, names: Names) -> str:
    agreed = "" if event.invoiced == event.agreed else f", where {event.agreed} was agreed"
    return f"{names.of(event.account)} invoiced {event.invoiced}{agreed} by {event.invoice}."


@telling(s.SupplierDisputeCounted)
def _(event: s.SupplierDisputeCounted, names: Names) -> str:
    return f"The dispute {names.of(event.dispute)} ({plain(event.reason)}) counts in the score of {names.of(event.account)}."


@telling(s.SupplierDisputeDiscounted)
def _(event: s.SupplierDisputeDiscounted, names: Names) -> str:
    return f"The dispute {names.of(event.dispute)} counts in the score of {names.of(event.account)} no more."


@telling(s.SupplierAnswered)
def _(event: s.SupplierAnswered, names: Names) -> str:
    return f"{names.of(event.account)} answered {names.of(event.dispute)} after {event.days:f} days."


@telling(s.SupplierScored)
def _(event: s.SupplierScored, names: Names) -> str:
    if event.score is None:
        return f"{names.of(event.account)} has no score for {event.month}: there was no activity."
    band = f", {event.band_name}" if event.band_name else ""
    before = f" (before: {event.previous:f})" if event.previous is not None else ""
    blocked = "; nothing is ordered there for now" if event.blocks_orders else ""
    told = listed([figure_told(f) for f in event.figures])
    return f"{names.of(event.account)} scored {event.score:f}{band} for {event.since} to {event.month}{before}: {told}{blocked}."


@telling(s.ScorecardDefined)
def _(event: s.ScorecardDefined, _: Names) -> str:
    weights = listed([f"{MEASURES[w.measure]} {w.percent} %" for w in event.weights])
    return f"Suppliers are scored over {event.months} months by {weights}; {listed([b.name for b in event.bands])} are the bands."
