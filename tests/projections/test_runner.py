"""Live folding: in order, once, shared, and one bad event stops one read model of one tenant only (P9)."""

from __future__ import annotations

import asyncio
import contextlib
from uuid import UUID

import psycopg
import pytest

from projections import tracking
from projections.at_least import Positions, ProjectionBehind
from projections.runner import Runner
from tests.projections.boxes import BOXES, LABELS, Boxes, BoxMoved, BoxOpened, BoxShaken, ItemPut, Labels
from tests.projections.world import Fact, World, world


def opened(count: int, *, poison: int | None = None, first: int = 1) -> list[Fact]:
    return [Fact(UUID(int=n), BoxOpened(label="poison" if n == poison else f"label {n}")) for n in range(first, first + count)]


async def health(here: World, tenant) -> dict[str, tracking.Health]:
    async with here.database.tenant(tenant) as cursor:
        return {h.name: h for h in await tracking.health(cursor, ["boxes", "labels"])}


async def test_one_bad_event_parks_one_read_model_of_one_tenant(database_url) -> None:
    labels = Labels()
    async with world(database_url, Boxes(), labels) as here:
        ill, well = here.tenant("ill"), here.tenant("well")
        here.write(ill, opened(50, poison=23))
        here.write(well, opened(50))
        for tenant in (ill, well):
            await here.runner.catch_up(tenant)
        assert {name: h.position for name, h in (await health(here, well)).items()} == {"boxes": 50, "labels": 50}
        found = await health(here, ill)
        assert found["boxes"].position == 50
        assert (found["labels"].position, found["labels"].parked_at, found["labels"].lag_events) == (22, 23, 28)
        assert found["labels"].cause == "ValueError: cannot read the label poison"
        assert found["labels"].attempts == 3
        assert len(await here.rows(ill, LABELS)) == 22

        here.write(ill, opened(10, first=51), first=51)
        await here.runner.catch_up(ill)
        assert (await health(here, ill))["boxes"].position == 60
        assert (await health(here, ill))["labels"].position == 22

        labels.poison = None
        async with here.database.tenant(ill) as cursor:
            assert await tracking.retry(cursor, ill.slug, ["boxes", "labels"]) == ["labels"]
        await here.runner.catch_up(ill)
        assert (await health(here, ill))["labels"].position == 60
        assert len(await here.rows(ill, LABELS)) == 60


async def test_a_row_that_the_database_refuses_parks_like_a_failing_handler(database_url) -> None:
    async with world(database_url, Boxes(), Labels()) as here:
        tenant = here.tenant("t")
        here.write(tenant, [*opened(5), Fact(UUID(int=1), ItemPut(item="a\x00b", count=1))])
        await here.runner.catch_up(tenant)
        found = await health(here, tenant)
        assert found["boxes"].parked_at == 6
        assert (found["boxes"].cause or "").startswith("CharacterNotInRepertoire: invalid byte sequence")
        assert found["labels"].position == 6


async def test_an_event_that_cannot_be_decoded_stops_only_those_who_read_it(database_url) -> None:
    async with world(database_url, Boxes(), Labels()) as here:
        tenant = here.tenant("t")
        here.write(tenant, [*opened(2), Fact(UUID(int=1), BoxMoved(place="roof")), *opened(2, first=3)])
        with psycopg.connect(here.url) as connection:
            connection.execute(f"UPDATE {tenant.schema}.events SET state = '{{\"nonsense\": 1}}' WHERE position = 3")
        await here.runner.catch_up(tenant)
        found = await health(here, tenant)
        assert (found["boxes"].position, found["boxes"].parked_at) == (2, 3)
        assert found["labels"].position == 5


async def test_what_another_process_holds_is_passed_over(database_url) -> None:
    async with world(database_url, Boxes(), Labels()) as here:
        tenant = here.tenant("t")
        here.write(tenant, opened(5))
        async with here.database.tenant(tenant) as cursor:
            assert await tracking.lease(cursor, ["boxes"]) == {"boxes": 0}
            await here.runner.catch_up(tenant)
            found = await health(here, tenant)
            assert (found["boxes"].position, found["labels"].position) == (0, 5)
        await here.runner.catch_up(tenant)
        assert (await health(here, tenant))["boxes"].position == 5


async def test_two_runners_fold_each_event_once(database_url) -> None:
    async with world(database_url, Boxes()) as here:
        tenant = here.tenant("t")
        moves = [Fact(UUID(int=n % 7 + 1), BoxMoved(place=str(n))) for n in range(300)]
        here.write(tenant, [*opened(7), *moves])
        other = Runner(here.database, here.store, here.store.wakes, here.projections, batch=16)
        here.runner._batch = 16
        while (await health(here, tenant))["boxes"].lag_events:
            await asyncio.gather(here.runner.step(tenant), other.step(tenant), here.runner.step(tenant))
        past = await here.rows(tenant, BOXES, past=True)
        assert len(past) == 300
        assert sorted(row[2] or "" for row in past) == sorted(["", "", "", "", "", "", "", *(str(n) for n in range(293))])


async def test_it_runs_until_cancelled_and_hears_of_commits_and_new_tenants(database_url) -> None:
    async with world(database_url, Boxes(), Labels()) as here:
        tenant = here.tenant("t")
        positions = Positions(here.database)
        positions.patience = 120
        running = asyncio.create_task(here.runner.run())
        try:
            here.write(tenant, opened(3))
            here.store.wakes.committed("t")
            await positions.at_least(tenant, ["boxes", "labels"], 3)
            here.write(tenant, [Fact(UUID(int=1), BoxShaken())], first=4)  # nobody rings
            await positions.at_least(tenant, ["boxes", "labels"], 4)
            with pytest.raises(ProjectionBehind) as behind:
                await positions.at_least(tenant, ["boxes"], 5, patience=0.1)
            assert behind.value.data["read_models"] == ["boxes"]
            assert behind.value.data["position"] == 4
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            await positions.close()


async def test_many_wait_with_one_question_to_the_database(database_url) -> None:
    async with world(database_url, Boxes()) as here:
        tenant = here.tenant("t")
        here.write(tenant, opened(3))
        positions = Positions(here.database)
        positions.patience = 120
        waiting = [asyncio.create_task(positions.at_least(tenant, ["boxes"], 3)) for _ in range(200)]
        await asyncio.sleep(0.05)
        assert not any(task.done() for task in waiting)
        assert here.database.pool.get_stats()["pool_size"] <= 2
        await here.runner.catch_up(tenant)
        await asyncio.gather(*waiting)
        await positions.close()
