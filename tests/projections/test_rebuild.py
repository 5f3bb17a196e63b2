"""A rebuilt read model equals the live one (P8), and whoever reads meanwhile never sees less."""

from __future__ import annotations

import asyncio
import random
from itertools import count
from uuid import UUID

import psycopg
import pytest

from projections import tracking
from projections.as_of import AsOf, Basis
from projections.rebuild import Rebuild, digest, rebuild
from projections.schema import create_read_models
from projections.tables import Table
from tests.projections.boxes import (
    BOXES,
    ITEMS,
    LABELS,
    BoxBurnt,
    Boxes,
    BoxMoved,
    BoxOpened,
    BoxShaken,
    ItemPut,
    ItemsTaken,
    Labels,
    LabelTorn,
)
from tests.projections.test_as_of import answered
from tests.projections.world import Fact, instant, world


def history(seed: int, count: int) -> list[Fact]:
    chance = random.Random(seed)
    facts = [Fact(UUID(int=n), BoxOpened(label=f"label {n}")) for n in range(1, 40)]
    for _ in range(count):
        event = chance.choice(
            [
                BoxMoved(place=chance.choice("abc")),
                ItemPut(item=chance.choice("xyz"), count=1),
                ItemsTaken(item="x"),
                BoxBurnt(),
                BoxOpened(label="again"),
                BoxShaken(),
            ]
        )
        facts.append(Fact(UUID(int=chance.randint(1, 39)), event, chance.choice([0, 0, 0, 0, 3, 40, 400])))
    return facts


async def test_rebuilt_equals_live_with_late_facts_across_batches(database_url) -> None:
    async with world(database_url, Boxes(), Labels()) as here:
        tenant = here.tenant("t")
        here.write(tenant, history(7, 900))
        here.runner._batch = 37
        await here.runner.catch_up(tenant)
        async with here.database.tenant(tenant) as cursor:
            live = await digest(cursor, Boxes())
        assert live["boxes_past"][0] > 300
        for batch, apart_from in ((5000, 10_000), (53, 10_000), (53, 1)):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("projections.rebuild.BATCH", batch)
                patch.setattr("projections.rebuild.APART_FROM", apart_from)
                patch.setattr("projections.rebuild.PROCESSES", 3)
                assert await rebuild(here.url, here.store, tenant, [Boxes()]) == 939
            async with here.database.tenant(tenant) as cursor:
                assert await digest(cursor, Boxes()) == live
        here.write(tenant, [Fact(UUID(int=1), BoxOpened(label="live goes on"))], first=940)
        await here.runner.catch_up(tenant)


async def test_as_of_equals_a_scratch_schema_folded_to_there(database_url) -> None:
    async with world(database_url, Boxes()) as here:
        tenant = here.tenant("whole")
        facts = history(11, 200)
        here.write(tenant, facts)
        await here.runner.catch_up(tenant)
        for position in (39, 40, 77, 150, 239):
            scratch = here.tenant(f"scratch{position}")
            here.write(scratch, facts[:position])
            await here.runner.catch_up(scratch)
            then = AsOf(Basis.KNOWN, position, instant(position))
            assert await answered(here, tenant, then) == await answered(here, scratch, AsOf())


async def test_readers_never_see_an_empty_table_while_writers_go_on(database_url) -> None:
    async with world(database_url, Boxes()) as here:
        tenant = here.tenant("t")
        facts = history(3, 400)
        here.write(tenant, facts)
        await here.runner.catch_up(tenant)
        least = len(await here.rows(tenant, BOXES))
        seen: list[int] = []
        done = asyncio.Event()

        async def read() -> None:
            while not done.is_set():
                seen.append(len(await here.rows(tenant, BOXES)))

        async def append() -> None:
            position = len(facts)
            while not done.is_set():
                position += 1
                here.write(tenant, [Fact(UUID(int=1000 + position), BoxOpened(label="new"))], first=position)
                await here.runner.catch_up(tenant)
                await asyncio.sleep(0.01)

        tasks = [asyncio.create_task(read()), asyncio.create_task(append())]
        for number in count():
            await rebuild(here.url, here.store, tenant, [Boxes()])
            if number >= 2 and len(seen) > 5:
                break
        done.set()
        await asyncio.gather(*tasks)
        assert min(seen) >= least
        await here.runner.catch_up(tenant)
        assert len(await here.rows(tenant, BOXES)) == least + await here.store.head(tenant) - len(facts)


@pytest.mark.parametrize("batch", [1, 3, 1000])
async def test_what_is_erased_is_gone_from_every_version_and_from_a_rebuild(database_url, batch) -> None:
    labels = Labels()
    async with world(database_url, labels) as here:
        tenant = here.tenant("t")
        box = UUID(int=1)
        said = [Fact(box, BoxOpened(label="secret")), Fact(box, BoxOpened(label="secret too")), Fact(box, BoxOpened(label="secret"))]
        here.write(tenant, [*said, Fact(UUID(int=2), BoxOpened(label="kept")), Fact(box, LabelTorn())])
        here.runner._batch = batch
        await here.runner.catch_up(tenant)
        for _ in range(2):
            held = [*await here.rows(tenant, LABELS), *await here.rows(tenant, LABELS, past=True)]
            assert len(held) == 4
            assert {row[1] for row in held} == {"[erased]", "kept"}
            assert "secret" not in str(held)
            async with here.database.tenant(tenant) as cursor:
                live = await digest(cursor, labels)
            await rebuild(here.url, here.store, tenant, [labels])
            async with here.database.tenant(tenant) as cursor:
                assert await digest(cursor, labels) == live


async def test_a_failing_rebuild_leaves_the_live_tables_alone(database_url) -> None:
    labels = Labels()
    labels.poison = None
    async with world(database_url, labels) as here:
        tenant = here.tenant("t")
        here.write(tenant, [Fact(UUID(int=1), BoxOpened(label="fine")), Fact(UUID(int=2), BoxOpened(label="poison"))])
        await here.runner.catch_up(tenant)
        with pytest.raises(ValueError, match="poison"):
            await Rebuild(here.url, here.store, tenant, Labels()).run()
        assert len(await here.rows(tenant, Labels.tables[0])) == 2
        await rebuild(here.url, here.store, tenant, [labels])


async def test_a_swap_waits_for_a_live_batch_without_shutting_readers_out(database_url) -> None:
    async with world(database_url, Boxes()) as here:
        tenant = here.tenant("t")
        here.write(tenant, history(5, 50))
        await here.runner.catch_up(tenant)
        async with here.database.tenant(tenant) as live:
            assert "boxes" in await tracking.lease(live, ["boxes"])
            rebuilding = asyncio.create_task(rebuild(here.url, here.store, tenant, [Boxes()]))
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'concord rebuild' AND wait_event_type = 'Lock'"
            async with here.database.connection() as watching:
                while (await (await watching.execute(waiting)).fetchone()) == (0,):
                    assert not rebuilding.done()
                    await asyncio.sleep(0.02)
            async with here.database.tenant(tenant) as reader:
                await reader.execute("SET LOCAL lock_timeout = '300ms'")
                await reader.execute("SELECT count(*) FROM boxes")
            assert not rebuilding.done()
        assert await rebuilding == 89


async def test_an_outdated_layout_is_named_for_rebuilding(database_url) -> None:
    class Changed(Boxes):
        tables = (Table("boxes", ("id",), {**BOXES.columns, "weight": "int4"}), ITEMS)

    async with world(database_url, Boxes()) as here:
        tenant = here.tenant("t")
        with psycopg.connect(here.url) as connection:
            assert create_read_models(connection.cursor(), tenant, [Boxes()]) == []
            assert create_read_models(connection.cursor(), tenant, [Changed()]) == ["boxes"]
        await rebuild(here.url, here.store, tenant, [Changed()])
        with psycopg.connect(here.url) as connection:
            assert create_read_models(connection.cursor(), tenant, [Changed()]) == []
