"""Deals that a forecast's question reaches but its numbers leave out, because they lack an amount or a close date."""

from __future__ import annotations

from pydantic import BaseModel

from projections.deal_list import OWN, SORTS, DealCard, named
from projections.deals import DEALS
from projections.forecast_question import Question
from projections.paging import Page, page_of
from projections.reading import EVERYTHING, Reading

_UNDATED, _WORTHLESS = "books_in IS NULL", "currency IS NULL"


class NotCounted(BaseModel):
    """`deals` are in no number; a deal may lack both. `undated`: without a close date but in the totals, where all time is asked for."""

    deals: int
    without_amount: int
    won_without_amount: int
    without_close_date: int
    undated: int


class NotCountedDeal(DealCard):
    """`lacks`: amount, close_date or both."""

    lacks: list[str]


async def not_counted(reading: Reading, question: Question) -> NotCounted:
    """How many deals the question's numbers leave out, and why. Deals without an account or an owner do count."""
    outside = _outside(question)
    found = await reading.rows(
        f"SELECT count(*) FILTER (WHERE {outside}), count(*) FILTER (WHERE {_WORTHLESS} AND kind = 'open'), "
        f"count(*) FILTER (WHERE {_WORTHLESS} AND kind <> 'open'), count(*) FILTER (WHERE {_UNDATED} AND {outside}), "
        f"count(*) FILTER (WHERE NOT {outside}) FROM {reading.as_of.of(DEALS, *OWN, 'books_in', 'words')} AS r WHERE {' AND '.join(question.lacking)}",
        question.params,
    )
    return NotCounted(**dict(zip(NotCounted.model_fields, found[0], strict=True)))


async def not_counted_deals(reading: Reading, question: Question, *, limit: int = 50, cursor: str | None = None) -> Page[NotCountedDeal]:
    """Those deals, page by page, those with a close date first. Raises Invalid on a bad cursor."""
    lacks = f"array_remove(ARRAY[CASE WHEN {_WORTHLESS} THEN 'amount' END, CASE WHEN books_on IS NULL THEN 'close_date' END], NULL)"
    return await page_of(
        reading,
        NotCountedDeal,
        f"{reading.as_of.of(DEALS, *OWN, 'books_in', 'words')} AS r",
        conditions=(*question.lacking, _outside(question)),
        more=question.params,
        known={},
        filters={},
        scope=EVERYTHING,
        sorts=SORTS,
        sort="close_date",
        descending=False,
        limit=limit,
        cursor=cursor,
        shown=f"SELECT c.*, {lacks} AS lacks FROM ({named(reading, 'page', 'sort_key')}) AS c",
    )


def _outside(question: Question) -> str:
    return "true" if question.dated else f"({_WORTHLESS})"
