"""A workflow that lives for years stays small, and loses nothing when it continues as new."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from domain.contracts import contracts
from domain.contracts.commands import TerminateContract
from domain.contracts.terms import EndCause
from tests.conftest import brief_folder
from tests.workflows import contract_desk
from tests.workflows.office import Office, moves, office
from tests.workflows.servers import Dev
from workflows.tails import GAP

SIGNALS = 500


@pytest.fixture(scope="module")
def hasty() -> Iterator[str]:
    """A server that suggests to continue as new after 20 events."""
    with tempfile.TemporaryDirectory(prefix="concord-temporal-", dir=brief_folder()) as folder:
        server = Dev(Path(folder), "limit.historyCount.suggestContinueAsNew=20")
        try:
            yield server.start().address
        finally:
            server.stop()


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, hasty: str) -> AsyncIterator[Office]:
    async with office(database_url, tmp_path, hasty) as made:
        yield made


async def histories(desk: Office, handle: WorkflowHandle[Any, Any]) -> list[WorkflowHistory]:
    """Every run of a workflow, in full."""
    runs: list[WorkflowHistory] = []
    run_id = (await handle.describe()).raw_description.workflow_execution_info.first_run_id
    while run_id:
        found = await desk.client.get_workflow_handle(handle.id, run_id=run_id).fetch_history()
        runs.append(found)
        last = found.events[-1]
        run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return runs


def largest(runs: list[WorkflowHistory]) -> tuple[int, int]:
    """Events of the longest run, bytes of the largest event (its payloads are within).

    Signals that came while one was seen to are not counted: how many that are is a matter of the machine, not of the workflow.
    """
    return max(len(r.events) - _meanwhile(r) for r in runs), max(e.ByteSize() for r in runs for e in r.events)


def _meanwhile(run: WorkflowHistory) -> int:
    found = unseen = 0
    for event in run.events:
        if event.HasField("workflow_execution_signaled_event_attributes"):
            unseen += 1
        elif event.HasField("workflow_task_completed_event_attributes"):
            found, unseen = found + max(unseen - 1, 0), 0
    return found + unseen


async def _signal(handle: WorkflowHandle[Any, Any]) -> None:
    """As the product does: a server that is just ending a run takes no signal until the next one has begun."""
    while True:
        try:
            return await handle.signal("requested", uuid4())
        except RPCError as error:
            if error.status is not RPCStatusCode.RESOURCE_EXHAUSTED:
                raise
        await asyncio.sleep(GAP)


async def test_no_move_is_lost_and_no_history_grows_over_many_moves(desk: Office):
    deal = await desk.open_deal()
    async with desk.worker(), desk.trigger():
        for number in range(60):
            await desk.ask(deal, ("second", "third")[number % 2])
            await desk.settled(deal)
        runs = await histories(desk, desk.handle(deal))
    asked, done = moves(await desk.log())
    assert asked == done
    assert len(asked) == 60
    events, size = largest(runs)
    assert len(runs) > 5
    assert events <= 60
    assert size <= 64 * 1024


async def test_no_signal_is_lost_among_five_hundred(desk: Office):
    """As the trigger sends them: one call per deal under way at a time, and its gap between batches."""
    deal = await desk.open_deal()
    async with desk.surviving_worker(), desk.trigger():
        await desk.ask(deal, "second")
        await desk.settled(deal)
        handle = desk.handle(deal)
        for number in range(SIGNALS):
            if number % 50 == 0:  # among them some that mean something
                await desk.settled(deal)
                await desk.ask(deal, ("third", "second")[number // 50 % 2])
            await _signal(handle)
            await asyncio.sleep(GAP)
        await desk.settled(deal)
        runs = await histories(desk, desk.handle(deal))
    asked, done = moves(await desk.log())
    assert asked == done
    assert len(asked) == 11
    signalled = sum(1 for r in runs for e in r.events if e.HasField("workflow_execution_signaled_event_attributes"))
    assert signalled >= SIGNALS
    events, size = largest(runs)
    assert events <= 60, [len(r.events) for r in runs]
    assert size <= 64 * 1024


async def test_the_workflow_of_a_contract_stays_small_and_ends_with_it(desk: Office):
    id = await contract_desk.register(desk, ends_in=200)
    handle = contract_desk.handle(desk, id)
    async with desk.worker(), contract_desk.trigger(desk):
        await desk.until(lambda: contract_desk.running(desk, id))
        for _ in range(60):
            await _signal(handle)
            await asyncio.sleep(GAP)
        await desk.do(contracts, id, TerminateContract(on=contract_desk.today(desk) - timedelta(days=1), cause=EndCause.MUTUAL))
        await handle.result()
        runs = await histories(desk, handle)
    events, size = largest(runs)
    assert len(runs) > 2
    assert events <= 60, [len(r.events) for r in runs]
    assert size <= 64 * 1024
