"""P13: writes go on while signers are killed; every checkpoint continues each one before it, and none waits for long."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
from bisect import bisect_right
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.doctor import _proofs
from infra.keys import Keys
from infra.proofs import standing
from infra.proofs.checkpoints import opened
from infra.proofs.follower import POLL, QUIET, Follower, Pace, due
from infra.proofs.leaves import leaf_of
from infra.proofs.merkle import parent, root, verify_consistency
from infra.settings import Settings
from tests.infra.signing import SignedLog

KILLS = int(os.environ.get("CONCORD_SIGNER_KILLS", "5"))
ROOT = Path(__file__).parents[2]


@pytest.fixture
def log(store, database, tenant, login_url, tmp_path):
    keys = Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
    yield SignedLog(store, database, tenant, keys, Settings(home=tmp_path), login_url)
    keys.close()


async def until(condition):
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.01)


async def test_signers_that_are_killed_while_writes_go_on_never_contradict_themselves(log, login_url, tmp_path):
    chance = random.Random(7)

    async def write():
        while True:
            await log.write(chance.randint(1, 60))
            await asyncio.sleep(chance.random() / 50)

    await log.write(1)
    await log.sign()
    witness, writing = log.witness(), asyncio.create_task(write())
    command = [sys.executable, "-m", "tests.infra.signing", login_url, str(tmp_path)]
    with subprocess.Popen(  # noqa: ASYNC220  it only has to start
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as signers:
        for _ in range(KILLS):
            print("sign", file=signers.stdin, flush=True)
            pid = int(await asyncio.to_thread(signers.stdout.readline))
            before = len(log.published.sizes())
            await until(lambda before=before: len(log.published.sizes()) >= before + 2)
            await asyncio.sleep(chance.random() / 20)
            os.kill(pid, signal.SIGKILL)
            witness.observe(log.published.checkpoint(), log.published.tree)
        signers.stdin.close()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    # the lock goes with the killed process
    await log.sign()
    witness.observe(log.published.checkpoint(), log.published.tree)

    leaves = [leaf_of(row) for row in await log.store.rows(log.tenant, 0, 10**6)]
    published = [opened(log.published.checkpoint(size), witness.known) for size in log.published.sizes()]
    assert len(published) >= 2 * KILLS

    @cache
    def node(level, index):
        return parent(node(level - 1, 2 * index), node(level - 1, 2 * index + 1)) if level else leaves[index]

    assert [checkpoint.root for checkpoint in published] == [root(checkpoint.size, node) for checkpoint in published]
    tree = log.published.tree
    for old, new in pairwise(published):
        assert verify_consistency(old.size, new.size, old.root, new.root, tree.consistency(old.size, new.size))


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 1500)), min_size=1, max_size=15), st.sampled_from([2, 10, 60]))
def test_no_event_waits_for_its_checkpoint_longer_than_was_set(arrivals, every):
    """Time goes on in looks of one poll; whatever came is signed by the look that finds it due."""
    times = list(accumulate(pause for pause, _ in arrivals))
    heads = [0, *accumulate(events for _, events in arrivals)]
    pace, look = Pace(), 0.0
    while pace.signed < heads[-1]:
        head = heads[bisect_right(times, look)]
        if head and due(pace, head, look, every):
            pace.signed, pace.looked = head, look
        if head > max(pace.signed, 0):
            oldest = times[bisect_right(heads, pace.signed) - 1]
            assert look - oldest <= every
            assert head - pace.signed < 1000
        look += POLL


def test_a_quiet_log_is_looked_at_again_and_an_unsigned_one_is_not_asked_without_pause():
    assert due(Pace(), 0, 0.0, 10)
    signed = Pace(signed=5, looked=0.0)
    assert not due(signed, 5, QUIET - 1, 10)
    assert due(signed, 5, QUIET, 10)
    failed = Pace(signed=-1, looked=0.0)
    assert not due(failed, 5000, 1.0, 10)
    assert due(failed, 5000, 9.0, 10)


async def test_the_follower_signs_every_tenant_and_parks_the_one_whose_log_was_altered(log, database_url, caplog):
    follower = Follower(log.database, log.store, log.follower._private, log.settings)
    log.url = database_url

    async def standing_now():
        async with log.database.tenant(log.tenant, read_only=True) as cursor:
            return await standing.standing(cursor)

    await log.write(20)
    following = asyncio.create_task(follower.run())
    await until(lambda: log.published.checkpoint() is not None)
    (seventh,) = await log.store.between(log.tenant, 7, 7)
    log.alter("UPDATE events SET state = '{}' WHERE position = 7")
    follower._paces.clear()  # as if its time had come
    async with asyncio.timeout(300):
        while (found := await standing_now()).parked_at is None:
            await asyncio.sleep(0.05)
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    assert (found.parked_at, found.signed) == (7, 21)
    assert "position 7 is not the one that was signed" in found.cause
    assert "NO CHECKPOINT IS SIGNED ANY MORE" in caplog.text
    with psycopg.connect(database_url, autocommit=True) as connection:
        finding = _proofs(connection, log.settings)
        assert (finding.level, "position 7" in finding.found) == ("failure", True)
        assert "concord proofs check" in finding.advice
        assert "concord proofs restart" in finding.advice
        async with log.database.tenant(log.tenant) as cursor:
            assert await standing.freed(cursor)
        assert _proofs(connection, log.settings).level == "failure", "the doctor looks for itself"
        log.alter(f"UPDATE events SET state = '\\x{seventh[5].hex()}' WHERE position = 7")
        assert _proofs(connection, log.settings).level == "ok"
        async with log.database.tenant(log.tenant) as cursor:
            await standing.stumbled(cursor, "no space left")
        assert (_proofs(connection, log.settings).level, _proofs(connection, log.settings).found) == ("warning", "acme: no space left")


async def test_a_tenant_whose_past_is_still_being_told_is_left_alone(log):
    await log.write(2)
    async with log.database.tenant(log.tenant) as cursor:
        await cursor.execute("INSERT INTO tracking (name, position) VALUES ('deals', %s)", (standing.BEYOND,))
    await log.follower._attempt(log.tenant, 2, Pace())
    assert log.published.checkpoint() is None
    assert await log.store.head(log.tenant) == 2
