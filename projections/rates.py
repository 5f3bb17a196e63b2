"""Dated exchange rates as they were known, and which of them serves a conversion."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

from domain.rates import AppliedRate, NoRate, RatesRecorded, Series, rate_on, rate_reads
from projections.as_of import NOW, Basis
from projections.batch import Entry
from projections.projection import Projection
from projections.reading import Reading
from projections.rows import Rows
from projections.tables import Table

RATES = Table(
    "rates",
    ("id", "day"),
    {"id": "uuid NOT NULL", "day": "date NOT NULL", "base": "text NOT NULL", "quote": "text NOT NULL", "rate": "numeric NOT NULL"},
)
"""`quote` per one `base`; `id` is the pair's stream."""


class Rates(Projection):
    """Each pair's rate of each day."""

    name = "rates"
    tables = (RATES,)
    events = (RatesRecorded,)

    def handle(self, rows: Rows, entry: Entry) -> None:
        match entry.event:
            case RatesRecorded(base=base, quote=quote, rates=rates):
                for dated in rates:
                    rows.put(RATES, day=dated.day, base=base, quote=quote, rate=dated.rate)


async def rates_to(reading: Reading, quote: str, bases: Iterable[str], day: date) -> tuple[list[AppliedRate], list[NoRate]]:
    """The rate of each base on `day`, and the refusals of those that have none.

    On basis known, of the rates that the log held then; on basis happened of all that we now know of that day and those before.
    """
    reads = {base: [read.id for read in rate_reads(base, quote)] for base in bases}
    known = reading.as_of if reading.as_of.basis is Basis.KNOWN else NOW
    rows = await reading.rows(
        f"SELECT pair.id, last.day, last.rate FROM unnest(%(pairs)s::uuid[]) AS pair (id) CROSS JOIN LATERAL (SELECT day, rate "
        f"FROM {known.of(RATES, 'id', 'day', 'rate')} AS r WHERE r.id = pair.id AND day <= %(rate_day)s ORDER BY day DESC LIMIT 1) AS last",
        {"pairs": sorted({id for ids in reads.values() for id in ids}), "rate_day": day},
    )
    series = {id: Series((of,), (rate,)) for id, of, rate in rows}
    found, missing = [], []
    for base in reads:
        try:
            found.append(rate_on(series, base, quote, day))
        except NoRate as refusal:
            missing.append(refusal)
    return found, missing


async def rates_on(reading: Reading, quote: str, days: Mapping[str, Collection[date]]) -> dict[tuple[str, date], Decimal]:
    """`quote` per base on each of the `days` of each base, as in `rates_to`; without those that have none."""
    if not any(days.values()):
        return {}
    pairs = {read.id for base in days for read in rate_reads(base, quote)}
    known = reading.as_of if reading.as_of.basis is Basis.KNOWN else NOW
    rows = await reading.rows(
        f"SELECT id, day, rate FROM {known.of(RATES, 'id', 'day', 'rate')} AS r WHERE id = ANY (%(pairs)s::uuid[]) AND day <= %(rate_day)s "
        "ORDER BY id, day",
        {"pairs": sorted(pairs), "rate_day": max(day for of in days.values() for day in of)},
    )
    series = {
        id: Series(tuple(day for _, day, _ in of), tuple(rate for _, _, rate in of))
        for id, of in ((id, list(of)) for id, of in groupby(rows, key=itemgetter(0)))
    }
    found = {}
    for base, on in ((base, on) for base, of in days.items() for on in of):
        with suppress(NoRate):
            found[base, on] = rate_on(series, base, quote, on).rate
    return found
