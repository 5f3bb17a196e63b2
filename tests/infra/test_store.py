"""What a command does, and what it hears when it comes again, too late, or beside another."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from domain.kernel import ERASED, SYSTEM
from infra.codec import Codec
from infra.event_store import KeyReused, StaleVersion, Step, Store, VersionConflict
from infra.keys import Keys
from infra.migrations import create_tenant
from tests.counter import Counter, CounterRaised, CounterSigned, Raise, Sign, TooHigh, counters


async def test_a_command_becomes_events_at_gapless_positions(store, tenant):
    one, two = uuid4(), uuid4()
    first = await store.execute(tenant, counters, one, Raise(by=2), by=SYSTEM)
    second = await store.execute(tenant, counters, two, Raise(by=3), by=SYSTEM)
    third = await store.execute(tenant, counters, one, Raise(by=4), by=SYSTEM)
    assert [(e.first, e.last, e.version) for e in (first, second, third)] == [(1, 1, 1), (2, 2, 1), (3, 3, 2)]
    assert (await store.load(tenant, counters, one)).state == Counter(6)
    assert [r.event for r in await store.read(tenant, 0, 10)] == [CounterRaised(by=2), CounterRaised(by=3), CounterRaised(by=4)]
    assert await store.head(tenant) == 3


async def test_a_refusal_stores_nothing(store, tenant):
    with pytest.raises(TooHigh):
        await store.execute(tenant, counters, uuid4(), Raise(by=101), by=SYSTEM)
    assert await store.head(tenant) == 0


async def test_a_command_that_changes_nothing_stores_no_event_but_is_remembered(store, tenant):
    one, key = uuid4(), uuid4()
    assert (await store.execute(tenant, counters, one, Raise(by=0), by=SYSTEM, command_id=key)).first is None
    again = await store.execute(tenant, counters, one, Raise(by=5), by=SYSTEM, command_id=key)
    assert again.repeated
    assert again.first is None
    assert await store.head(tenant) == 0


async def test_a_retry_hears_the_first_outcome_whatever_the_state_became(store, tenant):
    one, key = uuid4(), uuid4()
    first = await store.execute(tenant, counters, one, Raise(by=60), by=SYSTEM, command_id=key, fingerprint=b"a")
    again = await store.execute(
        tenant, counters, one, Raise(by=60), by=SYSTEM, command_id=key, fingerprint=b"a"
    )  # now refused by the state
    assert again.repeated
    assert (again.first, again.last, again.version) == (first.first, first.last, first.version)
    stale = await store.execute(
        tenant, counters, one, Raise(by=1), by=SYSTEM, command_id=key, fingerprint=b"a", expected_version=7
    )  # the key is looked at before If-Match
    assert stale.repeated


async def test_a_retry_of_an_opening_command_names_the_stream_it_opened_first(store, tenant):
    key, first, second = uuid4(), uuid4(), uuid4()
    await store.execute(tenant, counters, first, Raise(), by=SYSTEM, command_id=key, expected_version=0)
    again = await store.execute(tenant, counters, second, Raise(), by=SYSTEM, command_id=key, expected_version=0)
    assert again.stream == first


async def test_a_known_key_with_another_body_is_refused(store, tenant):
    key = uuid4()
    await store.execute(tenant, counters, uuid4(), Raise(), by=SYSTEM, command_id=key, fingerprint=b"a")
    with pytest.raises(KeyReused):
        await store.execute(tenant, counters, uuid4(), Raise(), by=SYSTEM, command_id=key, fingerprint=b"b")


async def test_a_stale_expected_version_is_refused_and_the_current_one_passes(store, tenant):
    one = uuid4()
    await store.execute(tenant, counters, one, Raise(), by=SYSTEM)
    with pytest.raises(StaleVersion):
        await store.execute(tenant, counters, one, Raise(), by=SYSTEM, expected_version=2)
    assert (await store.execute(tenant, counters, one, Raise(), by=SYSTEM, expected_version=1)).version == 2


async def test_racing_commands_without_expected_version_all_hold(store, tenant):
    one = uuid4()
    await asyncio.gather(*(store.execute(tenant, counters, one, Raise(), by=SYSTEM) for _ in range(4)))
    assert (await store.load(tenant, counters, one)).state == Counter(4)


async def test_endless_racing_ends_in_a_named_conflict(store, tenant):
    one = uuid4()
    outcomes = await asyncio.gather(*(store.execute(tenant, counters, one, Raise(), by=SYSTEM) for _ in range(40)), return_exceptions=True)
    kept = sum(not isinstance(o, BaseException) for o in outcomes)
    assert {type(o) for o in outcomes if isinstance(o, BaseException)} <= {VersionConflict}
    assert (await store.load(tenant, counters, one)).state == Counter(kept)


async def test_a_stale_cache_neither_refuses_nor_overwrites(store, database, tenant):
    """Two processes, one stream: what the other wrote is seen before a refusal is spoken, and never overwritten."""
    one, other = uuid4(), Store(database, Codec())
    await store.execute(tenant, counters, one, Raise(by=1), by=SYSTEM)
    await other.execute(tenant, counters, one, Raise(by=1), by=SYSTEM)
    await store.execute(tenant, counters, one, Raise(by=1), by=SYSTEM)  # its cache is one behind: conflict, reload, decide again
    assert (await store.load(tenant, counters, one)).state == Counter(3)
    assert (await other.execute(tenant, counters, one, Raise(by=2), by=SYSTEM, expected_version=3)).version == 4
    await other.close()


async def test_a_guarded_stream_that_moves_makes_the_command_decide_again(store, database, tenant):
    one, guarded, other = uuid4(), uuid4(), Store(database, Codec())
    await store.execute(tenant, counters, one, Raise(unless_over=guarded), by=SYSTEM)  # reads it at version 0 and keeps that in its cache
    await store.load(tenant, counters, guarded)
    await other.execute(tenant, counters, guarded, Raise(by=11), by=SYSTEM)
    with pytest.raises(TooHigh):
        await store.execute(tenant, counters, one, Raise(unless_over=guarded), by=SYSTEM)
    await other.close()


async def test_a_unit_of_work_holds_in_all_its_streams_or_in_none(store, tenant):
    one, two = uuid4(), uuid4()
    done = await store.execute(tenant, counters, one, Raise(by=30, also=two), by=SYSTEM)
    assert (done.first, done.last) == (1, 2)
    with pytest.raises(TooHigh):
        await store.execute_steps(tenant, (Step(counters, two, Raise(by=1)), Step(counters, one, Raise(by=90))), by=SYSTEM)
    assert (await store.load(tenant, counters, two)).state == Counter(30)


async def test_steps_see_the_events_of_those_before_them(store, tenant):
    one = uuid4()
    with pytest.raises(TooHigh):
        await store.execute_steps(tenant, (Step(counters, one, Raise(by=60)), Step(counters, one, Raise(by=60))), by=SYSTEM)
    done = await store.execute_steps(tenant, (Step(counters, one, Raise(by=40)), Step(counters, one, Raise(by=60))), by=SYSTEM)
    assert done.version == 2


async def test_a_fact_keeps_when_it_was_so_apart_from_when_it_was_learnt(store, tenant):
    then = datetime(2020, 5, 1, tzinfo=UTC)
    one = uuid4()
    await store.execute(tenant, counters, one, Raise(), by=SYSTEM, effective_at=then)
    (recorded,) = await store.history(tenant, one)
    assert recorded.effective_at == then
    assert recorded.recorded_at > then
    assert await store.position_at(tenant, recorded.recorded_at) == 1
    assert await store.position_at(tenant, recorded.recorded_at - timedelta(microseconds=1)) == 0


async def test_only_a_simulated_tenant_may_set_when_a_fact_was_recorded(store, tenant, database_url):
    then = datetime(2020, 5, 1, tzinfo=UTC)
    demo = create_tenant(database_url, "demo", simulated=True)
    one = uuid4()
    await store.execute_steps(demo, (Step(counters, one, Raise()),), by=SYSTEM, recorded_at=then)
    assert (await store.history(demo, one))[0].recorded_at == then
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await store.execute_steps(tenant, (Step(counters, one, Raise()),), by=SYSTEM, recorded_at=then)
    assert await store.head(tenant) == 0


async def test_a_command_beside_one_that_cannot_be_stored_is_stored(store, tenant):
    outcomes = await asyncio.gather(
        store.execute(tenant, counters, "not an id", Raise(), by=SYSTEM, expected_version=0),
        *(store.execute(tenant, counters, uuid4(), Raise(), by=SYSTEM, expected_version=0) for _ in range(5)),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], Exception)
    assert not any(isinstance(o, BaseException) for o in outcomes[1:])


async def test_personal_fields_are_sealed_in_the_log_and_bound_to_their_event(database, database_url, tenant, tmp_path):
    keys = Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
    store = Store(database, Codec(keys))
    one, two = uuid4(), uuid4()
    await store.execute(tenant, counters, one, Sign(name="Ada Lovelace"), by=SYSTEM)
    await store.execute(tenant, counters, two, Sign(name="Alan Turing"), by=SYSTEM)
    assert [r.event for r in await store.history(tenant, one)] == [CounterSigned(name="Ada Lovelace")]
    with psycopg.connect(database_url) as connection:
        states = [bytes(s) for (s,) in connection.execute("SELECT state FROM t_acme.events ORDER BY position").fetchall()]
    assert b"Ada" not in states[0]
    assert [
        r.event for r in await Store(database, Codec(Keys.open(tmp_path / "other.db", tmp_path / "other.key"))).history(tenant, one)
    ] == [CounterSigned(name=ERASED)]
    await store.close()


async def test_a_long_stream_is_read_from_its_snapshot_and_without_it_is_the_same(store, database, tenant, database_url):
    one = uuid4()
    for _ in range(5):
        await store.execute_steps(tenant, [Step(counters, one, Raise(by=1 if i % 2 else -1)) for i in range(100)], by=SYSTEM)
    whole = await Store(database, Codec()).load(tenant, counters, one)
    assert whole.version == 500
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute("SELECT version, schema FROM t_acme.snapshots").fetchall() == [(500, "test_counter@1")]
        await store.execute(tenant, counters, one, Raise(by=7), by=SYSTEM)
        from_snapshot = await Store(database, Codec()).load(tenant, counters, one)
        connection.execute("DELETE FROM t_acme.snapshots")
    assert from_snapshot == await Store(database, Codec()).load(tenant, counters, one)
    assert from_snapshot.version == 501


async def test_a_snapshot_of_another_shape_is_passed_over(store, database, tenant, database_url):
    one = uuid4()
    for _ in range(3):
        await store.execute_steps(tenant, [Step(counters, one, Raise(by=0 if i % 2 else 1)) for i in range(200)], by=SYSTEM)
        await store.execute_steps(tenant, [Step(counters, one, Raise(by=-1)) for i in range(100)], by=SYSTEM)
    await Store(database, Codec()).load(tenant, counters, one)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE t_acme.snapshots SET state = 'not json at all', schema = 'test_counter@0'")
    assert (await Store(database, Codec()).load(tenant, counters, one)).state == Counter(0)


class Counting(Store):
    """A store that counts the streams it reads."""

    loads = 0

    async def load(self, tenant, decider, stream, *, fresh=True):
        self.loads += 1
        return await super().load(tenant, decider, stream, fresh=fresh)


async def test_what_is_absent_is_not_asked_for_again_until_it_is_there(store, database, tenant):
    ours, later, counting = uuid4(), uuid4(), Counting(database, Codec())
    await counting.execute(tenant, counters, ours, Raise(unless_over=later), by=SYSTEM)
    before = counting.loads
    assert before
    await counting.execute(tenant, counters, ours, Raise(unless_over=later), by=SYSTEM)
    assert counting.loads == before
    await store.execute(tenant, counters, later, Raise(by=50), by=SYSTEM)
    with pytest.raises(TooHigh):
        await counting.execute(tenant, counters, ours, Raise(unless_over=later), by=SYSTEM)
    await counting.close()
