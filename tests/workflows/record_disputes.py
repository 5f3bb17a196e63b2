"""Histories of every branch of a dispute's workflow, for `test_replay.py`: `python -m tests.workflows.record_disputes`.

Run it when a branch is added. Histories that are there stay as they are.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from temporalio import activity

from domain.disputes import commands as c
from domain.disputes.terms import SettlementKind
from infra.database import StoreUnavailable
from infra.temporal import connect
from tests.workflows.dispute_desk import THEIRS, Days, answer, do, furnish, handle, raise_claim, running
from tests.workflows.office import SANDBOX, Activities, Office, office
from tests.workflows.record_histories import first_run, save
from tests.workflows.servers import Dev
from workflows.messages import DISPUTE_WORKFLOW, DisputeRun, DisputeStanding
from workflows.starting import Starter
from workflows.worker import worker_of


class FalteringDisputes(Activities):
    """Fails the first looks at a dispute, longer than the workflow tries at once."""

    failures = 5

    @activity.defn(name="attend_dispute")
    async def attend_dispute(self, run: DisputeRun) -> DisputeStanding:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("the log is away")
        return await super().attend_dispute(run)


async def record(desk: Office) -> None:
    """One that nobody answers, through all its levels, until it is credited; and one that is seen to only after some tries."""
    await furnish(desk)
    client = await connect(desk.address, desk.client.namespace, lazy=False)
    async with worker_of(client, desk.activities(), SANDBOX):
        case = await raise_claim(desk)
        days = Days(desk, [case])
        await days.begun()
        while await days.to_next():
            pass
        await _settle(desk, case)
        await save(handle(desk, case), "dispute-escalated-and-settled")
        desk.clock.ahead = timedelta(0)
    async with worker_of(client, FalteringDisputes(desk.database, desk.store, desk.clock), SANDBOX):
        late = await raise_claim(desk, 2)
        await Starter(desk.client).ask(desk.tenant, DISPUTE_WORKFLOW, late)
        await desk.until(lambda: _timers(desk, late, 2))
        await asyncio.sleep(2)
        await save(handle(desk, late), "dispute-tried-again-later")


async def _settle(desk: Office, case: UUID) -> None:
    credit = c.RecordSettlement(kind=SettlementKind.CREDIT_NOTE, amount=Decimal("119.00"), number="CN-1", on=desk.clock().date())
    await do(desk, case, credit, THEIRS)
    await handle(desk, case).signal("requested", uuid4())
    await handle(desk, case).result()


async def _timers(desk: Office, case: UUID, count: int) -> bool:
    events = (await handle(desk, case).fetch_history()).events
    return sum(1 for e in events if e.HasField("timer_started_event_attributes")) >= count


async def record_continued(desk: Office) -> None:
    """On a server that suggests to continue as new early."""
    await furnish(desk)
    client = await connect(desk.address, desk.client.namespace, lazy=False)
    async with worker_of(client, desk.activities(), SANDBOX):
        case = await raise_claim(desk)
        await Starter(desk.client).ask(desk.tenant, DISPUTE_WORKFLOW, case)
        await desk.until(lambda: running(desk, case))
        for number in range(8):
            await do(desk, case, answer(f"Word {number}."), THEIRS)
            await handle(desk, case).signal("requested", uuid4())
            await asyncio.sleep(0.5)
        await save(await first_run(desk, handle(desk, case)), "dispute-continued-as-new")
        await _settle(desk, case)
        await save(handle(desk, case), "dispute-continued")


async def main(server: str, folder: Path) -> None:
    skipping = "frontend.WorkflowTimeSkippingEnabled=true"
    for number, (work, configuration) in enumerate(((record, skipping), (record_continued, "limit.historyCount.suggestContinueAsNew=20"))):
        temporal = Dev(folder / f"temporal{number}", configuration)
        name = f"dispute_histories_{os.getpid()}_{number}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        try:
            async with office(server.rpartition("/")[0] + f"/{name}", folder / str(number), temporal.start().address) as desk:
                await work(desk)
        finally:
            temporal.stop()
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(main(os.environ["CONCORD_TEST_SERVER"], Path(temporary)))
    sys.stdout.flush()
    os._exit(0)
