"""A forecast in one currency: which rates it is converted at, and what stays in its own for want of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.rates import AppliedRate
from projections.forecast_rows import ForecastRow, Gathering
from projections.rates import rates_on, rates_to
from projections.reading import Reading


@dataclass(slots=True)
class Unconverted:
    """`total` is in the rows too, in its own currency. `detail`: what to do."""

    currency: str
    detail: str
    total: ForecastRow


@dataclass(slots=True)
class WonAt:
    """Won deals of one currency. `theirs` are told at the rate of the day they booked on, so that no later rate changes their worth;
    `others` booked on no known day, or before the first rate, and are told at that of the day that is asked about.
    """

    currency: str
    theirs: int
    others: int


@dataclass(slots=True)
class Converted:
    """At the last `rates` on or before `day`, each with its own day; `won` says which won deals are told at those of their own days.

    `total`: of all that could be converted; None: nothing could.

    Each figure is converted and rounded by itself, so that rows may add up to a minor unit more or less than the total, which
    stays the same however it is split.
    """

    currency: str
    day: date
    rates: Sequence[AppliedRate]
    won: list[WonAt]
    total: ForecastRow | None
    unconverted: list[Unconverted]


async def convert(reading: Reading, gathered: Gathering, to: str, day: date) -> Converted:
    """Make the rows be told in `to` as far as there are rates on or before `day`."""
    totals = {total.currency: total for total in gathered.totals()}
    rates, missing = await rates_to(reading, to, sorted(totals.keys() - {to}), day)
    booked = {base: days for base, days in gathered.booked().items() if base in {rate.base for rate in rates}}
    # where it is later already, in another zone, a deal may be booked after the day that is asked about
    own = await rates_on(reading, to, {base: {min(on, day) for on in days if on is not None} for base, days in booked.items()})
    won: dict[tuple[str, date | None], Decimal] = {
        (base, on): own[base, min(on, day)]
        for base, days in booked.items()
        for on in days
        if on is not None and (base, min(on, day)) in own
    }
    gathered.tell_in(to, {**{(rate.base, None): rate.rate for rate in rates}, **won})
    return Converted(
        to,
        day,
        rates,
        won=[_won_at(base, days, {on for of, on in won if of == base}) for base, days in sorted(booked.items()) if days],
        total=gathered.total_in(to),
        unconverted=[Unconverted(no.data["base"], no.detail, totals[no.data["base"]]) for no in missing],
    )


def _won_at(currency: str, days: Mapping[date | None, int], known: Collection[date | None]) -> WonAt:
    theirs = sum(count for on, count in days.items() if on in known)
    return WonAt(currency, theirs, sum(days.values()) - theirs)
