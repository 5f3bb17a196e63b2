"""The board: what each stage adds up to, currency by currency."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from domain.deals.imported import DealImported
from domain.pipelines import DEFAULT_PIPELINE
from domain.values import Money
from projections.as_of import NOW, AsOf, Basis
from projections.board import board
from projections.catalogue import read_models
from projections.deal_list import deal_list
from projections.forecast import forecast
from projections.reading import Reader
from tests.projections import companies
from tests.projections.companies import BEGIN
from tests.projections.world import Fact, instant, world

CURRENCIES = "USD JPY EUR CHF SEK AUD PLN GBP NOK CAD DKK ZAR CZK INR HUF BRL MXN NZD SGD TRY".split()


def _deal(number: int, stage: str, currency: str, value: str | None = None) -> Fact:
    amount = Money(amount=Decimal(value or number + 1), currency=currency)
    named = {"run": UUID(int=1), "source": "crm", "source_id": str(number), "title": f"Deal {number}", "zone": "UTC"}
    return Fact(UUID(int=0xD0 + number), DealImported(**companies._stage(stage, BEGIN), **named, amount=amount))


async def test_the_sums_of_a_stage_are_in_order_of_their_currency_now_and_then(database_url: str) -> None:
    stages = ("propose", "qualify")
    facts = [_deal(n, stages[n % 2], currency) for n, currency in enumerate(CURRENCIES + CURRENCIES[1:] + CURRENCIES[:1])]
    async with world(database_url, *read_models()) as here:
        tenant = here.tenant("t")
        here.write(tenant, facts)
        await here.runner.catch_up(tenant)
        models = tuple(type(model) for model in read_models())
        for moment in (NOW, *(AsOf(basis, len(facts), instant(len(facts))) for basis in Basis)):
            async with Reader(here.database, here.store).read(tenant, *models, as_of=moment) as reading:
                shown = await board(reading, DEFAULT_PIPELINE)
            sums = {column.stage: [total.currency for total in column.sums] for column in shown.columns if column.count}
            assert sums == dict.fromkeys(sums, sorted(CURRENCIES)), moment
            assert sums.keys() == set(stages)


async def test_board_list_and_forecast_add_up_to_the_same_minor_unit(database_url: str) -> None:
    """Rounded stage by stage, each of these weighted sums would differ from what is rounded once."""
    amounts = (("propose", "0.01"), ("qualify", "0.07"), ("discover", "0.03"), ("negotiate", "0.09"), ("propose", "10.15"))
    facts = [
        _deal(n, stage, currency, value) for n, (stage, value, currency) in enumerate((*a, c) for a in amounts for c in ("GBP", "KWD"))
    ]
    async with world(database_url, *read_models()) as here:
        tenant = here.tenant("t")
        here.write(tenant, facts)
        await here.runner.catch_up(tenant)
        models = tuple(type(model) for model in read_models())
        apart = 0
        for moment in (NOW, *(AsOf(basis, at, instant(at)) for basis in Basis for at in range(2, len(facts) + 1))):
            async with Reader(here.database, here.store).read(tenant, *models, as_of=moment) as reading:
                shown = await board(reading, DEFAULT_PIPELINE)
                counted = {row.currency: row for row in (await forecast(reading)).totals}
                cards = (await deal_list(reading)).items
            for total in shown.totals:
                of = [card for card in cards if card.currency == total.currency]
                exact = sum((card.amount * card.probability for card in of if card.amount is not None), Decimal(0)) / 100
                assert total.weighted == counted[total.currency].weighted == exact.quantize(total.weighted), moment
                assert total.amount == counted[total.currency].categories["pipeline"].cumulative == sum(card.amount or 0 for card in of)
                assert total.deals == len(of)
                parts = sum(sums.weighted for column in shown.columns for sums in column.sums if sums.currency == total.currency)
                apart += parts != total.weighted
            assert {total.currency for total in shown.totals} == counted.keys()
        assert apart, "the example would show a total of rounded parts"
