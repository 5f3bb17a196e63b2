"""Started work finishes, and is done once: through kills of worker and Temporal, the loss of all its state, and its absence."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from domain.deals import DealStageRequested
from infra.embedded.temporal import EmbeddedTemporal
from infra.settings import Settings
from tests.conftest import own_port
from tests.workflows.office import Office, moves, office
from workflows.reconcile import reconcile
from workflows.status import status


@pytest.fixture
def own_temporal(tmp_path: Path) -> Iterator[EmbeddedTemporal]:
    """A server that the test may kill."""
    server = EmbeddedTemporal(tmp_path / "temporal", usual_port=own_port())
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, own_temporal: EmbeddedTemporal) -> AsyncIterator[Office]:
    async with office(database_url, tmp_path, own_temporal.start().address) as made:
        yield made


class WorkerProcess:
    """The real worker, as a process that can be killed."""

    def __init__(self, desk: Office) -> None:
        home = desk.keys_file.parent
        self.settings = Settings(home=home, database_url=desk.url, migrator_url=desk.url, temporal_address=desk.address)
        self.log = (home / "worker.log").open("ab")
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **self.settings.environment()}
        self.before = len(self.said)
        return subprocess.Popen([sys.executable, "-m", "workflows.worker"], env=environment, stdout=self.log, stderr=self.log)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = self._start()

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(timeout=120)
        self.log.close()
        return code

    @property
    def said(self) -> str:
        return Path(self.log.name).read_text()

    @property
    def ready(self) -> bool:
        return "carrying out workflows" in self.said[self.before :]


async def kill(server: EmbeddedTemporal, *, down: float = 0.0) -> None:
    running = server.running()
    assert running is not None
    running.process.signal(9)
    await asyncio.to_thread(running.process.wait, 60.0)
    await asyncio.sleep(down)
    await asyncio.to_thread(server.start)


async def test_moves_finish_once_through_kills_of_worker_and_server(desk: Office, own_temporal: EmbeddedTemporal):
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  a red one becomes a test of its own
    chance = random.Random(seed)
    ids = await desk.open_deals(60)
    worker = WorkerProcess(desk)
    try:

        async def kills() -> None:
            for what in chance.sample(["server"] * 5 + ["worker"] * 5, 10):
                await asyncio.sleep(chance.uniform(0.5, 2.0))
                if what == "server":
                    await kill(own_temporal)
                else:
                    await asyncio.to_thread(worker.kill)

        async def journey(number: int) -> None:
            await asyncio.sleep(number * 0.2)
            for to in ("second", "third", "lost"):
                await desk.ask(ids[number], to)
                await desk.settled(ids[number])

        killing = asyncio.create_task(kills())
        await asyncio.gather(*(journey(n) for n in range(len(ids))))
        await killing
        # one that is stopped before it has begun ends by the signal
        await desk.until(lambda: worker.ready)
        assert {await desk.stage(id) for id in ids} == {"lost"}
    finally:
        code = worker.stop()
    asked, done = moves(await desk.log())
    assert len(asked) == 180
    assert sorted(asked) == sorted(done), "each request has exactly one effect"
    assert code == 0
    assert "Traceback" not in worker.said


async def test_the_loss_of_all_of_temporals_state_loses_no_obligation(desk: Office, own_temporal: EmbeddedTemporal):
    ids = await desk.open_deals(100)
    async with desk.trigger(background=True):
        await desk.until(lambda: _running(desk, 100))
        for id in ids[:40]:
            await desk.ask(id, "second")
        await desk.until(lambda: _seen(desk))
    # 100 run, 40 of them with a move that no worker has carried out
    own_temporal.stop()
    for file in own_temporal.home.glob("temporal.db*"):
        file.unlink()
    own_temporal.start()
    assert (await status(desk.database, desk.client, desk.tenant)).of("deal").running == 0

    found = await _patiently(lambda: reconcile(desk.database, desk.store, desk.client, desk.tenant))
    assert (found.deals, found.moves) == (100, 40)
    async with desk.worker():
        for id in ids[:40]:
            await desk.settled(id)
        await desk.until(lambda: _running(desk, 100))
        await reconcile(desk.database, desk.store, desk.client, desk.tenant)  # repeatable
        for id in ids[40:50]:
            await desk.ask(id, "second")
        async with desk.trigger():
            for id in ids[40:50]:
                await desk.settled(id)
    asked, done = moves(await desk.log())
    assert sorted(asked) == sorted(done)
    assert len(done) == 50


async def _patiently(call):
    for _ in range(50):
        try:
            return await call()
        except Exception:  # noqa: BLE001  the namespace of a new server takes a moment
            await asyncio.sleep(0.2)
    return await call()


async def _running(desk: Office, count: int) -> bool:
    return (await status(desk.database, desk.client, desk.tenant)).of("deal").running == count


async def _seen(desk: Office) -> bool:
    return (await status(desk.database, desk.client, desk.tenant)).of("deal").waiting == 0


async def test_requests_are_taken_while_temporal_is_away_and_start_soon_after_its_return(desk: Office, own_temporal: EmbeddedTemporal):
    ids = await desk.open_deals(300)
    worker = WorkerProcess(desk)
    try:
        await desk.until(lambda: worker.ready)
        own_temporal.stop()
        begun = asyncio.get_running_loop().time()
        await asyncio.gather(*(desk.ask(id, "second") for id in ids))
        assert len(await desk.log(DealStageRequested)) == 300
        assert (await status(desk.database, desk.client, desk.tenant)).of("deal").running is None
        await asyncio.sleep(max(0.0, begun + 10 - asyncio.get_running_loop().time()))
        await asyncio.to_thread(own_temporal.start)
        async with asyncio.timeout(120):  # ten on a machine of its own
            while not await _running(desk, 300):
                await asyncio.sleep(0.5)
        try:
            for id in ids:
                await desk.settled(id)
        except TimeoutError:
            left = [id for id in ids if (await desk.deal(id)).pending is not None]
            pytest.fail(f"{len(left)} moves are not carried out, the first of {left[0]}; the worker said:\n{worker.said}")
    finally:
        worker.stop()
    asked, done = moves(await desk.log())
    assert sorted(asked) == sorted(done)
    runs = [e async for e in desk.client.list_workflows("WorkflowType = 'deal'")]
    assert len(runs) == len({e.id for e in runs}) == 300
    assert "Temporal" in worker.said
    assert "Traceback" not in worker.said


async def test_an_idle_worker_stops_when_told(desk: Office):
    worker = WorkerProcess(desk)
    await desk.until(lambda: worker.ready)
    assert worker.stop() == 0
    assert "Traceback" not in worker.said
