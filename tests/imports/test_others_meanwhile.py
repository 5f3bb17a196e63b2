"""Others write the same streams while an import runs: its chunk is decided anew row by row, and nobody's word is lost."""

from __future__ import annotations

import asyncio
import threading

from domain.deals import ChangeAmount, deals
from domain.imports import imported_id
from domain.kernel import Actor, Role, natural_id
from domain.values import Money
from infra.codec import Codec
from infra.database import Database
from infra.event_store import Store
from infra.keys import Keys
from tests.imports.lookalikes import company, write
from workflows.imports import Overrides, run
from workflows.imports.fields import Kind

ANNA = Actor(natural_id("anna"), frozenset({Role.ADMIN}))
SAID = Overrides(currency="EUR", source="vendor")


def elsewhere(url, keys_path, work):
    """Do `work` with a store of its own, in a loop of its own, and wait: the import's loop stands still meanwhile."""

    async def alone():
        database = await Database.open(url)
        keys = Keys.open(keys_path, keys_path.with_name("root.key"))
        store = Store(database, Codec(keys))
        try:
            await work(store)
        finally:
            await store.close()
            keys.close()
            await database.close()

    thread = threading.Thread(target=lambda: asyncio.run(alone()))
    thread.start()
    thread.join()


async def test_rows_that_others_change_between_deciding_and_storing_are_decided_anew(store, tenant, login_url, keys_path, tmp_path):
    made = company(tmp_path, deals=60)
    await run(store, tenant, [tmp_path], SAID)
    for one in made.deals:
        one["sales_agent"] = "Hal Pike"
        if one["deal_stage"] == "Won":
            one["close_value"] = "77"
    write(tmp_path / "sales_pipeline.csv", list(made.deals[0]), [list(d.values()) for d in made.deals])
    opened = [d["opportunity_id"] for d in made.deals if d["deal_stage"] == "Engaging" and d["account"]]
    touched = 0

    async def change(other):
        nonlocal touched
        for key in opened:
            amount = ChangeAmount(amount=Money(amount=11, currency="EUR"))
            await other.execute(tenant, deals, imported_id("deal", "vendor", key), amount, by=ANNA)
            touched += 1

    def told(done, total):
        # the last chunk is decided and not stored yet: a conflict is certain
        if done == total and not touched:
            elsewhere(login_url, keys_path, change)

    done = await run(store, tenant, [tmp_path], SAID, told=told)
    assert touched == len(opened) > 0
    counts = done.counts[Kind.DEALS]
    assert (counts.rejected, counts.rows) == (0, 60)
    assert counts.updated + counts.unchanged + counts.conflict == 60
    for one in made.deals:
        state = (await store.load(tenant, deals, imported_id("deal", "vendor", one["opportunity_id"]))).state
        assert state.owner == imported_id("member", "vendor", "Hal Pike"), "the row came in"
        if one["opportunity_id"] in opened:
            assert state.amount.amount == 11, "and what people said stays"
        elif one["deal_stage"] == "Won":
            assert state.amount.amount == 77
    assert (await run(store, tenant, [tmp_path], SAID)).events == 0


async def test_two_processes_that_import_the_same_files_at_once_bring_each_row_once(store, tenant, login_url, keys_path, tmp_path):
    made = company(tmp_path / "in", deals=150)
    began = False

    async def import_too(other):
        await run(other, tenant, [tmp_path / "in"], SAID)

    def told(_done, _total):
        nonlocal began
        if not began:
            began = True
            elsewhere(login_url, keys_path, import_too)

    done = await run(store, tenant, [tmp_path / "in"], SAID, told=told)
    log = await store.read(tenant, 0, 5000)
    imported = [r.originator_id for r in log if r.event.topic == "deal.imported"]
    assert sorted(imported) == sorted(imported_id("deal", "vendor", d["opportunity_id"]) for d in made.deals)
    counts = done.counts[Kind.DEALS]
    assert (counts.rejected, counts.created + counts.updated + counts.unchanged + counts.conflict) == (0, 150)
