"""As-of equals replay: what a question about the past answers is what the same handlers, folded to there, hold."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.database import Tenant
from projections.as_of import AsOf, Basis
from projections.batch import Entry, in_effective_order
from projections.list_difference import either, then_params
from projections.rows import Rows
from tests.projections.boxes import BOXES, ITEMS, BoxBurnt, Boxes, BoxMoved, BoxOpened, BoxShaken, ItemPut, ItemsTaken
from tests.projections.world import Fact, World, instant, world

STREAMS = [UUID(int=n) for n in (1, 2)]
EVENTS = st.one_of(
    st.builds(BoxOpened, label=st.sampled_from("ab")),
    st.builds(BoxMoved, place=st.sampled_from(["cellar", "roof"])),
    st.builds(ItemPut, item=st.sampled_from("xy"), count=st.integers(1, 2)),
    st.builds(ItemsTaken, item=st.sampled_from("xy")),
    st.just(BoxBurnt()),
    st.just(BoxShaken()),
)
FACTS = st.builds(Fact, stream=st.sampled_from(STREAMS), event=EVENTS, late=st.sampled_from([0, 0, 0, 1, 2, 3, 7]))
HISTORIES = st.lists(FACTS, min_size=1, max_size=14).map(lambda facts: [*(Fact(s, BoxOpened(label="a")) for s in STREAMS), *facts])


def replayed(events: list[Entry]) -> dict[str, list[dict[str, Any]]]:
    """The rows that the handlers hold after one stream after another was folded in effective order."""
    projection, rows = Boxes(), Rows(Boxes.tables)
    for stream in STREAMS:
        own = [e for e in events if e.stream == stream]
        for number, (since, event) in enumerate(in_effective_order(own) if own else (), 1):
            rows.begin(stream, number, since)
            projection.handle(rows, event)
    return {
        name: sorted((v.row for versions in buffer.current.values() for v in versions.values()), key=repr)
        for name, buffer in rows.buffers.items()
    }


async def answered(world: World, tenant: Tenant, as_of: AsOf) -> dict[str, list[dict[str, Any]]]:
    found = {}
    async with world.database.tenant(tenant) as cursor:
        for table in (BOXES, ITEMS):
            await cursor.execute(f"SELECT {', '.join(table.columns)} FROM {as_of.of(table)} AS t", as_of.params)
            found[table.name] = sorted((dict(zip(table.columns, row, strict=True)) for row in await cursor.fetchall()), key=repr)
    return found


async def answered_by_either(world: World, tenant: Tenant, earlier: AsOf, later: AsOf) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The boxes of both moments, as one reading of the versions that stood at either tells them."""
    async with world.database.tenant(tenant) as cursor:
        query = f"SELECT {', '.join(BOXES.columns)}, before, later FROM {either(later, earlier, BOXES, tuple(BOXES.columns))} AS e"
        await cursor.execute(query, {**then_params(earlier), **later.params})
        rows = await cursor.fetchall()
    assert all(before or stood for *_, before, stood in rows), "what stood at neither moment is not read"
    first, second = (sorted((dict(zip(BOXES.columns, row, strict=False)) for row in rows if row[end]), key=repr) for end in (-2, -1))
    return first, second


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def test_any_past_moment_of_any_history_with_late_facts_equals_its_replay(database_url, loop) -> None:
    entered = world(database_url, Boxes())
    here = loop.run(entered.__aenter__())
    tenant = here.tenant("t")

    async def check(facts: list[Fact], sizes: list[int]) -> None:
        async with here.database.tenant(tenant) as cursor:
            for table in (BOXES, ITEMS):
                await cursor.execute(f"DELETE FROM {table.name}")
                await cursor.execute(f"DELETE FROM {table.past}")
            await cursor.execute("UPDATE tracking SET position = 0")
        async with here.database.connection() as connection:
            await connection.execute(f"DELETE FROM {tenant.schema}.events")
        here.write(tenant, facts)
        turn = 0
        while True:
            here.runner._batch = sizes[turn % len(sizes)]
            turn += 1
            if not await here.runner.step(tenant):
                break
        log = await here.log(tenant)
        now = replayed(log)
        assert await answered(here, tenant, AsOf()) == now
        known = [(AsOf(Basis.KNOWN, p, instant(p)), replayed([e for e in log if e.position <= p])) for p in range(len(facts) + 1)]
        counted = [c for stream in STREAMS for c in in_effective_order([e for e in log if e.stream == stream])]
        ends = [instant(day) + timedelta(hours=1) for day in range(-8, len(facts) + 1)]
        happened = [(AsOf(Basis.HAPPENED, None, end), replayed([e for since, e in counted if since <= end])) for end in ends]
        for moments in (known, happened):
            for number, (moment, held) in enumerate(moments):
                assert await answered(here, tenant, moment) == held, moment
                earlier, first = moments[number // 2]
                assert await answered_by_either(here, tenant, earlier, moment) == (first["boxes"], held["boxes"]), (earlier, moment)
            earlier, first = moments[len(moments) // 2]
            assert await answered_by_either(here, tenant, earlier, AsOf()) == (first["boxes"], now["boxes"]), earlier

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(HISTORIES, st.lists(st.integers(1, 6), min_size=1, max_size=3))
    def holds(facts: list[Fact], sizes: list[int]) -> None:
        loop.run(check(facts, sizes))

    try:
        holds()
    finally:
        loop.run(entered.__aexit__(None, None, None))


async def test_a_late_fact_changes_what_happened_but_not_what_was_known(database_url) -> None:
    box = STREAMS[0]
    async with world(database_url, Boxes()) as here:
        tenant = here.tenant("t")
        here.write(
            tenant,
            [
                Fact(box, BoxOpened(label="a")),
                Fact(box, BoxMoved(place="roof")),
                Fact(box, BoxShaken()),
                Fact(box, BoxMoved(place="cellar"), late=3),
            ],
        )
        await here.runner.catch_up(tenant)

        async def place(as_of: AsOf) -> str:
            return (await answered(here, tenant, as_of))["boxes"][0]["place"]

        assert await place(AsOf(Basis.KNOWN, 3)) == "roof"
        assert await place(AsOf()) == "roof"
        assert await place(AsOf(Basis.HAPPENED, None, instant(1) + timedelta(hours=1))) == "cellar"
        assert await place(AsOf(Basis.HAPPENED, None, instant(2))) == "roof"


async def test_facts_of_the_past_in_rising_order_need_no_retelling(database_url) -> None:
    box = STREAMS[0]
    async with world(database_url, Boxes()) as here:
        tenant = here.tenant("t")
        here.write(
            tenant,
            [Fact(box, BoxOpened(label="a"), late=100), Fact(box, BoxMoved(place="roof"), late=50), Fact(box, BoxMoved(place="cellar"))],
        )
        await here.runner.catch_up(tenant)
        past = await here.rows(tenant, BOXES, past=True)
        assert len(past) == 2
        assert all(known_from < known_to and true_from < true_to for *_, known_from, known_to, true_from, true_to in past)
