"""Dated exchange rates, by pair of currencies."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from api.callers import CatalogueReader
from api.conventions import etag, reply
from api.moments import PROBLEMS, Day, told
from api.nouns import Noun
from api.problems import documented
from api.registers import Eyed, register_at
from domain.kernel import NotFound
from domain.rates import DatedRate, RecordRates, Series, rates, rates_id
from domain.values import Currency
from infra.access import Action
from projections.as_of import Basis


class Pair(Eyed):
    """Which rates: `quote` per one `base`, from a day, to a day."""

    base: Currency
    quote: Currency
    first_day: Day | None = None
    last_day: Day | None = None


class RatesView(BaseModel):
    """The rates of one pair, in order of days; the newest 1,000 of those asked for."""

    model_config = ConfigDict(frozen=True)
    base: str
    quote: str
    rates: list[DatedRate]
    version: int
    as_of: int | None
    basis: Basis


noun = Noun("rates", "rates", rates)
router = noun.router
noun.opens(
    RecordRates,
    Action.RATE_CHANGE,
    operation="record_rates",
    summary="State rates of days that have begun",
    example={"base": "EUR", "quote": "USD", "source": "ECB", "rates": [{"day": "2026-03-02", "rate": "1.0842"}]},
    stream=lambda command: rates_id(command.base, command.quote),
)


@router.get("", response_model=RatesView, operation_id="read_rates", responses=documented(NotFound, *PROBLEMS))
async def read_rates(caller: CatalogueReader, pair: Annotated[Pair, Query()]) -> Response:
    """The rates of one pair, now or as they were known."""
    stood = await register_at(caller, noun, rates_id(pair.base, pair.quote), Action.CATALOGUE_READ, pair)
    series: Series = stood.state
    first, last = pair.first_day or date.min, pair.last_day or date.max
    found = [{"day": day, "rate": rate} for day, rate in zip(series.days, series.rates, strict=True) if first <= day <= last]
    headers = {"Concord-Position": str(stood.head)} | ({"ETag": etag(stood.version)} if stood.as_of.now else {})
    shown = {"base": pair.base, "quote": pair.quote, "rates": found[-1000:], "version": stood.version, **told(stood.as_of)}
    return reply(shown, headers=headers)
