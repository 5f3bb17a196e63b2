"""A statement prepared on a connection is prepared again where the server has forgotten it."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from infra.event_store.prepared import Prepared

DOUBLE = Prepared("double", "SELECT 2 * $1::int8", 1)
NEGATIVE = Prepared("negative", "SELECT -$1::int8", 1)
SEVEN = [(7).to_bytes(8, "big")]


async def test_a_statement_that_was_deallocated_is_prepared_again(database_url: str):
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for _ in range(2):
            found = await DOUBLE.call(connection, SEVEN)
            assert int.from_bytes(found.get_value(0, 0) or b"", "big") == 14
            await connection.execute("DEALLOCATE ALL")


def test_the_same_on_a_blocking_connection(database_url: str):
    with psycopg.connect(database_url, autocommit=True) as connection:
        for _ in range(2):
            found = DOUBLE.call_blocking(connection, SEVEN)
            assert int.from_bytes(found.get_value(0, 0) or b"", "big") == 14
            connection.execute("DEALLOCATE ALL")


async def test_others_that_were_prepared_since_are_left_as_they_are(database_url: str):
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await DOUBLE.call(connection, SEVEN)
        await connection.execute("DEALLOCATE ALL")
        for statement in (NEGATIVE, DOUBLE, NEGATIVE, DOUBLE):
            assert (await statement.call(connection, SEVEN)).ntuples == 1


async def test_one_that_a_cancelled_call_has_prepared_is_taken_as_it_is(database_url: str):
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("PREPARE double AS SELECT 2 * $1::int8")
        assert (await DOUBLE.call(connection, SEVEN)).ntuples == 1


async def test_what_the_server_objects_to_is_raised_and_the_connection_goes_on(database_url: str):
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        with pytest.raises(errors.NumericValueOutOfRange):
            await DOUBLE.call(connection, [(2**62).to_bytes(8, "big")])
        assert (await DOUBLE.call(connection, SEVEN)).ntuples == 1
