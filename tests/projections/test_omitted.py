"""Open deals that were called out of the forecast: in no number, but told beside it and listed, now and at any past moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.deals import events as e
from domain.pipelines import DEFAULT_PIPELINE
from domain.stages import Category
from domain.values import Money
from projections.as_of import NOW, AsOf, Basis
from projections.board import board
from projections.catalogue import read_models
from projections.forecast import Measure, forecast
from projections.forecast_question import question
from projections.not_counted import Reason, not_counted_deals
from projections.reading import Reader
from tests.projections.test_forecast import MARCH, MAY, _deal, _euros
from tests.projections.world import Fact, World, instant, world

KEPT, HIDDEN, YEN, EMPTY, LOST, LACKING = (UUID(int=0xD0 + n) for n in range(6))
MODELS = tuple(type(model) for model in read_models())


def _called(category: Category, previous: Category = Category.PIPELINE) -> e.DealForecastCategoryChanged:
    return e.DealForecastCategoryChanged(category=category, previous=previous, capped_by=(), rules=0)


FACTS = [
    Fact(KEPT, _deal("kept", amount=_euros("100"), close_date=MARCH)),
    Fact(HIDDEN, _deal("hidden", amount=_euros("40.50"), annual=_euros("20"), close_date=MARCH)),
    Fact(YEN, _deal("yen", amount=Money(amount=Decimal(700), currency="JPY"), close_date=MAY)),
    Fact(EMPTY, _deal("empty")),
    Fact(LOST, _deal("lost", "lost", amount=_euros("9"), close_date=MARCH)),
    Fact(LACKING, _deal("lacking", close_date=MARCH)),
    *(Fact(deal, _called(Category.OMITTED)) for deal in (HIDDEN, YEN, EMPTY)),
    Fact(HIDDEN, _called(Category.PIPELINE, Category.OMITTED)),
]
OUT = 9
"""The position at which three are out."""


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[World]:
    async with world(database_url, *read_models()) as made:
        made.write(made.tenant("t"), FACTS)
        await made.runner.catch_up(made.tenant("t"))
        yield made


async def told(here: World, as_of: AsOf = NOW, *, measure: Measure = Measure.TOTAL, **asked: Any) -> tuple[Any, dict[str, str]]:
    """The forecast, and the deals that it leaves out, with why."""
    async with Reader(here.database, here.store).read(here.tenant("t"), *MODELS, as_of=as_of) as reading:
        about = await question(reading, **asked)
        shown = await forecast(reading, about, measure=measure)
        listed = {deal.title: str(deal.reason) for deal in (await not_counted_deals(reading, about)).items}
        only = {reason: (await not_counted_deals(reading, about, reason=reason)).items for reason in Reason}
    assert {deal.title: str(reason) for reason, deals in only.items() for deal in deals} == listed
    assert shown.not_counted.deals == len(listed)
    assert shown.not_counted.omitted == len(only[Reason.OMITTED]) == sum(total.deals for total in shown.omitted)
    return shown, listed


def sums(shown: Any) -> dict[str | None, Decimal]:
    return {total.currency: total.amount for total in shown.omitted}


async def test_omitted_deals_are_told_with_their_sums_and_listed_but_in_no_number(here: World) -> None:
    for moment in (AsOf(basis, OUT, instant(OUT)) for basis in Basis):
        shown, listed = await told(here, moment)
        assert sums(shown) == {"EUR": Decimal("40.50"), "JPY": Decimal(700), None: Decimal(0)}
        assert listed == {"hidden": "omitted", "yen": "omitted", "empty": "omitted", "lacking": "lacking"}, "the lost one is no open deal"
        assert (shown.not_counted.without_amount, shown.not_counted.undated) == (1, 0), "those that are out lack nothing that matters"
        assert {row.currency: row.categories["pipeline"].cumulative for row in shown.totals} == {"EUR": Decimal(100)}


async def test_once_it_is_called_again_a_deal_counts_and_before_it_was_omitted_it_counted(here: World) -> None:
    shown, listed = await told(here)
    assert listed == {"yen": "omitted", "empty": "omitted", "lacking": "lacking"}
    assert shown.totals[0].categories["pipeline"].cumulative == Decimal("140.50")
    for basis in Basis:
        shown, listed = await told(here, AsOf(basis, 6, instant(6)))
        assert (shown.not_counted.omitted, shown.omitted) == (0, [])
        assert "hidden" not in listed


async def test_filters_narrow_the_omitted_as_they_narrow_a_list(here: World) -> None:
    then = AsOf(Basis.KNOWN, OUT, instant(OUT))
    shown, _ = await told(here, then, category="omitted")
    assert (shown.rows, shown.totals, sums(shown)["EUR"]) == ([], [], Decimal("40.50"))
    shown, listed = await told(here, then, period="2026-Q1")
    assert (sums(shown), listed.keys()) == ({"EUR": Decimal("40.50")}, {"hidden", "lacking"})
    shown, _ = await told(here, then, currency="JPY")
    assert sums(shown) == {"JPY": Decimal(700)}
    assert sums((await told(here, then, measure=Measure.ANNUAL))[0])["EUR"] == Decimal(20)
    shown, listed = await told(here, then, closes_from=date(2027, 1, 1))
    assert (sums(shown), listed) == ({}, {}), "what lies elsewhere is not spoken of"


async def test_a_board_holds_as_many_deals_as_the_forecast_counts_and_leaves_out(here: World) -> None:
    for moment in (NOW, *(AsOf(basis, at, instant(at)) for basis in Basis for at in range(1, len(FACTS) + 1))):
        shown, _ = await told(here, moment, kind="open")
        async with Reader(here.database, here.store).read(here.tenant("t"), *MODELS, as_of=moment) as reading:
            columns = (await board(reading, DEFAULT_PIPELINE)).columns
        counted = sum(cell.deals for row in shown.totals for cell in row.categories.values())
        assert sum(column.count for column in columns) == counted + shown.not_counted.deals, moment
