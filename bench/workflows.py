"""Moves, from the HTTP request to the new stage in the board's read model: one at a time, many at once, and during a take-up."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg

from bench.doors import GATE, Deals
from bench.load import Load, send
from bench.ours import Log, runner, store_on
from bench.rounds import quantile
from bench.running import Running, concord
from bench.server import Server
from bench.table import Reading
from domain.deals import ImportDeal, deals
from domain.kernel import SYSTEM
from domain.nouns import register_all
from domain.pipelines import DEFAULT_PIPELINE
from infra.database import Tenant
from infra.event_store import Store
from infra.ids import uuid7

SINGLE = 40
MANY = 400
IMPORTED = 2_000
IN_FLIGHT = 64
PATIENCE = 60.0


def measure(server: Server) -> Iterator[Reading]:
    """Everything that `concord up` starts is running: API, worker, projector, Temporal."""
    register_all()
    with concord(server) as running, _board(running) as board:
        ours = Deals(running)
        took = [_move(running, board, deal) for deal in _opened(ours, board, SINGLE)]
        yield Reading("move.p50", quantile(took, 0.5), note=f"{SINGLE} moves")
        yield Reading("move.p95", quantile(took, 0.95), note=f"slowest {max(took):.0f} ms")
        yield _sustained(running, board, ours)
        yield _during_take_up(running, board, ours)


class _Board:
    """The board's rows, looked at directly, so that no door's cost is added to the workflow's."""

    def __init__(self, connection: psycopg.Connection[Any], tenant: Tenant) -> None:
        self._connection, self.tenant = connection, tenant

    def in_stage(self, stage: str, ids: list[str]) -> int:
        row = self._connection.execute(
            f"SELECT count(*) FROM {self.tenant.schema}.deals WHERE stage = %s AND id = ANY (%s::uuid[])", (stage, ids)
        ).fetchone()
        assert row is not None
        return int(row[0])

    def wait(self, stage: str, ids: list[str]) -> None:
        """Until all of these deals stand in the stage. Raises TimeoutError after a minute."""
        deadline = time.perf_counter() + PATIENCE
        while (there := self.in_stage(stage, ids)) < len(ids):
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{len(ids) - there} of {len(ids)} deals did not reach {stage} within {PATIENCE:.0f} s")
            time.sleep(0.002)


@contextmanager
def _board(running: Running) -> Iterator[_Board]:
    with psycopg.connect(running.environment["MIGRATOR_URL"], autocommit=True) as connection:
        yield _Board(connection, Tenant(running.environment["CONCORD_TENANT"]))


def _opened(ours: Deals, board: _Board, count: int) -> list[dict[str, Any]]:
    found = ours.opened(count)
    board.wait("qualify", [deal["id"] for deal in found])
    time.sleep(2)  # their workflows begin; a move does not have to wait for that, but a user's deal is older than this
    return found


def _move(running: Running, board: _Board, deal: dict[str, Any]) -> float:
    start = time.perf_counter()
    running.call("POST", f"/v1/deals/{deal['id']}/advance", GATE, {"If-Match": "*"})
    board.wait("discover", [deal["id"]])
    return (time.perf_counter() - start) * 1e3


def _sustained(running: Running, board: _Board, ours: Deals) -> Reading:
    found = _opened(ours, board, MANY)
    requests = [running.raw("POST", f"/v1/deals/{deal['id']}/advance", GATE, {"If-Match": "*"}) for deal in found]
    start = time.perf_counter()
    send(Load(running.port, requests, 8, PATIENCE)).rate()
    board.wait("discover", [deal["id"] for deal in found])
    return Reading(
        "move.rate", MANY / (time.perf_counter() - start), note=f"{MANY} moves asked for at once, until the last is on the board"
    )


def _during_take_up(running: Running, board: _Board, ours: Deals) -> Reading:
    waiting = iter(_opened(ours, board, SINGLE))
    log = Log(running.environment["DATABASE_URL"], running.environment["MIGRATOR_URL"], board.tenant)
    with runner() as loop, store_on(loop, log) as store:
        loop.run(_import(store, log.tenant))
    took = [_move(running, board, deal) for deal in itertools.islice(waiting, SINGLE)]
    return Reading(
        "move.takeup", max(took), note=f"{SINGLE} moves after {IMPORTED:,} open deals were imported; p50 {quantile(took, 0.5):.0f} ms"
    )


async def _import(store: Store, tenant: Tenant) -> None:
    run, gate = uuid4(), asyncio.Semaphore(IN_FLIGHT)
    since = datetime.now(UTC) - timedelta(days=3)

    async def one(number: int) -> None:
        command = ImportDeal(
            run=run,
            source="bench",
            source_id=str(number),
            title=f"Imported deal {number}",
            pipeline=DEFAULT_PIPELINE,
            stage="qualify",
            close_date=(since + timedelta(days=100)).date(),
        )
        async with gate:
            stream: UUID = uuid7()
            await store.execute(tenant, deals, stream, command, by=SYSTEM, effective_at=since, expected_version=0)

    await asyncio.gather(*(one(number) for number in range(IMPORTED)))
