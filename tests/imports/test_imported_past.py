"""The imported past through the read models: asked for what happened, a day shows what the files say of that day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from domain.imports import imported_id
from projections.as_of import AsOf, Basis
from projections.catalogue import read_models
from projections.deals import DEALS, Deals
from projections.reading import Reader
from projections.runner import Runner
from projections.schema import create_read_models
from tests.imports.lookalikes import company, salesforce, write
from workflows.imports import Overrides, run, undo


@pytest.fixture
def ask(store, tenant, login_url, database_url):
    """Fold what is in the log, and ask how deals stood at an instant: {id: (stage name, kind, amount, day it books on)}."""
    with psycopg.connect(database_url) as connection:
        create_read_models(connection.cursor(), tenant, read_models())
    database = store._database
    runner = Runner(database, store, store.wakes, read_models())

    async def at(instant):
        await runner.catch_up(tenant)
        reader = Reader(database, store)
        try:
            async with reader.read(tenant, Deals, as_of=AsOf(Basis.HAPPENED, instant=instant)) as reading:
                table = reading.as_of.of(DEALS, "id", "stage_name", "kind", "amount", "books_on")
                rows = await reading.rows(f"SELECT id, stage_name, kind, amount, books_on FROM {table} AS d", {})
                return {row[0]: tuple(row[1:]) for row in rows}
        finally:
            await reader.close()

    return at


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


async def test_each_day_shows_the_deals_that_had_begun_as_they_stood(store, tenant, tmp_path, ask):
    made = company(tmp_path, deals=120)
    await run(store, tenant, [tmp_path], Overrides(currency="EUR", source="vendor"))
    dated = {
        imported_id("deal", "vendor", d["opportunity_id"]): (date.fromisoformat(d["engage_date"]), d)
        for d in made.deals
        if d["engage_date"]
    }
    for day in (date(2016, 10, 1), date(2016, 12, 15), date(2017, 3, 31), date(2017, 8, 1), date(2018, 6, 1)):
        stood = await ask(midnight(day) + timedelta(hours=12))
        expected = {}
        for id_, (began, d) in dated.items():
            if began > day:
                continue
            closed = d["close_date"] and date.fromisoformat(d["close_date"]) <= day
            expected[id_] = (d["deal_stage"], d["deal_stage"].lower()) if closed else ("Engaging", "open")
        assert {id_: row[:2] for id_, row in stood.items()} == expected, day
    now = await ask(datetime.now(UTC) + timedelta(minutes=1))
    assert len(now) == len(made.deals), "what the files date nowhere is there since it was told"


async def test_stages_of_a_history_show_on_the_days_between(store, tenant, tmp_path, ask):
    made = salesforce(tmp_path)
    await run(store, tenant, [tmp_path], Overrides(currency="EUR", source="salesforce"))
    won = next(d for d in made if d["IsWon"] == "true" and d["IsDeleted"] == "false")
    began = datetime.fromisoformat(won["CreatedDate"][:10]).replace(tzinfo=UTC)
    id_ = imported_id("deal", "salesforce", won["Id"])
    assert id_ not in await ask(began - timedelta(days=1))
    seen = [(await ask(began + timedelta(days=after)))[id_][0] for after in (1, 11, 21, 31)]
    assert seen == ["Prospecting", "Needs Analysis", "Negotiation/Review", "Closed Won"]


async def test_a_win_that_the_files_do_not_date_books_on_no_day_until_they_do(store, tenant, tmp_path, ask):
    header = ("Opportunity ID", "Name", "Stage", "Engage Date", "Close Date", "Amount")
    undated, id_ = ("A5", "Saws", "Won", "2017-04-03", "", "5000"), imported_id("deal", "vendor", "A5")
    dated_one = ("A6", "Nails", "Won", "2017-04-03", "2017-05-16", "10")
    for day, close_date in ((None, ""), (date(2017, 6, 30), "2017-06-30")):
        write(tmp_path / "deals.csv", header, [(*undated[:4], close_date, undated[5]), dated_one])
        await run(store, tenant, [tmp_path], Overrides(currency="EUR", source="vendor"))
        found = await ask(datetime.now(UTC) + timedelta(minutes=1))
        assert (found[id_][1], found[id_][3]) == ("won", day)
        assert found[imported_id("deal", "vendor", "A6")][3] == date(2017, 5, 16)


async def test_what_was_taken_back_never_happened_and_told_again_it_did(store, tenant, tmp_path, ask):
    company(tmp_path, deals=60)
    first = await run(store, tenant, [tmp_path], Overrides(currency="EUR", source="vendor"))
    then, now = midnight(date(2017, 8, 1)), datetime.now(UTC) + timedelta(minutes=5)
    told, current = await ask(then), await ask(now)
    assert told
    await undo(store, tenant, first.run)
    assert await ask(then) == {}
    assert await ask(now) == {}
    await run(store, tenant, [tmp_path], Overrides(currency="EUR", source="vendor"))
    assert await ask(then) == told
    assert await ask(now) == current
