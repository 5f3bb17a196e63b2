"""Leaf hashes: what PostgreSQL computes is what the canonical envelope hashes to, and a position that is missing is named."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.event_store.envelope import canonical
from infra.event_store.requests import Append, StoredRow
from infra.proofs.leaves import ENTRY, LogBroken, differing, hashed, leaf_hashes, leaf_of
from infra.proofs.merkle import leaf_hash

COLUMNS = "position, stream, version, topic, meta, state, recorded_at, effective_at"
BYTES = st.binary(max_size=300)
INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001  bounds are naive by contract
NUMBERS = st.integers(0, 2**63 - 1)
TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=60)


@pytest.fixture(scope="module")
def connection(server):
    with psycopg.connect(server, autocommit=True) as connection:
        yield connection


@given(NUMBERS, st.uuids(), NUMBERS, TEXTS, BYTES, BYTES, INSTANTS, INSTANTS)
def test_what_the_database_lays_out_is_the_canonical_envelope(
    connection, position, stream, version, topic, meta, state, recorded, effective
):
    values = (position, stream, version, topic, meta, state, recorded, effective)
    types = ("bigint", "uuid", "bigint", "text", "bytea", "bytea", "timestamptz", "timestamptz")
    row = ", ".join(f"%s::{kind}" for kind in types)
    found = connection.execute(f"SELECT {ENTRY} FROM (VALUES ({row})) AS e ({COLUMNS})", values, binary=True).fetchone()
    expected = canonical(position, recorded, effective, stream, version, topic, meta, state)
    assert found == (b"\0" + expected,)
    assert hashed([found]) == leaf_of(values) == leaf_hash(expected)


def events(count):
    return Append(uuid4(), [StoredRow(uuid4(), 1, "test.added", bytes([n]), b"{}" * n) for n in range(count)])


async def test_the_leaves_of_a_stored_log_are_those_of_its_rows_in_order(store, database, tenant):
    await store.append(tenant, events(7))
    rows = await store.rows(tenant, 0, 100)
    async with database.tenant(tenant, read_only=True) as cursor:
        assert await leaf_hashes(cursor, tenant, 1, 7) == b"".join(map(leaf_of, rows))
        assert await leaf_hashes(cursor, tenant, 3, 4) == b"".join(map(leaf_of, rows[2:4]))


async def test_a_position_that_is_missing_is_named(store, database, tenant, database_url):
    await store.append(tenant, events(7))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM t_acme.events WHERE position IN (4, 6)")
    async with database.tenant(tenant, read_only=True) as cursor:
        with pytest.raises(LogBroken, match="position 4 ") as broken:
            await leaf_hashes(cursor, tenant, 1, 7)
        assert broken.value.position == 4
        with pytest.raises(LogBroken, match="position 8 "):
            await leaf_hashes(cursor, tenant, 7, 9)


async def test_every_position_that_differs_from_the_published_leaves_is_named_and_every_one_that_is_missing(
    store, database, tenant, database_url
):
    await store.append(tenant, events(9))
    tree = b"".join(map(leaf_of, await store.rows(tenant, 0, 100)))
    async with database.tenant(tenant, read_only=True) as cursor:
        assert await differing(cursor, tenant, tree, 1) == ([], [])
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE t_acme.events SET state = '[]' WHERE position IN (3, 4, 8)")
        connection.execute("DELETE FROM t_acme.events WHERE position IN (6, 9)")
    async with database.tenant(tenant, read_only=True) as cursor:
        assert await differing(cursor, tenant, tree, 1) == ([3, 4, 8], [6, 9])
        assert await differing(cursor, tenant, tree[32 * 3 : 32 * 6], 4) == ([4], [6])
