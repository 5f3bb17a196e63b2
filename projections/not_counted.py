"""Deals that a forecast's question reaches but its numbers leave out: they lack an amount or a close date, or are omitted."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel

from domain.values import in_full
from projections.deal_list import OWN, SORTS, DealCard, named
from projections.deals import DEALS, OMITTED
from projections.forecast_question import Question
from projections.forecast_sums import Measure
from projections.paging import Page, page_of
from projections.reading import EVERYTHING, Reading

_UNDATED, _WORTHLESS = "books_in IS NULL", "currency IS NULL"


class Reason(StrEnum):
    """lacking: an amount or a close date. omitted: called out of the forecast, whatever it lacks besides."""

    LACKING = "lacking"
    OMITTED = "omitted"


class NotCounted(BaseModel):
    """`deals` are in no number; a deal may lack both. `undated`: without a close date but in the totals, where all time is asked for.

    `omitted`: open deals that were called out of the forecast; the other counts are of those that were not.
    """

    deals: int
    without_amount: int
    won_without_amount: int
    without_close_date: int
    undated: int
    omitted: int


class OmittedSum(BaseModel):
    """What the omitted deals of one currency add up to; `currency` None: those without an amount."""

    currency: str | None
    deals: int
    amount: Decimal


class NotCountedDeal(DealCard):
    """`lacks`: amount, close_date or both; of an omitted deal neither need be lacking."""

    reason: Reason
    lacks: list[str]


async def not_counted(reading: Reading, question: Question, measure: Measure = Measure.TOTAL) -> tuple[NotCounted, list[OmittedSum]]:
    """How many deals the question's numbers leave out, and why; and the sums of the omitted ones.

    Deals without an account or an owner do count.
    """
    outside, own = _outside(question), "amount" if measure is Measure.TOTAL else "annual"
    lacking = f"{_WORTHLESS} AND NOT ({OMITTED})"
    found = await reading.rows(
        f"SELECT currency, coalesce(sum({own}) FILTER (WHERE {OMITTED}), 0), count(*) FILTER (WHERE {outside}), "
        f"count(*) FILTER (WHERE {lacking} AND kind = 'open'), count(*) FILTER (WHERE {lacking} AND kind <> 'open'), "
        f"count(*) FILTER (WHERE {_UNDATED} AND {outside} AND NOT ({OMITTED})), count(*) FILTER (WHERE NOT {outside}), "
        f"count(*) FILTER (WHERE {OMITTED}) FROM {_relation(reading)} WHERE {' AND '.join(question.lacking)} GROUP BY currency ORDER BY currency",
        question.params,
    )
    counts = {name: sum(row[2 + number] for row in found) for number, name in enumerate(NotCounted.model_fields)}
    sums = [
        OmittedSum(currency=currency, deals=counted[-1], amount=in_full(amount, currency) if currency else amount)
        for currency, amount, *counted in found
        if counted[-1]
    ]
    return NotCounted(**counts), sums


async def not_counted_deals(
    reading: Reading, question: Question, *, reason: Reason | None = None, limit: int = 50, cursor: str | None = None
) -> Page[NotCountedDeal]:
    """Those deals (of one `reason` only), page by page, those with a close date first. Raises Invalid on a bad cursor."""
    lacks = f"array_remove(ARRAY[CASE WHEN {_WORTHLESS} THEN 'amount' END, CASE WHEN books_on IS NULL THEN 'close_date' END], NULL)"
    only: Sequence[str] = () if reason is None else (f"({OMITTED}) = {reason is Reason.OMITTED}",)
    return await page_of(
        reading,
        NotCountedDeal,
        _relation(reading),
        conditions=(*question.lacking, _outside(question), *only),
        more=question.params,
        known={},
        filters={},
        scope=EVERYTHING,
        sorts=SORTS,
        sort="close_date",
        descending=False,
        limit=limit,
        cursor=cursor,
        shown=f"SELECT c.*, CASE WHEN {OMITTED} THEN 'omitted' ELSE 'lacking' END AS reason, {lacks} AS lacks "
        f"FROM ({named(reading, 'page', 'sort_key')}) AS c",
    )


def _relation(reading: Reading) -> str:
    return f"{reading.as_of.of(DEALS, *OWN, 'books_in', 'words')} AS r"


def _outside(question: Question) -> str:
    return "true" if question.dated else f"({_WORTHLESS} OR {OMITTED})"
