"""The forecast: what deals are expected to bring, today's and any past day's."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from api.callers import ForecastReader
from api.deal_reads import MODELS, DealFilters
from api.moments import PROBLEMS, Moment
from api.problems import documented
from api.reading import reading, rows_of, stood
from domain.kernel import Invalid
from domain.periods import PeriodKind
from infra.access import Action
from projections.as_of import Basis
from projections.deals import DEALS
from projections.forecast import Dimension, Forecast, Measure, forecast

router = APIRouter(prefix="/v1/forecast", tags=["forecast"])


class ForecastAsked(DealFilters, Moment):
    """How the forecast is split, and which deals it is about."""

    by: Annotated[tuple[Dimension, ...], Field(max_length=6, description="What splits it, besides the currency.")] = (Dimension.PERIOD,)
    periods: PeriodKind = PeriodKind.MONTH
    period: Annotated[
        str | None,
        Field(pattern=r"^(FY)?[0-9]{4}-(Q[1-4]|0[1-9]|1[0-2])$", examples=["2026-Q1"], description="One period only; left away: all."),
    ] = None
    measure: Measure = Measure.TOTAL
    todays_team: Annotated[bool, Field(description="A deal belongs to the team that its owner is in today.")] = False
    pipeline: UUID | None = None


class ForecastThen(Forecast):
    """The forecast, and the moment it is about."""

    as_of: int | None
    basis: Basis


@router.get("", response_model=ForecastThen, operation_id="read_forecast", responses=documented(Invalid, *PROBLEMS))
async def read_forecast(caller: ForecastReader, asked: Annotated[ForecastAsked, Query()]) -> Response:
    """By category, single and cumulative, and weighted; per currency, and by whatever was asked for.

    Every total opens to its deals: list them with the same filters.
    """
    async with reading(caller, asked, *MODELS) as opened:
        found = await forecast(
            opened,
            by=asked.by,
            periods=asked.periods,
            period=asked.period,
            measure=asked.measure,
            todays_team=asked.todays_team,
            scope=rows_of(caller, Action.FORECAST_READ, DEALS.name, opened.as_of),
            **asked.given(pipeline=asked.pipeline),
        )
        return stood(found, opened.as_of, found.position)
