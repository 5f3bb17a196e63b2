"""P11: whatever a superuser of the database does to the log is found, and where: offline in a bundle, and in the live database."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.kernel import SYSTEM, natural_id
from infra.event_store.loader import Row
from infra.proofs.comparing import differences, first_contradiction, rows
from infra.proofs.merkle import HASH, root
from infra.proofs.notes import SigningKey
from infra.proofs.verify_bundle import Asked, Verdict, Vkey, verify
from tests.counter import Raise, counters
from tests.infra.evidence import Witnessed, witness

EVENTS, STREAMS, TIMES, KEPT = 60, 7, 20, 37
COLUMNS = "stream, version, topic, meta, state, recorded_at, effective_at"
Tamper = Callable[[psycopg.Connection, random.Random], tuple[int, int]]
"""Does it, and says between which positions it will have to be found."""


@pytest.fixture
async def log(store, tenant, database_url: str, tmp_path: Path) -> tuple[psycopg.Connection, Witnessed]:
    """A log of 60 events, published with checkpoints at 37 and 60, and a superuser's connection to it."""
    for number in range(EVENTS):
        await store.execute(tenant, counters, natural_id("counter", str(number % STREAMS)), Raise(by=1), by=SYSTEM)
    with psycopg.connect(database_url) as connection:
        connection.execute("SET search_path = t_acme")
        connection.execute("SET session_replication_role = replica")
        # who may alter the log may drop what would hinder it
        connection.execute("ALTER TABLE events DROP CONSTRAINT events_pkey, DROP CONSTRAINT events_stream_version_key")
        yield connection, witness(list(rows(connection, tenant)), tmp_path / "published", [KEPT])


def flip(connection: psycopg.Connection, chance: random.Random) -> tuple[int, int]:
    """One bit of what is stored, wherever."""
    at, column = chance.randint(1, EVENTS), chance.choice(("meta", "state"))
    (length,) = connection.execute(f"SELECT octet_length({column}) FROM events WHERE position = %s", (at,)).fetchone()
    bit = chance.randrange(length * 8)
    connection.execute(
        f"UPDATE events SET {column} = set_bit({column}, %s::bigint, 1 - get_bit({column}, %s::bigint)) WHERE position = %s", (bit, bit, at)
    )
    return at, at


def edit(connection: psycopg.Connection, chance: random.Random) -> tuple[int, int]:
    """Another amount, time, kind, stream or version."""
    at = chance.randint(1, EVENTS)
    change = chance.choice(
        (
            "state = convert_to('{\"by\":77}', 'UTF8')",
            "recorded_at = recorded_at - interval '1 microsecond'",
            "effective_at = effective_at - interval '1 day'",
            "topic = topic || '_'",
            "stream = gen_random_uuid()",
            "version = version + 1",
        )
    )
    connection.execute(f"UPDATE events SET {change} WHERE position = %s", (at,))
    return at, at


def delete(connection: psycopg.Connection, chance: random.Random) -> tuple[int, int]:
    at = chance.randint(1, EVENTS - 1)
    connection.execute("DELETE FROM events WHERE position = %s", (at,))
    return at, at


def insert(connection: psycopg.Connection, chance: random.Random) -> tuple[int, int]:
    """A forged event: beside one, or between two, with those behind it moved on."""
    at = chance.randint(1, EVENTS)
    if chance.random() < 0.5:
        connection.execute("UPDATE events SET position = position + 1 WHERE position >= %s", (at,))
    connection.execute(
        f"INSERT INTO events (position, {COLUMNS}) SELECT %s, %s, 1, topic, meta, state, recorded_at, effective_at FROM events LIMIT 1",
        (at, UUID(int=chance.getrandbits(128))),
    )
    return at, at


def swap(connection: psycopg.Connection, chance: random.Random) -> tuple[int, int]:
    one, other = sorted(chance.sample(range(1, EVENTS + 1), 2))
    connection.execute("UPDATE events SET position = %s - position WHERE position IN (%s, %s)", (one + other, one, other))
    return one, one


def renumber(connection: psycopg.Connection, chance: random.Random) -> tuple[int, int]:
    """One is taken out, and those behind it close the gap, so that positions show none."""
    at = chance.randint(1, EVENTS - 1)
    connection.execute("DELETE FROM events WHERE position = %s", (at,))
    connection.execute("UPDATE events SET position = position - 1 WHERE position > %s", (at,))
    return at, at


def cut(connection: psycopg.Connection, chance: random.Random) -> tuple[int, int]:
    at = chance.randint(2, EVENTS)
    connection.execute("DELETE FROM events WHERE position >= %s", (at,))
    return at, EVENTS


def _rows(connection: psycopg.Connection, tenant) -> list[Row]:
    return list(rows(connection, tenant))


def _tampered(connection: psycopg.Connection, tamper: Tamper, seed: str) -> Iterator[tuple[int, int]]:
    chance = random.Random(seed)
    with connection.transaction(force_rollback=True):
        yield tamper(connection, chance)


def _asked(published: Witnessed, *sizes: int) -> Asked:
    return Asked([Vkey.parse(str(published.key.verifier))], [(f"kept-{size}.txt", published.notes[size]) for size in sizes])


def _first(verdict: Verdict) -> tuple[int, int]:
    return min(verdict.positions)


@pytest.mark.parametrize("tamper", [flip, edit, delete, insert, swap, renumber, cut])
async def test_tampering_is_found_and_located_in_a_bundle_and_in_the_database(log, tenant, tamper: Tamper):
    connection, published = log
    for number in range(TIMES):
        for first, last in _tampered(connection, tamper, f"{tamper.__name__} {number}"):
            found = _rows(connection, tenant)
            verdict = verify(published.whole(found), _asked(published))
            assert (verdict.code, _first(verdict)) == (1, (first, last)), (number, verdict)
            live = next(differences(found, lambda a, b: published.tiles.leaves(a, b, EVENTS), EVENTS))
            assert (live.first, live.last) == (first, last), (number, live)


@pytest.mark.parametrize("own_key", [True, False])
async def test_a_log_that_was_replaced_and_signed_anew_is_found_against_a_checkpoint_kept_outside(
    log, tenant, tmp_path: Path, own_key: bool
):
    """By whoever stole the key, and by whoever has another: all that was published is replaced with it."""
    connection, published = log
    kept = _asked(published, KEPT, EVENTS)
    for number in range(TIMES // 2):
        chance = random.Random(f"replaced {number} {own_key}")
        tamper = chance.choice((flip, edit))
        for first, _ in _tampered(connection, tamper, f"replaced {number} {own_key}"):
            found = _rows(connection, tenant)
            key = published.key if own_key else SigningKey.generate(published.key.name)
            anew = witness(found, tmp_path / str(number), [KEPT], key)
            bundle = anew.whole(found)
            assert verify(bundle, Asked([Vkey.parse(str(key.verifier))])).code == 0, "in itself it is sound"
            assert verify(bundle, kept).code == 1
            verdict = verify(bundle, Asked([Vkey.parse(str(k.verifier)) for k in (key, published.key)], kept.checkpoints))
            assert verdict.code == 1
            low, high = _first(verdict)
            assert low <= first <= high, (number, first, verdict)
            assert (low, high) in {(1, KEPT), (KEPT + 1, EVENTS)}, "narrowed between the checkpoints that were kept"
            # whoever kept the tiles, too, knows exactly where
            assert next(differences(found, lambda a, b: published.tiles.leaves(a, b, EVENTS), EVENTS)).first == first


async def test_a_cut_tail_that_was_signed_anew_is_found_against_a_checkpoint_kept_outside(log, tenant, tmp_path: Path):
    connection, published = log
    for number in range(TIMES):
        for first, _ in _tampered(connection, cut, f"cut {number}"):
            found = _rows(connection, tenant)
            anew = witness(found, tmp_path / str(number), [], published.key)
            assert verify(anew.whole(found), _asked(published)).code == 0, "in itself it is sound"
            verdict = verify(anew.whole(found), _asked(published, EVENTS))
            assert (verdict.code, verdict.positions) == (1, [(first, EVENTS)])


async def test_the_published_folder_is_found_to_differ_from_what_was_signed(log, tenant):
    """Tiles and log replaced, and an old checkpoint left: between the last one that fits and the first that does not."""
    _, published = log
    leaves = [published.tiles.leaves(at, at + 1, EVENTS) for at in range(EVENTS)]
    roots = [(size, published.tiles.root(size)) for size in (10, KEPT, EVENTS)]
    assert first_contradiction(leaves, roots) is None
    forged = [*leaves[:20], bytes(HASH), *leaves[21:]]
    assert first_contradiction(forged, roots)[:2] == (11, KEPT)
    assert first_contradiction(leaves[:50], roots)[:2] == (KEPT + 1, EVENTS)
    assert roots[0][1] == root(10, published.tiles.nodes(EVENTS))


async def test_an_untouched_log_is_proven_whole_and_stays_quiet(log, tenant):
    connection, published = log
    found = _rows(connection, tenant)
    for bundle in (published.whole(found), published.whole(found, sizes=[KEPT])):
        verdict = verify(bundle, _asked(published, KEPT, EVENTS))
        assert (verdict.code, verdict.wrong, verdict.undecided) == (0, [], [])
        assert "Nothing is missing of positions 1 to 60." in verdict.proven
    assert list(differences(found, lambda a, b: published.tiles.leaves(a, b, EVENTS), EVENTS)) == []


async def test_events_behind_the_checkpoint_are_compared_with_nothing_but_may_not_have_gaps(log, tenant):
    connection, published = log
    found = _rows(connection, tenant)
    assert list(differences(found, lambda a, b: published.tiles.leaves(a, b, KEPT), KEPT)) == []
    del found[40]
    gaps = list(differences(found, lambda a, b: published.tiles.leaves(a, b, KEPT), KEPT))
    assert gaps == [(41, 41, "this event was removed")]
    del found[40]
    (gap,) = differences(found, lambda a, b: published.tiles.leaves(a, b, KEPT), KEPT)
    assert gap == (41, 42, "these events were removed")


def test_the_bundle_of_another_log_is_not_taken_for_this_one(tmp_path: Path):
    rows = [(n + 1, uuid4(), 1, "counter.raised", b"", b"{}", *(2 * [_at(n)])) for n in range(5)]
    one, other = (witness(rows, tmp_path / name, key=SigningKey.generate(name)) for name in ("one", "other"))
    verdict = verify(one.whole(rows), Asked([Vkey.parse(str(other.key.verifier))]))
    assert verdict.wrong == ["The checkpoint is not signed by a key that you gave."]


def _at(second: int):
    from datetime import UTC, datetime

    return datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)
