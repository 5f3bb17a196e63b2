"""What boards, lists and forecasts say is what the deals' own states say, now and at any past moment."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import pytest

from domain.deals import deals
from domain.deals.state import Deal
from domain.kernel import Invalid, NotFound
from domain.periods import PeriodKind
from domain.pipelines import DEFAULT_PIPELINE
from projections.accounts import Accounts
from projections.as_of import NOW, AsOf, Basis
from projections.board import board
from projections.deal_list import deal_card, deal_lines, deal_list
from projections.deals import Deals
from projections.forecast import Dimension, Forecast, forecast
from projections.forecast_question import question
from projections.members import Members
from projections.pipelines import Pipelines
from projections.reading import Reader, Reading
from tests.projections import companies
from tests.projections.companies import BEGIN
from tests.projections.world import World, world

ALL = (Deals, Accounts, Members, Pipelines)


@pytest.fixture
async def here(database_url) -> AsyncIterator[World]:
    async with world(database_url, *(model() for model in ALL)) as made:
        tenant = made.tenant("t")
        companies.write(made.url, tenant, companies.company(300, accounts=40))
        await made.runner.catch_up(tenant)
        yield made


async def states(here: World, moment: AsOf = NOW) -> dict[UUID, Deal]:
    streams: dict[UUID, Any] = {}
    for entry in await here.log(here.tenant("t")):
        held = entry.position <= (moment.position or 0) if moment.basis is Basis.KNOWN else entry.effective_at <= (moment.instant or BEGIN)
        if entry.event.topic.startswith("deal.") and (moment.now or held):
            streams.setdefault(entry.stream, []).append(entry.event)
    return {stream: deals.fold(events) for stream, events in streams.items()}


async def reading(here: World, as_of: AsOf = NOW):
    return Reader(here.database, here.store).read(here.tenant("t"), *ALL, as_of=as_of)


async def moments(here: World) -> list[AsOf]:
    head = await here.store.head(here.tenant("t"))
    at = sorted(random.Random(5).sample(range(500, head), 3))
    found = await here.store.at(here.tenant("t"), at)
    return [
        NOW,
        *(AsOf(Basis.KNOWN, r.position, r.recorded_at) for r in found),
        *(AsOf(Basis.HAPPENED, r.position, r.recorded_at) for r in found),
    ]


async def pages(reading: Reading, **asked: Any) -> list[Any]:
    found, cursor = [], None
    while True:
        page = await deal_list(reading, cursor=cursor, **asked)
        found.extend(page.items)
        if (cursor := page.next) is None:
            return found


async def test_a_list_shows_each_deal_once_as_its_state_says(here) -> None:
    for moment in await moments(here):
        expected = await states(here, moment)
        async with await reading(here, moment) as asked:
            shown = {card.id: card for card in await pages(asked, sort="amount", descending=True, limit=37)}
        assert shown.keys() == expected.keys()
        for id, card in shown.items():
            state = expected[id]
            for name in (
                "title",
                "account",
                "owner",
                "team",
                "pipeline",
                "stage",
                "close_date",
                "pushes",
                "stalled",
                "max_days",
                "probability",
            ):
                assert getattr(card, name) == getattr(state, name), name
            assert (card.kind, card.category, card.version) == (state.kind, state.category, state.version)
            assert (card.amount, card.currency) == (state.amount.amount, state.amount.currency)
            assert (card.pending_to is not None) == (state.pending is not None)
            assert card.account_name == f"Company {state.account.int % 2**32:05}"
            assert card.owner_name.startswith("Member ")


async def test_a_list_is_in_order_and_narrowed(here) -> None:
    async with await reading(here) as asked:
        for sort in ("close_date", "amount", "title", "since", "opened_at"):
            for descending in (False, True):
                cards = await pages(asked, sort=sort, descending=descending, limit=50, kind="open")
                keys = [getattr(card, sort) for card in cards]
                assert keys == sorted(keys, reverse=descending)
                assert {card.kind for card in cards} == {"open"}
        owner = cards[0].owner
        assert {card.owner for card in await pages(asked, owner=owner)} == {owner}
        assert [card.id for card in await pages(asked, text=cards[0].title.upper()[:9], id=cards[0].id)] == [cards[0].id]
        assert await pages(asked, text="100%_") == []
        assert await pages(asked, text=cards[0].account_name, id=cards[0].id)


async def test_a_foreign_cursor_sort_or_filter_is_refused(here) -> None:
    async with await reading(here) as asked:
        page = await deal_list(asked, limit=1)
        for bad in ({"cursor": "nonsense"}, {"cursor": page.next, "sort": "title"}, {"sort": "id; DROP TABLE deals"}, {"colour": "red"}):
            with pytest.raises(Invalid):
                await deal_list(asked, **bad)
        with pytest.raises(NotFound):
            await deal_card(asked, UUID(int=4))


async def test_the_board_counts_and_adds_up_every_open_deal(here) -> None:
    for moment in await moments(here):
        open_deals = [state for state in (await states(here, moment)).values() if state.open]
        async with await reading(here, moment) as asked:
            shown = await board(asked, DEFAULT_PIPELINE, cards=5)
        assert [column.stage for column in shown.columns] == ["qualify", "discover", "propose", "negotiate", "paper"]
        for column in shown.columns:
            here_now = [state for state in open_deals if state.stage == column.stage]
            assert column.count == len(here_now)
            assert len(column.cards) == min(5, len(here_now))
            for total in column.sums:
                own = [s for s in here_now if s.amount.currency == total.currency]
                assert total.amount == sum(s.amount.amount for s in own)
                assert total.weighted == (sum(s.amount.amount * s.probability for s in own) / Decimal(100)).quantize(Decimal("0.01"))


async def test_every_cell_of_the_forecast_opens_to_the_deals_that_make_it_up(here) -> None:
    for moment in await moments(here):
        async with await reading(here, moment) as asked:
            for by in ((Dimension.PERIOD, Dimension.OWNER), (Dimension.TEAM,), (Dimension.PRODUCT,), ()):
                shown = await forecast(asked, await question(asked, periods=PeriodKind.QUARTER), by=by)
                assert shown.rows
                for row in shown.rows[:15]:
                    filters: dict[str, Any] = {"currency": row.currency, "owner": row.owner, "team": row.team, "product": row.product}
                    filters |= {"closes_from": row.period_start, "closes_before": row.period_end}
                    for category, cell in row.categories.items():
                        below = await pages(asked, category=category, **filters)
                        assert len(below) == cell.deals
                        assert sum(card.amount for card in below) == cell.single
                _totals_hold(shown)


def _totals_hold(shown: Forecast) -> None:
    for total in shown.totals:
        rows = [row for row in shown.rows if row.currency == total.currency]
        for category, cell in total.categories.items():
            assert cell.single == sum(row.categories[category].single for row in rows)
            assert cell.cumulative == sum(row.categories[category].cumulative for row in rows)


async def test_the_forecast_agrees_with_the_states(here) -> None:
    for moment in await moments(here):
        counted = [s for s in (await states(here, moment)).values() if s.category != "omitted"]
        async with await reading(here, moment) as asked:
            shown = await forecast(asked, await question(asked, periods=PeriodKind.FISCAL_QUARTER))
            one = await forecast(asked, await question(asked, period=next(row.period for row in shown.rows if row.period)))
        assert sum(cell.deals for row in shown.totals for cell in row.categories.values()) == len(counted)
        for row in shown.totals:
            own = [s for s in counted if s.amount.currency == row.currency]
            assert row.categories["pipeline"].cumulative == sum(s.amount.amount for s in own)
            assert row.weighted == (sum(s.amount.amount * s.probability for s in own) / Decimal(100)).quantize(Decimal("0.01"))
        assert sum(row.categories["closed"].single for row in one.rows) == shown.rows[0].categories["closed"].single or len(one.rows) > 1
        with pytest.raises(Invalid):
            async with await reading(here, moment) as asked:
                await question(asked, period="2026-13")


async def test_lines_are_shown_with_their_products(here) -> None:
    async with await reading(here) as asked:
        card = (await deal_list(asked, limit=1)).items[0]
        lines = await deal_lines(asked, card.id)
        assert sum(line.total for line in lines) == card.amount
        assert lines[0].product_name.startswith("Product ")


async def test_a_board_older_than_its_pipeline_has_the_first_names_only_of_what_happened(
    here,
) -> None:
    long_ago = datetime(1990, 1, 1, tzinfo=UTC)
    async with await reading(here, AsOf(Basis.HAPPENED, None, long_ago)) as asked:
        shown = await board(asked, DEFAULT_PIPELINE)
    assert shown.name
    assert [column.stage for column in shown.columns] == ["qualify", "discover", "propose", "negotiate", "paper"]
    assert all(column.probability is not None for column in shown.columns)
    async with await reading(here, AsOf(Basis.KNOWN, 0, long_ago)) as asked:
        shown = await board(asked, DEFAULT_PIPELINE)
    assert (shown.name, shown.columns) == (None, [])


async def test_a_scope_narrows_lists_boards_and_totals_alike(here) -> None:
    class Mine:
        sql = "owner = %(scope_member)s"
        params: ClassVar = {"scope_member": companies.MEMBERS[3]}

    mine = {id for id, state in (await states(here)).items() if state.owner == companies.MEMBERS[3]}
    async with await reading(here) as asked:
        assert {card.id for card in await pages(asked, scope=Mine())} == mine
        shown = await board(asked, DEFAULT_PIPELINE, scope=Mine())
        assert {card.id for column in shown.columns for card in column.cards} <= mine
        totals = (await forecast(asked, await question(asked, scope=Mine()), by=())).totals
        everything = (await states(here)).items()
        counted = [s for id, s in everything if id in mine and s.category != "omitted"]
        assert sum(cell.deals for row in totals for cell in row.categories.values()) == len(counted)
        with pytest.raises(NotFound):
            await deal_card(asked, next(id for id, _ in everything if id not in mine), scope=Mine())
