"""Deals shared among processes come to what one process makes of them; a share that is stopped is carried on; few are not shared."""

from __future__ import annotations

import asyncio
import csv
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from domain.imports import imported_id
from domain.kernel import Refused
from infra.migrations import create_tenant
from tests.imports.lookalikes import company, salesforce, write
from workflows.imports import Directory, Overrides, run
from workflows.imports.fields import Kind
from workflows.imports.inspecting import look, settle_all
from workflows.imports.processes import PartStopped, in_copies
from workflows.imports.sharing import FEWEST_ROWS, shares_of

SAID = Overrides(currency="EUR", source="vendor")


async def told(store, tenant, files, rejected, processes):
    result = await run(store, tenant, [files], SAID, rejected_to=rejected, processes=processes)
    log = await store.read(tenant, 0, 5000)
    facts = sorted((r.event.topic, str(r.originator_id), r.originator_version, r.event.model_dump_json()) for r in log)
    lines = list(csv.reader(rejected.read_text("utf-8-sig").splitlines())) if rejected.exists() else []
    return result, facts, lines


async def same_in_shares(store, tenant, database_url, files, tmp_path):
    other = create_tenant(database_url, "other")
    alone, facts, lines = await told(store, tenant, files, tmp_path / "alone.csv", 1)
    shared, same_facts, same_lines = await told(store, other, files, tmp_path / "shared.csv", 2)
    assert same_facts == facts
    assert shared.counts == alone.counts
    assert shared.events == alone.events
    assert (shared.first_position, shared.last_position) == (alone.first_position, alone.last_position)
    assert same_lines[:1] == lines[:1]
    assert sorted(same_lines) == sorted(lines)
    assert sorted(shared.rows, key=repr) == sorted(alone.rows, key=repr)
    assert (await run(store, other, [files], SAID, processes=2)).events == 0, "a second run changes nothing"


async def test_histories_deletions_and_merges_come_to_the_same_in_shares(store, tenant, database_url, tmp_path):
    made = salesforce(tmp_path / "in")
    history = ("Id", "OpportunityId", "StageName", "Amount", "CloseDate", "CreatedDate")
    rows = [
        ("x1", "nobody", "Needs Analysis", "", "", "2019-06-01T10:00:00Z"),
        ("x2", made[0]["Id"], "No such stage", "", "", "2019-06-01T10:00:00Z"),
        ("x3", made[1]["Id"], "Needs Analysis", "", "", "2919-06-01T10:00:00Z"),
    ]
    write(tmp_path / "in" / "OpportunityHistory2.csv", history, rows)
    await same_in_shares(store, tenant, database_url, tmp_path / "in", tmp_path)


async def test_repeated_ids_and_faulty_rows_come_to_the_same_in_shares(store, tenant, database_url, tmp_path):
    made = company(tmp_path / "in", deals=121)
    for number, one in enumerate(made.deals):
        one["engage_date"] = one["engage_date"] or "2016-01-04"  # what is undated begins when a run hears of it
        if number % 7 == 0:
            one["close_date"] = "2017-02-30"
    again = [*made.deals, *made.deals[:20]]
    write(tmp_path / "in" / "sales_pipeline.csv", list(made.deals[0]), [list(d.values()) for d in again])
    await same_in_shares(store, tenant, database_url, tmp_path / "in", tmp_path)


def copies():
    found = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # a thread that has ended meanwhile
            found += [int(pid) for pid in (task / "children").read_text().split()]
    return found


async def test_a_share_that_is_stopped_ends_the_run_with_a_sentence_and_the_next_carries_on(store, tenant, tmp_path):
    made = company(tmp_path / "in", deals=1500)
    before = set(copies())

    def stop(done, _total):
        if done > 300 and (there := set(copies()) - before):
            os.kill(min(there), signal.SIGKILL)

    with pytest.raises(PartStopped, match="carries on"):
        await run(store, tenant, [tmp_path / "in"], SAID, told=stop, processes=2)
    assert set(copies()) <= before, "nothing goes on behind the caller's back"
    done = await run(store, tenant, [tmp_path / "in"], SAID, processes=2)
    assert done.resumed
    log = await store.read(tenant, 0, 9000)
    imported = sorted(r.originator_id for r in log if r.event.topic == "deal.imported")
    assert imported == sorted(imported_id("deal", "vendor", d["opportunity_id"]) for d in made.deals)
    assert done.counts[Kind.DEALS].created == len(made.deals)


async def test_what_a_copy_refuses_is_refused_here_and_the_other_copies_end():
    before = set(copies())

    async def refuse(_advance):
        raise Refused("not like this")

    async def go_on(_advance):
        await asyncio.sleep(3600)

    with pytest.raises(Refused, match="not like this"):
        await in_copies([go_on, refuse], lambda _count: None)
    assert set(copies()) <= before


async def test_a_copy_ends_when_nobody_listens_any_more(tmp_path):
    ended = tmp_path / "pid"

    async def speak(advance):
        ended.write_text(str(os.getpid()))
        while True:
            advance(1)
            await asyncio.sleep(0.001)

    async def give_up(_advance):
        # a copy of its own makes the speaker, and is killed
        await in_copies([speak], lambda _count: None)

    listening = asyncio.create_task(in_copies([give_up], lambda _count: None))
    while not (ended.exists() and ended.read_text()):
        await asyncio.sleep(0.01)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    while _runs(int(ended.read_text())):
        await asyncio.sleep(0.01)


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(("deals", "shared"), [(FEWEST_ROWS, True), (200, False)])
def test_only_many_deals_are_shared(tmp_path, deals, shared):
    company(tmp_path, deals=deals)
    settled, _ = settle_all(look([tmp_path], SAID), SAID, Directory(), None, "UTC")
    several = len(os.sched_getaffinity(0)) > 1
    assert bool(shares_of(settled, None)) == (shared and several)
    assert len(shares_of(settled, 3)) == 3


def test_deals_without_ids_are_not_shared(tmp_path):
    write(tmp_path / "deals.csv", ("Deal Name", "Account Name", "Stage", "Amount"), [(f"Deal {i}", "Acme", "Won", "5") for i in range(9)])
    settled, _ = settle_all(look([tmp_path], SAID), SAID, Directory(), None, "UTC")
    assert settled.of(Kind.DEALS)
    assert shares_of(settled, 2) == []
