"""A statement that is called over and over, prepared once on each connection, its arguments given in binary.

The driver's cursor parses the statement, looks up how each argument is dumped and builds rows, anew for each call: for one
append that took as long as the append itself. Here the arguments are bytes already and go straight to libpq.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection, Connection
from psycopg.errors import error_from_result
from psycopg.generators import execute
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGconn, PGresult

_DONE = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK})

_UNKNOWN_STATEMENT, _KNOWN_STATEMENT = b"26000", b"42P05"

_KNOWN: WeakKeyDictionary[Any, set[bytes]] = WeakKeyDictionary()
"""What each connection has prepared; two stores may share a pool."""


class Prepared:
    """`name` stands for one `text`, wherever it is used; `text` has $1, $2 ... for its `arguments`, whose types it casts."""

    def __init__(self, name: str, text: str, arguments: int) -> None:
        self._name = name.encode()
        self._text = text.encode()
        self._binary = [1] * arguments

    async def call(self, connection: AsyncConnection[Any], arguments: Sequence[bytes | None]) -> PGresult:
        """The result, in binary. Raises what the server says, OperationalError where the connection is lost."""
        async with connection.lock:
            while True:
                if self._name not in (known := _KNOWN.setdefault(connection, set())):
                    connection.pgconn.send_prepare(self._name, self._text)
                    _there(await connection.wait(execute(connection.pgconn)))
                    known.add(self._name)
                self._send(connection.pgconn, arguments)
                results = await connection.wait(execute(connection.pgconn))
                if not _forgotten(results):
                    return _checked(results)
                known.discard(self._name)

    def call_blocking(self, connection: Connection[Any], arguments: Sequence[bytes | None]) -> PGresult:
        """As `call`."""
        with connection.lock:
            while True:
                if self._name not in (known := _KNOWN.setdefault(connection, set())):
                    connection.pgconn.send_prepare(self._name, self._text)
                    _there(connection.wait(execute(connection.pgconn)))
                    known.add(self._name)
                self._send(connection.pgconn, arguments)
                results = connection.wait(execute(connection.pgconn))
                if not _forgotten(results):
                    return _checked(results)
                known.discard(self._name)

    def _send(self, pgconn: PGconn, arguments: Sequence[bytes | None]) -> None:
        pgconn.send_query_prepared(self._name, arguments, self._binary, result_format=1)


def _forgotten(results: list[PGresult]) -> bool:
    """Whether the statement is not there any more, and nothing was done: the driver has all deallocated after a ROLLBACK or a DROP."""
    return results[-1].error_field(DiagnosticField.SQLSTATE) == _UNKNOWN_STATEMENT


def _there(results: list[PGresult]) -> None:
    """It may have been prepared by a call that was cancelled before it could remember that."""
    if results[-1].error_field(DiagnosticField.SQLSTATE) != _KNOWN_STATEMENT:
        _checked(results)


def _checked(results: list[PGresult]) -> PGresult:
    for result in results:
        if result.status not in _DONE:
            raise error_from_result(result)
    return results[-1]
