"""A forecast in one currency: which rates it is converted at, and what stays in its own for want of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from domain.rates import AppliedRate
from projections.forecast_rows import ForecastRow, Gathering
from projections.rates import rates_to
from projections.reading import Reading


@dataclass(slots=True)
class Unconverted:
    """`total` is in the rows too, in its own currency. `detail`: what to do."""

    currency: str
    detail: str
    total: ForecastRow


@dataclass(slots=True)
class Converted:
    """At the last `rates` on or before `day`, each with its own day. `total`: of all that could be converted; None: nothing could.

    Each figure is converted and rounded by itself, so that rows may add up to a minor unit more or less than the total, which
    stays the same however it is split.
    """

    currency: str
    day: date
    rates: Sequence[AppliedRate]
    total: ForecastRow | None
    unconverted: list[Unconverted]


async def convert(reading: Reading, gathered: Gathering, to: str, day: date) -> Converted:
    """Make the rows be told in `to` as far as there are rates on or before `day`."""
    totals = {total.currency: total for total in gathered.totals()}
    rates, missing = await rates_to(reading, to, sorted(totals.keys() - {to}), day)
    gathered.tell_in(to, {rate.base: rate.rate for rate in rates})
    return Converted(
        to,
        day,
        rates,
        total=gathered.total_in(to),
        unconverted=[Unconverted(no.data["base"], no.detail, totals[no.data["base"]]) for no in missing],
    )
