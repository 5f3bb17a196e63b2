"""The score of a supplier: points from 0 to 100, from what happened in the months looked at. No activity means no score.

A measure counts only if there was something to measure; the weights of the others then share its part. Each value becomes
points on a straight line between what is worth 100 and what is worth 0:

- on time: deliveries that came by the day promised, in percent
- quality: units that were not refused on inspection, in percent
- price variance: how far invoices are from what was agreed, on average; 0 % is worth 100, 10 % and more 0
- disputes: cases per 100 orders; none is worth 100, 10 and more 0
- answers: days until a case was first answered, on average; 1 and fewer are worth 100, 10 and more 0
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise

from domain.suppliers.state import Activity, Scorecard, Supplier
from domain.suppliers.terms import Band, Figure, Measure, Weight

_CENT = Decimal("0.01")
_HUNDRED = Decimal(100)
_LINES = {
    Measure.ON_TIME: (_HUNDRED, Decimal(0)),
    Measure.QUALITY: (_HUNDRED, Decimal(0)),
    Measure.PRICE_VARIANCE: (Decimal(0), Decimal(10)),
    Measure.DISPUTES: (Decimal(0), Decimal(10)),
    Measure.ANSWERS: (Decimal(1), Decimal(10)),
}
"""For each measure the value that is worth 100 points, and the one that is worth none."""

STARTING_SCORECARD = Scorecard(
    weights=(
        Weight(measure=Measure.ON_TIME, percent=30),
        Weight(measure=Measure.QUALITY, percent=30),
        Weight(measure=Measure.PRICE_VARIANCE, percent=15),
        Weight(measure=Measure.DISPUTES, percent=15),
        Weight(measure=Measure.ANSWERS, percent=10),
    ),
    bands=(
        Band(key="blocked", name="Blocked", at_least=Decimal(0), below=Decimal(40), blocks_orders=True),
        Band(key="watch", name="On watch", at_least=Decimal(40), below=Decimal(60)),
        Band(key="approved", name="Approved", at_least=Decimal(60), below=Decimal(85)),
        Band(key="preferred", name="Preferred", at_least=Decimal(85)),
    ),
)
"""The weights and bands that every tenant begins with (default)."""


def months_until(month: str, count: int) -> tuple[str, ...]:
    """So many months up to and including `month`, in order."""
    last = int(month[:4]) * 12 + int(month[5:]) - 1
    return tuple(f"{n // 12:04}-{n % 12 + 1:02}" for n in range(max(last - count + 1, 12), last + 1))


def figures(supplier: Supplier, month: str, scorecard: Scorecard) -> tuple[Figure, ...]:
    """What there is to measure over the scorecard's months, in the order of its weights."""
    counted = {measure: (of, value) for measure, of, value in _values(supplier, frozenset(months_until(month, scorecard.months)))}
    return tuple(_figure(weight, *counted[weight.measure]) for weight in scorecard.weights if weight.measure in counted)


def _values(supplier: Supplier, months: frozenset[str]) -> Iterator[tuple[Measure, Decimal, Decimal]]:
    found = [activity for month, activity in supplier.months.items() if month in months]
    cases = [case for case in supplier.cases.values() if case.month in months]
    deliveries, units, invoices, orders = (_sum(found, name) for name in ("deliveries", "units", "invoices", "orders"))
    if deliveries:
        yield Measure.ON_TIME, deliveries, _sum(found, "on_time") * 100 / deliveries
    if units:
        yield Measure.QUALITY, units, (units - _sum(found, "rejected")) * 100 / units
    if invoices:
        yield Measure.PRICE_VARIANCE, invoices, _sum(found, "variance") / invoices
    if orders:
        yield Measure.DISPUTES, orders, Decimal(len(cases)) * 100 / orders
    answers = [case.days for case in cases if case.days is not None]
    if answers:
        yield Measure.ANSWERS, Decimal(len(answers)), sum(answers, Decimal(0)) / len(answers)


def _sum(activities: list[Activity], name: str) -> Decimal:
    return sum((Decimal(getattr(activity, name)) for activity in activities), Decimal(0))


def _figure(weight: Weight, of: Decimal, value: Decimal) -> Figure:
    best, worst = _LINES[weight.measure]
    points = min(max((value - worst) * 100 / (best - worst), Decimal(0)), _HUNDRED)
    return Figure(measure=weight.measure, of=of, value=_rounded(value), points=_rounded(points), percent=weight.percent)


def _rounded(number: Decimal) -> Decimal:
    return number.quantize(_CENT, ROUND_HALF_EVEN)


def score(measured: tuple[Figure, ...]) -> Decimal | None:
    """The weighted points, to two decimals; None where nothing that counts was measured."""
    weight = sum(figure.percent for figure in measured)
    return _rounded(sum((f.points * f.percent for f in measured), Decimal(0)) / weight) if weight else None


def band_of(points: Decimal, scorecard: Scorecard) -> Band:
    """The band in which a score lies."""
    return next(band for band in sorted(scorecard.bands, key=lambda b: b.at_least, reverse=True) if points >= band.at_least)


def fault(weights: tuple[Weight, ...], bands: tuple[Band, ...]) -> str | None:
    """What keeps a scorecard from being one, if anything does."""
    if len({weight.measure for weight in weights}) != len(weights):
        return "A measure is weighed twice; name it once."
    if (total := sum(weight.percent for weight in weights)) != 100:
        return f"The weights add up to {total}, not to 100; change one of them."
    if len({band.key for band in bands}) != len(bands):
        return "Two bands have the same key; name each once."
    ordered = sorted(bands, key=lambda band: band.at_least)
    if ordered[0].at_least != 0:
        return f"Nothing covers scores below {ordered[0].at_least}; let the lowest band begin at 0."
    for lower, upper in pairwise(ordered):
        if lower.at_least == upper.at_least:
            return f"Two bands begin at {lower.at_least}; let each begin elsewhere."
        if lower.below is not None and lower.below != upper.at_least:
            gap = "Nothing covers" if lower.below < upper.at_least else "Two bands cover"
            low, high = sorted((lower.below, upper.at_least))
            return f"{gap} scores from {low} to {high}; let each band end where the next begins."
    if ordered[-1].below is not None:
        return "Nothing covers a score of 100; leave the end of the highest band away."
    return None
