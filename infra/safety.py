"""Durability is not weakened silently: Concord refuses to start on a PostgreSQL that may lose what it acknowledged."""

from collections.abc import Iterable
from typing import Any

from psycopg import AsyncConnection, Connection

UNSAFE_WHEN_OFF = ("fsync", "synchronous_commit", "full_page_writes")
"""Settings without which a crash can lose or tear acknowledged events. `synchronous_commit` may also be
`local`, `remote_write` or `remote_apply`: all of them wait for the local disk."""

_QUERY = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"


class UnsafeSettings(Exception):  # noqa: N818 - names the state; the message names the settings and the way out
    """The server runs with one or more of UNSAFE_WHEN_OFF off. `settings` lists them."""

    def __init__(self, settings: tuple[str, ...]) -> None:
        mending = " ".join(f"ALTER SYSTEM SET {name} = on;" for name in settings)
        super().__init__(
            f"PostgreSQL runs with {' and '.join(f'{name} = off' for name in settings)}, so that acknowledged events could be lost: "
            f"run `{mending} SELECT pg_reload_conf();` as its superuser, look for the same setting on the role and the database, and start again."
        )
        self.settings = settings


def refuse_unsafe_settings(connection: Connection[Any]) -> None:
    """Raise UnsafeSettings if this session's commits may be lost in a crash; what counts is what holds in this session."""
    _judge(connection.execute(_QUERY, (list(UNSAFE_WHEN_OFF),)).fetchall())


async def refuse_unsafe_settings_async(connection: AsyncConnection[Any]) -> None:
    """As refuse_unsafe_settings, for asyncio."""
    _judge(await (await connection.execute(_QUERY, (list(UNSAFE_WHEN_OFF),))).fetchall())


def _judge(rows: Iterable[tuple[str, str]]) -> None:
    values = dict(rows)
    if unsafe := tuple(name for name in UNSAFE_WHEN_OFF if values.get(name) == "off"):
        raise UnsafeSettings(unsafe)
