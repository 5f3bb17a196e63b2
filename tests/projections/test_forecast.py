"""The forecast: what it splits by, and what it says of the deals that its numbers cannot hold, now and at any past moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.accounts import events as a
from domain.deals import deals
from domain.deals import events as e
from domain.deals.imported import DealImported
from domain.deals.terms import Line
from domain.kernel import Event, Invalid
from domain.rates import DatedRate, RatesRecorded, rates_id
from domain.stages import StageKind
from domain.values import Money
from projections.as_of import NOW, AsOf, Basis
from projections.catalogue import read_models
from projections.deal_list import deal_list
from projections.forecast import Dimension, Forecast, forecast
from projections.forecast_question import question
from projections.not_counted import not_counted_deals
from projections.reading import Reader
from tests.projections import companies
from tests.projections.companies import BEGIN
from tests.projections.world import Fact, World, instant, world

BERLIN, PARIS, NOWHERE = UUID(int=0xA1), UUID(int=0xA2), UUID(int=0xA3)
MIRA = UUID(int=0xB1)
WHOLE, NO_AMOUNT, NO_DATE, NEITHER, WON, OMITTED, LINED = (UUID(int=0xD0 + n) for n in range(7))
MARCH, MAY = date(2026, 3, 10), date(2026, 5, 20)
MODELS = tuple(type(model) for model in read_models())


def _deal(title: str, stage: str = "propose", **more: Any) -> DealImported:
    return DealImported(**companies._stage(stage, BEGIN), run=UUID(int=1), source="crm", source_id=title, title=title, zone="UTC", **more)


PRESS, SAW = UUID(int=0xE1), UUID(int=0xE2)
LINES = tuple(
    Line(product=product, quantity=Decimal(2), unit_price=Money(amount=Decimal(10), currency="USD")) for product in (PRESS, SAW, PRESS)
)


def _euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


FACTS = [
    Fact(BERLIN, a.AccountOpened(legal_name="Berliner", country="DE")),
    Fact(PARIS, a.AccountOpened(legal_name="Parisienne", country="FR")),
    Fact(NOWHERE, a.AccountOpened(legal_name="Nowhere")),
    Fact(WHOLE, _deal("whole", account=BERLIN, amount=_euros("100"), close_date=MARCH)),
    Fact(NO_AMOUNT, _deal("no amount", account=BERLIN, close_date=MARCH)),
    Fact(NO_DATE, _deal("no date", account=PARIS, amount=_euros("40"))),
    Fact(NEITHER, _deal("neither")),
    Fact(WON, _deal("won", "won", account=PARIS, won_on=MARCH)),
    Fact(OMITTED, _deal("omitted", "lost", account=NOWHERE)),
    # what was lacking is told later; of the last but one, ten days after it was so
    Fact(NO_AMOUNT, e.DealAmountChanged(amount=_euros("7"), previous=None)),
    Fact(NO_DATE, e.DealCloseDateMoved(close_date=MAY, previous=None, pushed=False, pushes=0), late=5),
    Fact(PARIS, a.AccountDetailsChanged(legal_name="Parisienne", country="BE")),
    Fact(LINED, _deal("lined", account=PARIS, lines=LINES, amount=Money(amount=Decimal(60), currency="USD"), close_date=MAY)),
]
BEFORE = 9
"""The position before anything that lacked was told."""


@pytest.fixture
async def here(database_url) -> AsyncIterator[World]:
    async with world(database_url, *read_models()) as made:
        tenant = made.tenant("t")
        made.write(tenant, FACTS)
        await made.runner.catch_up(tenant)
        yield made


def reading(here: World, as_of: AsOf = NOW):
    return Reader(here.database, here.store).read(here.tenant("t"), *MODELS, as_of=as_of)


def known(position: int) -> AsOf:
    return AsOf(Basis.KNOWN, position, instant(position))


async def lacking(here: World, as_of: AsOf = NOW, **asked: Any) -> tuple[dict[str, int], dict[str, list[str]]]:
    """The counts, and the deals that they open to."""
    async with reading(here, as_of) as opened:
        about = await question(opened, **asked)
        counts = (await forecast(opened, about)).not_counted.model_dump()
        first = await not_counted_deals(opened, about, limit=1)
        items = first.items
        if first.next is not None:
            items += (await not_counted_deals(opened, about, cursor=first.next)).items
    found = {deal.title: deal.lacks for deal in items}
    assert len(found) == counts["deals"]
    return {name: count for name, count in counts.items() if count}, found


async def test_deals_that_lack_an_amount_are_in_no_number_and_told_beside_them(here) -> None:
    counts, found = await lacking(here, known(BEFORE))
    assert counts == {"deals": 3, "without_amount": 2, "won_without_amount": 1, "without_close_date": 1, "undated": 1}
    assert found == {"no amount": ["amount"], "won": ["amount"], "neither": ["amount", "close_date"]}


async def test_in_a_period_those_without_a_close_date_are_outside_too(here) -> None:
    counts, found = await lacking(here, known(BEFORE), period="2026-Q1")
    assert counts == {"deals": 4, "without_amount": 2, "won_without_amount": 1, "without_close_date": 2}
    assert found["no date"] == ["close_date"]
    _, found = await lacking(here, known(BEFORE), period="2026-Q2")
    assert found.keys() == {"no date", "neither"}, "what closes in another period is no matter of this one"


async def test_a_deal_that_closes_on_the_last_day_of_the_calendar_stops_no_forecast(here) -> None:
    tenant = here.tenant("far")
    here.write(tenant, [FACTS[0], Fact(UUID(int=0xDF), _deal("never", account=BERLIN, amount=_euros("5"), close_date=date.max))])
    await here.runner.catch_up(tenant)
    async with Reader(here.database, here.store).read(tenant, *MODELS) as opened:
        rows = (await forecast(opened, await question(opened))).rows
        assert [(row.period, row.period_end) for row in rows][-1] == ("9999-12", None)
        for period in ("9999-12", "9999-Q4", "FY9999-Q4"):
            total = (await forecast(opened, await question(opened, period=period))).totals
            assert [cell.deals for cell in total[0].categories.values()].count(1) == 1
        with pytest.raises(Invalid, match="outside the calendar"):
            await question(opened, period="0000-01")


async def test_what_is_told_later_is_counted_from_then_on_and_on_the_other_basis_from_when_it_was_so(here) -> None:
    now, _ = await lacking(here)
    assert now == {"deals": 2, "without_amount": 1, "won_without_amount": 1, "without_close_date": 1}
    at = instant(BEFORE - 1)
    happened, _ = await lacking(here, AsOf(Basis.HAPPENED, BEFORE - 1, at), period="2026-Q2")
    assert happened == {"deals": 1, "without_amount": 1, "without_close_date": 1}, "the close date was so five days before it was told"


async def test_filters_narrow_what_is_not_counted_but_not_by_what_it_lacks(here) -> None:
    _, found = await lacking(here, known(BEFORE), account=BERLIN)
    assert found.keys() == {"no amount"}
    _, found = await lacking(here, known(BEFORE), currency="EUR", amount_from=Decimal(10), kind="open")
    assert found.keys() == {"no amount", "neither"}
    with pytest.raises(Invalid):
        await lacking(here, colour="red")


async def test_a_company_that_lacks_nothing_is_told_nothing(here) -> None:
    counts, found = await lacking(here, owner=MIRA)
    assert (counts, found) == ({}, {})


async def test_at_any_moment_what_is_not_counted_is_what_a_replay_lacks(here) -> None:
    log = await here.log(here.tenant("t"))
    for position in range(3, len(FACTS) + 1):
        for basis in Basis:
            streams: dict[UUID, list[Event]] = {}
            for entry in sorted(log, key=lambda entry: entry.effective_at) if basis is Basis.HAPPENED else log:
                held = entry.position <= position if basis is Basis.KNOWN else entry.effective_at <= instant(position)
                if held and entry.event.topic.startswith("deal."):
                    streams.setdefault(entry.stream, []).append(entry.event)
            states = [deals.fold(events) for events in streams.values()]
            lacks = [s for s in states if s.category != "omitted" and s.amount is None]
            counts, found = await lacking(here, AsOf(basis, position, instant(position)))
            assert counts.get("deals", 0) == len(lacks)
            assert found.keys() == {s.title for s in lacks}
            assert counts.get("undated", 0) == sum(
                s.kind is StageKind.OPEN and s.amount is not None and s.close_date is None for s in states
            )


async def split(here: World, by: Dimension, as_of: AsOf = NOW) -> dict[Any, tuple[int, Decimal]]:
    async with reading(here, as_of) as opened:
        rows = (await forecast(opened, by=[by])).rows
    last = "pipeline"
    found = [(getattr(r, by), r.currency, sum(c.deals for c in r.categories.values()), r.categories[last].cumulative) for r in rows]
    return {(value, currency): (deals, amount) for value, currency, deals, amount in found}


async def test_a_deal_counts_once_for_a_product_that_several_of_its_lines_have(here) -> None:
    assert await split(here, Dimension.PRODUCT) == {
        (PRESS, "USD"): (1, Decimal(40)),
        (SAW, "USD"): (1, Decimal(20)),
        (None, "EUR"): (3, Decimal(147)),
    }


async def test_a_region_is_the_country_that_the_account_had_then(here) -> None:
    assert await split(here, Dimension.REGION) == {
        ("BE", "EUR"): (1, Decimal(40)),
        ("BE", "USD"): (1, Decimal(60)),
        ("DE", "EUR"): (2, Decimal(107)),
    }
    before = {("DE", "EUR"): (1, Decimal(100)), ("FR", "EUR"): (1, Decimal(40))}
    assert await split(here, Dimension.REGION, known(BEFORE)) == before
    assert await split(here, Dimension.REGION, AsOf(Basis.HAPPENED, BEFORE, instant(BEFORE))) == before


async def test_each_row_by_region_opens_to_its_deals(here) -> None:
    for as_of in (NOW, known(BEFORE)):
        rows = await split(here, Dimension.REGION, as_of)
        async with reading(here, as_of) as opened:
            for (region, currency), (count, _) in rows.items():
                shown = await deal_list(opened, counted=True, currency=currency, region=region, region_missing=region is None)
                assert len(shown.items) == count
            assert {card.title for card in (await deal_list(opened, region_missing=True)).items} >= {"neither", "omitted"}


def rate(day: str, value: str) -> DatedRate:
    return DatedRate(day=day, rate=value)


EUR_USD = rates_id("EUR", "USD")


async def quote(here: World, first: int) -> None:
    """One unit of EUR costs 1.25, later 1.60 USD; the rate of a day in between is recorded last."""
    facts = [
        Fact(EUR_USD, RatesRecorded(base="EUR", quote="USD", source="ECB", rates=(rate("2026-01-05", "1.25"), rate("2026-01-20", "1.60")))),
        Fact(EUR_USD, RatesRecorded(base="EUR", quote="USD", source="ECB", rates=(rate("2026-01-10", "2"),))),
    ]
    here.write(here.tenant("t"), facts, first=first)
    await here.runner.catch_up(here.tenant("t"))


async def in_one(here: World, to: str, as_of: AsOf = NOW, **asked: Any) -> Forecast:
    async with reading(here, as_of) as opened:
        return await forecast(opened, convert_to=to, now=instant(200), **asked)


async def test_sums_are_told_in_one_currency_at_the_rate_of_the_day_and_say_at_which(here) -> None:
    await quote(here, len(FACTS) + 1)
    shown = await in_one(here, "reporting", by=[Dimension.REGION])
    found = {row.region: (row.currency, row.categories["pipeline"].cumulative) for row in shown.rows}
    assert found == {"BE": ("EUR", Decimal("77.50")), "DE": ("EUR", Decimal("107.00"))}, "60 USD at 1.60 are 37.50 EUR"
    told = shown.converted
    assert (told.currency, told.day, told.unconverted) == ("EUR", instant(200).date(), [])
    assert [(r.base, r.quote, r.rate, r.day) for r in told.rates] == [("USD", "EUR", Decimal("0.625"), date(2026, 1, 20))]
    assert told.total.categories["pipeline"].cumulative == Decimal("184.50")
    assert told.total.weighted == sum(row.weighted for row in shown.rows)
    own = (await in_one(here, "EUR", by=[Dimension.CURRENCY])).rows
    assert {(row.own_currency, row.currency, row.categories["pipeline"].cumulative) for row in own} == {
        ("EUR", "EUR", Decimal(147)),
        ("USD", "EUR", Decimal("37.50")),
    }
    assert {row.currency: row.categories["pipeline"].cumulative for row in shown.totals} == {"EUR": Decimal(147), "USD": Decimal(60)}


async def test_a_currency_without_a_rate_stays_as_it_is_and_says_what_to_do(here) -> None:
    await quote(here, len(FACTS) + 1)
    shown = await in_one(here, "JPY")
    assert {row.currency for row in shown.rows} == {"EUR", "USD"}
    assert shown.converted.total is None
    assert {left.currency: left.total.categories["pipeline"].cumulative for left in shown.converted.unconverted} == {
        "EUR": Decimal(147),
        "USD": Decimal(60),
    }
    assert "record one" in shown.converted.unconverted[0].detail
    before = await in_one(here, "EUR", AsOf(Basis.HAPPENED, 13, instant(2)))
    assert (before.converted.rates, before.converted.day) == ([], instant(2).date()), "no rate is of that day or one before"


async def test_a_past_day_has_the_rate_that_was_known_then_or_that_we_now_know(here) -> None:
    end = len(FACTS)
    await quote(here, end + 1)
    day = date(2026, 1, end + 2)
    then = await in_one(here, "EUR", known(end + 1))
    assert [(r.day, r.rate) for r in then.converted.rates] == [(date(2026, 1, 5), Decimal("0.8"))]
    assert then.converted.day == day
    now_known = await in_one(here, "EUR", AsOf(Basis.HAPPENED, end + 1, instant(end + 1)))
    assert [(r.day, r.rate) for r in now_known.converted.rates] == [(date(2026, 1, 10), Decimal("0.5"))]


async def test_a_won_deal_is_told_at_the_rate_of_its_own_day_which_no_later_rate_changes(here) -> None:
    dollars = {"amount": Money(amount=Decimal(100), currency="USD")}
    days = {"early": date(2026, 1, 2), "in between": date(2026, 1, 7), "undated": None}
    first = len(FACTS) + 1
    wins = [Fact(UUID(int=0xF0 + n), _deal(title, "won", won_on=on, **dollars)) for n, (title, on) in enumerate(days.items())]
    here.write(here.tenant("t"), wins, first=first)
    await quote(here, first + len(wins))
    then = (await in_one(here, "EUR")).converted
    assert [(at.currency, at.theirs, at.others) for at in then.won] == [("USD", 1, 2)]
    closed = then.total.categories["closed"]
    assert (closed.deals, closed.single) == (3, Decimal("205.00")), "80 at 1.25 of the fifth, and twice 62.50 at the 1.60 of the twentieth"
    new = RatesRecorded(base="EUR", quote="USD", source="ECB", rates=(rate("2026-02-01", "1.00"),))
    here.write(here.tenant("t"), [Fact(EUR_USD, new)], first=first + len(wins) + 2)
    await here.runner.catch_up(here.tenant("t"))
    shown = (await in_one(here, "EUR")).converted
    assert shown.total.categories["closed"].single == Decimal("280.00"), "only those without a rate of their own day follow it"
    assert shown.total.categories["pipeline"].cumulative == Decimal("487.00"), "and what is open: 60 dollars are 60 euros now"
    assert (await in_one(here, "USD")).converted.won == []


async def test_what_is_in_that_currency_already_needs_no_rate(here) -> None:
    shown = await in_one(here, "EUR", AsOf(Basis.KNOWN, BEFORE, instant(BEFORE)))
    assert (list(shown.converted.rates), shown.converted.unconverted) == ([], [])
    assert shown.converted.total == shown.totals[0]
    async with reading(here) as opened:
        assert (await forecast(opened)).converted is None
