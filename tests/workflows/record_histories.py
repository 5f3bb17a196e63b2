"""Records one history of every branch of every workflow, for `test_replay.py`: `python -m tests.workflows.record_histories`.

Run it when a branch is added. Histories that are there stay as they are: they stand for workflows that run somewhere.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from domain.contracts import contracts
from domain.contracts.commands import TerminateContract
from domain.contracts.terms import EndCause
from infra.database import StoreUnavailable
from infra.temporal import TASK_QUEUE, connect
from tests.workflows import record_approvals
from tests.workflows.contract_desk import Years, handle, register, running, today, trigger
from tests.workflows.office import MAX_DAYS, SANDBOX, Activities, Office, office
from tests.workflows.servers import Dev
from tests.workflows.writing import Writing
from workflows.messages import (
    ATTEND_CONTRACT,
    CONTRACT_WORKFLOW,
    DEAL_WORKFLOW,
    ESCALATE_AFTER,
    PAPER_WORKFLOW,
    SWEEP_WORKFLOW,
    Attend,
    ContractRun,
    ContractStanding,
    Standing,
    SweepPage,
    SweepRun,
    workflow_id,
)
from workflows.starting import Starter
from workflows.worker import worker_of

FOLDER = Path(__file__).parent / "histories"


class Faltering(Activities):
    """Fails the first looks at a deal, as when the log cannot be reached, longer than the workflow tries at once."""

    failures = 5

    async def _attend(self, ask: Attend) -> Standing:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("the log is away")
        return await super()._attend(ask)


class FalteringContracts(Activities):
    """Fails the first looks at a contract."""

    failures = 5

    @activity.defn(name=ATTEND_CONTRACT)
    async def attend_contract(self, run: ContractRun) -> ContractStanding:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("the log is away")
        return await super().attend_contract(run)


class Endless(Activities):
    """A log of many windows."""

    @activity.defn(name="sweep_page")
    async def sweep_page(self, run: SweepRun) -> SweepPage:
        page = await super().sweep_page(run)
        return page.model_copy(update={"upto": run.after + 1 if run.after < 12 else None})


async def record(desk: Office) -> None:
    await record_contracts(desk)
    starter = Starter(desk.client)
    client = await connect(desk.address, desk.client.namespace, lazy=False)

    async with worker_of(client, desk.activities(), SANDBOX), desk.trigger():
        closed = await desk.open_deal()
        for to in ("second", "lost"):
            await desk.ask(closed, to)
            await desk.settled(closed)
        await desk.handle(closed).result()
        await save(desk.handle(closed), "deal-moved-and-closed")

        skipper = TimeSkipper(desk.client, config=TimeSkippingConfig(enabled=False))
        stalled = await desk.open_deal(closes_in=20)
        await Starter(skipper.client).ask(desk.tenant, DEAL_WORKFLOW, stalled)
        await asyncio.sleep(1)
        for days in (21, ESCALATE_AFTER.days, MAX_DAYS, ESCALATE_AFTER.days + 1):
            desk.clock.ahead += timedelta(days=days)
            await skipper.fast_forward(desk.handle(stalled), timedelta(days=days))
        await asyncio.sleep(1)
        await save(desk.handle(stalled), "deal-reminded-and-escalated")
        desk.clock.ahead = timedelta(0)

        swept = await desk.client.start_workflow(
            SWEEP_WORKFLOW, SweepRun(tenant=desk.tenant.slug), id=f"sweep-{uuid4()}", task_queue=TASK_QUEUE
        )
        await swept.result()
        await save(swept, "sweep")

    await save(await record_approvals.agreed(desk), "approval-agreed")
    await save(await record_approvals.escalated(desk), "approval-escalated")
    await save(await record_approvals.tried_again(desk), "approval-tried-again-later")

    async with worker_of(client, Faltering(desk.database, desk.store, desk.clock), SANDBOX):
        late = await desk.open_deal()
        await starter.ask(desk.tenant, DEAL_WORKFLOW, late, uuid4())
        await asyncio.sleep(6)
        await save(desk.handle(late), "deal-tried-again-later")


async def record_contracts(desk: Office) -> None:
    """A contract that is renewed by silence once, then ended; and one that is seen to only after some tries."""
    client = await connect(desk.address, desk.client.namespace, lazy=False)
    skipper = TimeSkipper(desk.client, config=TimeSkippingConfig(enabled=False))
    async with worker_of(client, desk.activities(), SANDBOX), trigger(desk, skipper.client):
        id = await register(desk, ends_in=120)
        years = Years(desk, skipper, id)
        await desk.until(lambda: running(desk, id))
        await years.begun()
        await years.until(today(desk) + timedelta(days=130))
        await desk.do(contracts, id, TerminateContract(on=today(desk) - timedelta(days=1), cause=EndCause.MUTUAL))
        await handle(desk, id).result()
        await save(handle(desk, id), "contract-renewed-and-ended")
        desk.clock.ahead = timedelta(0)
    async with worker_of(client, FalteringContracts(desk.database, desk.store, desk.clock), SANDBOX):
        late = await register(desk, ends_in=200)
        await Starter(desk.client).ask(desk.tenant, CONTRACT_WORKFLOW, late)
        await desk.until(lambda: _dated(desk, late))
        await asyncio.sleep(2)
        await save(handle(desk, late), "contract-tried-again-later")


async def _dated(desk: Office, id: Any) -> bool:
    events = (await handle(desk, id).fetch_history()).events
    return sum(1 for e in events if e.HasField("timer_started_event_attributes")) >= 2


async def record_continued_contract(desk: Office, client: Any) -> None:
    async with worker_of(client, desk.activities(), SANDBOX):
        id = await register(desk, ends_in=200)
        await Starter(desk.client).ask(desk.tenant, CONTRACT_WORKFLOW, id)
        for _ in range(8):
            await handle(desk, id).signal("requested", uuid4())
            await asyncio.sleep(0.5)
        await save(await first_run(desk, handle(desk, id)), "contract-continued-as-new")
        await desk.do(contracts, id, TerminateContract(on=today(desk) - timedelta(days=1), cause=EndCause.MUTUAL))
        await handle(desk, id).signal("requested", uuid4())
        await handle(desk, id).result()
        await save(handle(desk, id), "contract-continued")


async def record_continued(desk: Office) -> None:
    """On a server that suggests to continue as new early."""
    await save(await record_approvals.continued(desk), "approval-continued-as-new")
    client = await connect(desk.address, desk.client.namespace, lazy=False)
    await record_continued_contract(desk, client)
    async with worker_of(client, desk.activities(), SANDBOX), desk.trigger():
        renewed = await desk.open_deal()
        for number in range(8):
            await desk.ask(renewed, ("second", "third")[number % 2])
            await desk.settled(renewed)
        await save(await first_run(desk, desk.handle(renewed)), "deal-continued-as-new")
        await desk.ask(renewed, "lost")
        await desk.settled(renewed)
        await desk.handle(renewed).result()
        await save(desk.handle(renewed), "deal-continued")

    async with worker_of(client, Endless(desk.database, desk.store, desk.clock), SANDBOX):
        swept = await desk.client.start_workflow(
            SWEEP_WORKFLOW, SweepRun(tenant=desk.tenant.slug), id=f"sweep-{uuid4()}", task_queue=TASK_QUEUE
        )
        first = desk.client.get_workflow_handle(swept.id, run_id=swept.first_execution_run_id)
        await swept.result()
        await save(first, "sweep-continued-as-new")
        await save(desk.client.get_workflow_handle(swept.id), "sweep-continued")


async def record_papers(desk: Office) -> None:
    skipper = TimeSkipper(desk.client, config=TimeSkippingConfig(enabled=False))
    writing = Writing.at(desk)
    async with writing.worker():
        for name, days in (("paper-signed-and-sealed", 0), ("paper-expired", 7)):
            id = await writing.sent(days=5)
            await writing.linked(id)
            handle = skipper.client.get_workflow_handle(workflow_id(desk.tenant.slug, PAPER_WORKFLOW, id))
            for signatory in () if days else (await writing.paper(id)).signatories:
                await writing.sign(id, signatory)
            if days:
                desk.clock.ahead += timedelta(days=days)
                await skipper.fast_forward(handle, timedelta(days=days))
            await handle.result()
            await save(handle, name)
    writing.keys.close()


async def first_run(desk: Office, handle: WorkflowHandle[Any, Any]) -> WorkflowHandle[Any, Any]:
    runs = [e async for e in desk.client.list_workflows(f"WorkflowId = '{handle.id}'")]
    oldest = min(runs, key=lambda e: e.start_time)
    return desk.client.get_workflow_handle(handle.id, run_id=oldest.run_id)


async def save(handle: WorkflowHandle[Any, Any], name: str) -> None:
    file = FOLDER / f"{name}.json"
    if file.exists():
        return
    history = plain((await handle.fetch_history()).to_json_dict())
    file.write_text(json.dumps({"id": handle.id, "events": history["events"]}, indent=1) + "\n")
    sys.stdout.write(f"{file.name}: {len(history['events'])} events\n")


def plain(value: Any) -> Any:
    """Without the names of the machine that it was recorded on."""
    if isinstance(value, dict):
        return {k: "worker" if k == "identity" else plain(v) for k, v in value.items() if k != "stackTrace"}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return "worker" if isinstance(value, str) and f"@{os.uname().nodename}" in value else value


async def main(server: str, folder: Path) -> None:
    # it saves by what is defined here
    from tests.workflows.record_consents import record_consents

    skipping = "frontend.WorkflowTimeSkippingEnabled=true"
    early = "limit.historyCount.suggestContinueAsNew=20"
    for number, (work, *configuration) in enumerate(
        ((record, skipping), (record_papers, skipping), (record_consents, skipping), (record_continued, early))
    ):
        temporal = Dev(folder / f"temporal{number}", *configuration)
        name = f"histories_{os.getpid()}_{number}"
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
