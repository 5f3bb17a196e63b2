"""What a forecast is asked about: which deals it reaches, in which periods, and which of them it cannot count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from domain.kernel import Invalid
from domain.periods import Period, PeriodKind
from domain.settings import Settings
from projections.deal_list import filters_at
from projections.deals import UNCOUNTED
from projections.paging import contains
from projections.pipelines import PRACTICE
from projections.reading import EVERYTHING, Reading, Scope

_MAY_LACK = {
    "amount_from": "amount",
    "amount_to": "amount",
    "currency": "currency",
    "closes_from": "books_on",
    "closes_before": "books_on",
}
"""Filters on what an incomplete deal may lack: they do not turn it away for lacking it. An omitted one is listed and added up as any other."""


@dataclass(frozen=True, slots=True)
class Question:
    """Conditions are SQL on a row of DEALS; `params` are theirs. `dated`: it is about a part of the time, so that deals without a close date are outside.

    `reporting_currency` and `zone` are the tenant's at the moment that is asked about.
    """

    periods: PeriodKind
    year_start: int
    params: Mapping[str, Any]
    counted: tuple[str, ...]
    lacking: tuple[str, ...]
    dated: bool
    reporting_currency: str
    zone: ZoneInfo


async def question(
    reading: Reading,
    *,
    scope: Scope = EVERYTHING,
    periods: PeriodKind = PeriodKind.MONTH,
    period: str | None = None,
    **filters: Any,
) -> Question:
    """In `periods` of one kind, or about one `period` ("2026-Q1", "FY2026-Q1", "2026-03"); filters as in `deal_list`.

    Raises Invalid on a bad period or filter.
    """
    start, currency, zone = await _practice(reading)
    given = {name: value for name, value in filters.items() if value is not None}
    if period is not None:
        chosen = _period(period, start)
        periods, given = chosen.kind, {**given, "closes_from": chosen.start}
        if chosen.end is not None:
            given["closes_before"] = chosen.end
    known = filters_at(reading)
    if unknown := given.keys() - known.keys():
        raise Invalid("The forecast has no such filter; choose one of the filters.", unknown=sorted(unknown), filters=sorted(known))
    params = {**scope.params, **given}
    if "text" in given:
        params["text"] = contains(given["text"])
    lenient = {
        name: f"({condition} OR {_MAY_LACK[name]} IS NULL AND category <> 'omitted')" if name in _MAY_LACK else condition
        for name, condition in known.items()
    }
    return Question(
        periods,
        start,
        params,
        counted=("category <> 'omitted'", "currency IS NOT NULL", scope.sql, *(known[name] for name in given)),
        lacking=(f"({UNCOUNTED})", scope.sql, *(lenient[name] for name in given)),
        dated=not given.keys().isdisjoint({"closes_from", "closes_before"}),
        reporting_currency=currency,
        zone=ZoneInfo(zone),
    )


def _period(key: str, year_start: int) -> Period:
    try:
        return Period.parse(key, year_start)
    except ValueError as error:
        raise Invalid(f"{error}.", period=key) from None


async def _practice(reading: Reading) -> tuple[int, str, str]:
    relation = reading.as_of.of(PRACTICE, "fiscal_year_start", "currency", "zone")
    found = await reading.rows(f"SELECT fiscal_year_start, currency, zone FROM {relation} AS p", {})
    default = Settings()
    return found[0] if found else (default.fiscal_year_start, default.currency, default.zone)
