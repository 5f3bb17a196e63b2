"""Starting workflows from the log anew: each open deal once, however often its stream began."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain.deals import ImportDeal, deals
from domain.imports import UndoImport
from domain.kernel import SYSTEM, natural_id
from infra.ids import uuid7
from tests.workflows.office import ANNA, PIPELINE, Office
from workflows import opened as looking
from workflows.messages import SweepRun
from workflows.reconcile import reconcile
from workflows.sweep import sweep_page

pytestmark = pytest.mark.usefixtures("patient")
FIRST, SECOND = natural_id("run", "first"), natural_id("run", "second")


@pytest.fixture(autouse=True)
def _small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "WINDOW", 4)


def _row(run, number: int) -> ImportDeal:
    return ImportDeal(run=run, source="old", source_id=str(number), title="Old", pipeline=PIPELINE, stage="first", owner=ANNA)


async def _imported_twice(desk: Office, count: int) -> None:
    ids = [uuid7() for _ in range(count)]
    for run in (FIRST, SECOND):
        for number, id in enumerate(ids):
            await desk.do(deals, id, _row(run, number), SYSTEM)
        if run is FIRST:
            for id in ids:
                await desk.do(deals, id, UndoImport(run=run), SYSTEM)


async def test_a_deal_that_was_imported_undone_and_imported_again_counts_once(desk: Office):
    await _imported_twice(desk, 5)
    found = await reconcile(desk.database, desk.store, desk.client, desk.tenant)
    assert (found.deals, found.moves) == (5, 0)


async def test_a_deal_whose_import_was_undone_counts_not_at_all(desk: Office):
    id = uuid7()
    await desk.do(deals, id, _row(FIRST, 1), SYSTEM)
    await desk.do(deals, id, UndoImport(run=FIRST), SYSTEM)
    assert (await reconcile(desk.database, desk.store, desk.client, desk.tenant)).deals == 0


async def test_a_workflow_that_runs_although_its_import_was_undone_is_told_and_ends(desk: Office):
    gone, open_one = uuid7(), uuid7()
    for number, id in enumerate((gone, open_one)):
        await desk.do(deals, id, _row(FIRST, number), SYSTEM)
    await reconcile(desk.database, desk.store, desk.client, desk.tenant)
    async with desk.worker():
        await desk.until(lambda: _both_run(desk, gone, open_one))
        await desk.do(deals, gone, UndoImport(run=FIRST), SYSTEM)
        await desk.until(lambda: _ended_by_reconciling(desk, gone))
    assert await desk.running(open_one)


async def _both_run(desk: Office, *ids) -> bool:
    return all([await desk.running(id) for id in ids])


async def _ended_by_reconciling(desk: Office, id) -> bool:
    # Temporal lists a workflow a moment after it has started
    await reconcile(desk.database, desk.store, desk.client, desk.tenant)
    return not await desk.running(id)


async def test_the_sweep_sees_such_a_deal_once_too(desk: Office):
    await _imported_twice(desk, 3)
    seen, run = 0, SweepRun(tenant=desk.tenant.slug)
    while True:
        page = await sweep_page(desk.database, desk.store, run, lambda: datetime.now(UTC))
        seen += page.counts.deals
        if page.upto is None:
            break
        run = SweepRun(tenant=desk.tenant.slug, after=page.upto)
    assert seen == 3
