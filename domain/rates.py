"""Exchange rates by day. A conversion uses the last rate known on or before its day, never one from later, never a guess.

One stream per pair, `rates_id(base, quote)`: how much `quote` one unit of `base` costs. What a pair lacks is taken from its
inverse, and else crossed through a base that both have rates against, as the European Central Bank's all have EUR.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context as Precision
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.kernel import SYSTEM, Command, Context, Decider, Event, Forbidden, Invalid, Read, Refused, Role, natural_id
from domain.values import Currency, Exactly, Money, Name, Text

PRECISION = Precision(prec=28)
RateValue = Annotated[
    Decimal,
    Field(gt=0, max_digits=22, decimal_places=12, allow_inf_nan=False, examples=["1.0842"]),
    Exactly(r"^[0-9]{1,10}([.][0-9]{1,12})?$"),
]


class DatedRate(Text):
    day: date
    rate: RateValue


class RatesRecorded(Event, topic="rates.recorded"):
    """`quote` per one `base`, in order of days; a day that had a rate gets the new one."""

    base: str
    quote: str
    source: str
    rates: tuple[DatedRate, ...]


class RecordRates(Command):
    """State rates of days that have begun; days that have the same rate already are quiet."""

    base: Currency
    quote: Currency
    source: Name
    rates: tuple[DatedRate, ...] = Field(min_length=1, max_length=20_000)


class NoRate(Refused):
    """There is no rate on or before the day; `data` names both currencies and the day."""


@dataclass(frozen=True, slots=True)
class Series:
    """The rates of one pair, in order of days."""

    days: tuple[date, ...] = ()
    rates: tuple[Decimal, ...] = ()

    def on(self, day: date) -> tuple[Decimal, date] | None:
        """The last rate on or before `day`, and its own day."""
        index = bisect_right(self.days, day) - 1
        return (self.rates[index], self.days[index]) if index >= 0 else None

    def exactly(self, day: date) -> Decimal | None:
        """The rate of `day` itself."""
        found = self.on(day)
        return found[0] if found is not None and found[1] == day else None

    def with_rates(self, rates: Iterable[DatedRate]) -> Series:
        merged = dict(zip(self.days, self.rates, strict=True)) | {r.day: r.rate for r in rates}
        days = tuple(sorted(merged))
        return Series(days, tuple(merged[d] for d in days))


@dataclass(frozen=True, slots=True)
class AppliedRate:
    """What a conversion used, for the record: `rate` of `quote` per `base`, its oldest day, and what it was crossed through."""

    base: str
    quote: str
    rate: Decimal
    day: date
    via: str | None = None


def rates_id(base: str, quote: str) -> UUID:
    return natural_id("rates", base, quote)


def rate_reads(base: str, quote: str, via: Iterable[str] = ("EUR",)) -> Iterable[Read]:
    """The streams that `rate_on` may need for one pair."""
    if base == quote:
        return
    ends = [(base, quote), *((v, end) for v in via for end in (base, quote) if v != end)]
    for one, other in dict.fromkeys(ends):
        yield Read("rates", rates_id(one, other))
        yield Read("rates", rates_id(other, one))


def rate_on(series: Mapping[UUID, Series | None], base: str, quote: str, day: date, via: Iterable[str] = ("EUR",)) -> AppliedRate:
    """`quote` per `base` on `day`: direct, else the inverse, else crossed through the first of `via` that serves.

    `series` are the states of the streams by id, as `ctx.facts` has them. Raises NoRate.
    """
    if base == quote:
        return AppliedRate(base, quote, Decimal(1), day)
    if (found := _either_way(series, base, quote, day)) is not None:
        return AppliedRate(base, quote, *found)
    for through in via:
        if through in {base, quote}:
            continue
        first, second = _either_way(series, base, through, day), _either_way(series, through, quote, day)
        if first is not None and second is not None:
            return AppliedRate(base, quote, PRECISION.multiply(first[0], second[0]), min(first[1], second[1]), through)
    raise NoRate(f"There is no rate from {base} to {quote} on or before {day}; record one.", base=base, quote=quote, day=day.isoformat())


def _either_way(series: Mapping[UUID, Series | None], base: str, quote: str, day: date) -> tuple[Decimal, date] | None:
    """The pair's own rate or the inverse of the other's, whichever is newer; its own where both are of one day."""
    direct, inverse = (
        (s.on(day) if s is not None else None) for s in (series.get(rates_id(base, quote)), series.get(rates_id(quote, base)))
    )
    if inverse is None or (direct is not None and direct[1] >= inverse[1]):
        return direct
    return PRECISION.divide(Decimal(1), inverse[0]), inverse[1]


def convert(money: Money, to: str, rate: AppliedRate) -> Money:
    """`money` in `to` at `rate`, rounded to the minor unit. Raises Invalid when the rate is of other currencies or too much results."""
    if (rate.base, rate.quote) != (money.currency, to):
        raise Invalid(f"A rate from {rate.base} to {rate.quote} does not convert {money.currency} to {to}; ask for the right one.")
    amount = PRECISION.multiply(money.amount, rate.rate)
    if abs(amount) >= Decimal("1e15"):
        raise Invalid(f"{money} is more than can be stated in {to}.")
    return Money(amount=PRECISION.quantize(amount, Decimal("0.000001")), currency=to).rounded()


def decide(series: Series, command: Any, ctx: Context) -> tuple[Event, ...]:
    match command:
        case RecordRates(base=base, quote=quote, source=source, rates=rates):
            if ctx.actor.id != SYSTEM.id and not ctx.actor.has(Role.ADMIN, Role.FINANCE, Role.FINANCE_CHIEF):
                raise Forbidden("Only finance and administration record rates; ask one of them.", roles=[Role.FINANCE, Role.ADMIN])
            if base == quote:
                raise Invalid("A currency is always worth itself; name two different ones.")
            if ctx.stream is not None and ctx.stream != rates_id(base, quote):
                raise Invalid(f"Rates from {base} to {quote} have their own stream.", stream=str(rates_id(base, quote)))
            ordered = sorted(rates, key=lambda r: r.day)
            if any(one.day == other.day for one, other in pairwise(ordered)):
                raise Invalid("A day has one rate; name each day once.")
            # a day begins up to 14 hours earlier elsewhere than in UTC
            if ordered[-1].day > ctx.today + timedelta(days=1):
                raise Invalid(f"{ordered[-1].day} has not begun; rates are never stated ahead.", day=ordered[-1].day.isoformat())
            new = tuple(r for r in ordered if series.exactly(r.day) != r.rate)
            return (RatesRecorded(base=base, quote=quote, source=source, rates=new),) if new else ()
        case _:
            raise TypeError(f"rates know no {type(command).__name__}")


def evolve(series: Series, event: Event) -> Series:
    match event:
        case RatesRecorded(rates=rates):
            return series.with_rates(rates)
        case _:
            return series


rates = Decider("rates", initial=Series(), decide=decide, evolve=evolve)
