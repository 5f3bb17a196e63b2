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
from projections.reading import Reader
from tests.projections import companies
from tests.projections.companies import BEGIN
from tests.projections.world import Fact, instant, world

CURRENCIES = "USD JPY EUR CHF SEK AUD PLN GBP NOK CAD DKK ZAR CZK INR HUF BRL MXN NZD SGD TRY".split()


def _deal(number: int, stage: str, currency: str) -> Fact:
    amount = Money(amount=Decimal(number + 1), currency=currency)
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
