"""The forecast: what deals are expected to bring, by category, period and whoever or whatever they belong to.

Single categories stand for themselves; cumulative ones add what is surer: commit = closed + commit, best case = commit and
best case, open = all. Omitted deals never count; how many are open, and their sums, is told beside the numbers. Weighted is the sum of amount times probability. Won deals count in the
period they booked in, all others in that of their close date. One row per currency: sums of different ones are mixed only where they are asked for in one currency, and then say at which rates.
What lacks an amount, or a close date where one matters, is in no number, but told beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import BaseModel

from projections.forecast_conversion import Converted, convert
from projections.forecast_question import Question, question
from projections.forecast_rows import Dimension, ForecastRow, Gathering
from projections.forecast_sums import Measure, sums
from projections.not_counted import NotCounted, OmittedSum, not_counted
from projections.reading import Reading

__all__ = ["REPORTING", "Dimension", "Forecast", "Measure", "forecast"]

REPORTING = "reporting"


class Forecast(BaseModel):
    """`totals`: one row per currency over all `rows`, never converted. `omitted`: what open deals that were called out of it add up to.

    `position`: the answer holds the log up to there.
    """

    by: list[Dimension]
    measure: Measure
    rows: list[ForecastRow]
    totals: list[ForecastRow]
    converted: Converted | None
    not_counted: NotCounted
    omitted: list[OmittedSum]
    position: int


async def forecast(
    reading: Reading,
    asked: Question | None = None,
    *,
    by: Sequence[Dimension] = (Dimension.PERIOD,),
    measure: Measure = Measure.TOTAL,
    todays_team: bool = False,
    convert_to: str | None = None,
    now: datetime | None = None,
) -> Forecast:
    """The answer to a question (left away: about all deals, by month) split by `by`.

    `todays_team`: a deal belongs to the team that its owner is in today, instead of the one it was in. `convert_to`: a
    currency, or "reporting" for the tenant's own, at the rates of the day that is asked about, else that of `now`; won deals at those
    of the day they booked on, where there are any.
    """
    asked = asked or await question(reading)
    split = list(dict.fromkeys(by))
    gathered = Gathering(split, asked.periods, asked.year_start)
    for row in await reading.rows(
        sums(reading.as_of, asked, split, measure, todays_team=todays_team, days=convert_to is not None), asked.params
    ):
        gathered.add(row)
    totals, converted = gathered.totals(), None
    if convert_to is not None:
        to = asked.reporting_currency if convert_to == REPORTING else convert_to
        at = reading.as_of.instant or now or datetime.now(UTC)
        converted = await convert(reading, gathered, to, at.astimezone(asked.zone).date())
    outside, omitted = await not_counted(reading, asked, measure)
    return Forecast(
        by=split,
        measure=measure,
        rows=gathered.rows(),
        totals=totals,
        converted=converted,
        not_counted=outside,
        omitted=omitted,
        position=reading.position,
    )
