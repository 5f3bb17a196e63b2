"""The forecast: what deals are expected to bring, today's and any past day's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, Field, TypeAdapter
from starlette.responses import Response

from api.callers import Caller, ForecastReader
from api.deal_reads import MODELS, DealFilters
from api.moments import PROBLEMS, Moment
from api.problems import documented
from api.reading import Found, Slice, page, reading, rows_of, stood
from api.seen_by import SeenBy
from domain.kernel import Invalid, NotFound
from domain.periods import PeriodKind
from domain.values import Currency
from infra.access import Action
from projections.as_of import Basis
from projections.deals import DEALS
from projections.forecast import REPORTING, Dimension, Forecast, Measure, forecast
from projections.forecast_question import Question, question
from projections.not_counted import NotCountedDeal, Reason, not_counted_deals
from projections.rates import Rates
from projections.reading import Reading

_CURRENCY: TypeAdapter[str] = TypeAdapter(Currency)
router = APIRouter(prefix="/v1/forecast", tags=["forecast"])


class ForecastAbout(DealFilters, Moment, SeenBy):
    """Which deals, and which time, a forecast is about."""

    period: Annotated[
        str | None,
        Field(pattern=r"^(FY)?[0-9]{4}-(Q[1-4]|0[1-9]|1[0-2])$", examples=["2026-Q1"], description="One period only; left away: all."),
    ] = None
    periods: Annotated[
        PeriodKind | None, Field(description="How long periods are; left away: a month. Named, it splits by period too.")
    ] = None
    pipeline: UUID | None = None


class ForecastAsked(ForecastAbout):
    """How the forecast is split, and which deals it is about."""

    by: Annotated[tuple[Dimension, ...], Field(max_length=6, description="What splits it, besides the currency.")] = (Dimension.PERIOD,)
    measure: Measure = Measure.TOTAL
    todays_team: Annotated[bool, Field(description="A deal belongs to the team that its owner is in today.")] = False
    convert_to: Annotated[
        str | None,
        Field(
            pattern=r"^(reporting|[A-Z]{3})$",
            examples=["reporting"],
            description="Tell the rows in this currency, or the tenant's own, at the rates of the day that is asked about.",
        ),
        AfterValidator(lambda written: written if written in {None, REPORTING} else _CURRENCY.validate_python(written)),
    ] = None


class NotCountedAsked(ForecastAbout, Slice):
    """Which deals, in which time, and a page."""

    reason: Annotated[Reason | None, Field(description="Only those left out for this reason.")] = None


class ForecastThen(Forecast):
    """The forecast, and the moment it is about."""

    as_of: int | None
    basis: Basis


@router.get("", response_model=ForecastThen, operation_id="read_forecast", responses=documented(Invalid, NotFound, *PROBLEMS))
async def read_forecast(caller: ForecastReader, asked: Annotated[ForecastAsked, Query()]) -> Response:
    """By category, single and cumulative, and weighted; per currency, and by whatever was asked for.

    Every total opens to its deals: list them with the same filters and `counted`. What is in no number is counted in `not_counted`;
    `omitted` holds the sums of the open deals that were called out of it.
    `converted` says at which rates the rows are told in one currency; what has no rate stays in its own.
    """
    # who names a length of periods wants to see them, whatever else splits the rows
    by = asked.by if asked.periods is None or Dimension.PERIOD in asked.by else (Dimension.PERIOD, *asked.by)
    async with reading(caller, asked, *MODELS, Rates) as opened:
        about = await _about(caller, opened, asked)
        split: dict[str, Any] = {"by": by, "measure": asked.measure, "todays_team": asked.todays_team}
        found = await forecast(opened, about, **split, convert_to=asked.convert_to, now=datetime.now(UTC))
        return stood(found, opened.as_of, found.position)


@router.get(
    "/not-counted",
    response_model=Found[NotCountedDeal],
    operation_id="list_not_counted",
    responses=documented(Invalid, NotFound, *PROBLEMS),
)
async def list_not_counted(caller: ForecastReader, asked: Annotated[NotCountedAsked, Query()]) -> Response:
    """The deals that the forecast of the same filters leaves out: omitted, or for want of an amount or a close date, with what each lacks."""
    async with reading(caller, asked, *MODELS) as opened:
        about = await _about(caller, opened, asked)
        return page(await not_counted_deals(opened, about, reason=asked.reason, limit=asked.limit, cursor=asked.cursor), opened.as_of)


async def _about(caller: Caller, opened: Reading, asked: ForecastAbout) -> Question:
    return await question(
        opened,
        periods=asked.periods or PeriodKind.MONTH,
        period=asked.period,
        scope=await rows_of(caller, Action.FORECAST_READ, DEALS.name, opened.as_of, asked),
        **asked.given(pipeline=asked.pipeline),
    )
