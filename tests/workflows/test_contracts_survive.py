"""What the days bring about for contracts is recorded once, and told once: through kills of worker and server, and the loss of all state."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.contract_dates import NoticeRule, NoticeUnit, Renewal, RenewalKind
from domain.contracts import events as e
from domain.contracts import obligation_events as o
from domain.deals import DealOpened
from domain.notifications import NotificationRaised
from infra.embedded.temporal import EmbeddedTemporal
from tests.conftest import own_port
from tests.workflows.contract_desk import contract_of, furnish_deals, owe, register, running, today, trigger
from tests.workflows.office import Office, office
from tests.workflows.test_survival import WorkerProcess, kill
from workflows.reconcile import reconcile

COUNT = 30
MONTHLY = Renewal(kind=RenewalKind.AUTO_RENEW, months=1)


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
        await furnish_deals(made)
        yield made


async def a_third_of_each(desk: Office, number: int) -> UUID:
    """A contract of which something is due at once: an alert and a renewal deal; a missed deadline; months of silence."""
    if number % 3 == 0:
        id = await register(desk, ends_in=100, notice=NoticeRule(count=80, unit=NoticeUnit.DAYS))
        await owe(desk, id, months=12, first=today(desk) + timedelta(days=5))
        return id
    if number % 3 == 1:
        return await register(desk, ends_in=20)
    return await register(desk, ends_in=-100, renewal=MONTHLY, notice=NoticeRule(count=10, unit=NoticeUnit.DAYS))


async def settled(desk: Office, ids: list[UUID]) -> bool:
    """Whether every contract has had recorded what was due when the test began, and told."""
    states = [await contract_of(desk, id) for id in ids]
    log = await desk.log()
    kinds = Counter(type(r.event) for r in log)
    notices = Counter(r.event.kind for r in log if isinstance(r.event, NotificationRaised))
    third = len(ids) // 3
    return (
        all(state.dates is not None and state.dates.term_end is not None and state.dates.term_end >= today(desk) for state in states)
        and kinds[o.ObligationFellDue] == third
        and kinds[DealOpened] == kinds[e.ContractRenewalStarted] >= third
        and notices["obligation_due"] == third
        and notices["contract_renewal"] >= third
    )


def twice(log: list, kind: type, *names: str) -> list:
    """What was recorded more than once of the same contract, though it can happen only once."""
    seen = Counter((r.originator_id, *(getattr(r.event, name) for name in names)) for r in log if isinstance(r.event, kind))
    return [key for key, count in seen.items() if count > 1]


async def check_once(desk: Office) -> None:
    log = await desk.log()
    assert not twice(log, e.ContractAlertRaised, "send_by", "days")
    assert not twice(log, e.ContractRenewed, "previous_end")
    assert not twice(log, e.NoticeWindowMissed, "deadline")
    assert not twice(log, e.ContractRenewalStarted, "term_end")
    assert not twice(log, o.ObligationFellDue, "obligation", "occurrence")
    told = Counter((r.event.member, r.event.kind, r.event.cause) for r in log if isinstance(r.event, NotificationRaised))
    assert set(told.values()) <= {1}


async def test_what_is_due_is_recorded_once_through_kills_of_worker_and_server(desk: Office, own_temporal: EmbeddedTemporal):
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  a red one becomes a test of its own
    chance = random.Random(seed)
    worker = WorkerProcess(desk)
    ids: list[UUID] = []
    try:
        await desk.until(lambda: worker.ready)

        async def kills() -> None:
            for what in chance.sample(["server"] * 2 + ["worker"] * 4, 6):
                await asyncio.sleep(chance.uniform(0.5, 2.0))
                if what == "server":
                    await kill(own_temporal)
                else:
                    await asyncio.to_thread(worker.kill)

        killing = asyncio.create_task(kills())
        for number in range(COUNT):
            ids.append(await a_third_of_each(desk, number))
            await asyncio.sleep(0.2)
        await killing
        await desk.until(lambda: worker.ready)
        await desk.until(lambda: settled(desk, ids))
    finally:
        worker.stop()
    await check_once(desk)
    assert "Traceback" not in worker.said


@pytest.mark.usefixtures("patient")
async def test_the_loss_of_all_of_temporals_state_loses_no_contract(desk: Office, own_temporal: EmbeddedTemporal):
    ids = [await a_third_of_each(desk, number) for number in range(COUNT)]
    async with trigger(desk):
        await desk.until(lambda: all_run(desk, ids))
    # they run, and no worker has looked at any
    own_temporal.stop()
    for file in own_temporal.home.glob("temporal.db*"):
        file.unlink()
    own_temporal.start()
    found = await patiently(desk)
    assert (found.deals, found.contracts) == (0, COUNT)
    async with desk.worker():
        await desk.until(lambda: settled(desk, ids))
        assert (await reconcile(desk.database, desk.store, desk.client, desk.tenant)).contracts == COUNT
        await desk.until(lambda: all_run(desk, ids))
    await check_once(desk)


async def patiently(desk: Office):
    for _ in range(50):
        try:
            return await reconcile(desk.database, desk.store, desk.client, desk.tenant)
        except Exception:  # noqa: BLE001  the namespace of a new server takes a moment
            await asyncio.sleep(0.2)
    return await reconcile(desk.database, desk.store, desk.client, desk.tenant)


async def all_run(desk: Office, ids: list[UUID]) -> bool:
    return all([await running(desk, id) for id in ids])
