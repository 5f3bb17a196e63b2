"""Snapshots of long streams: a disposable shortcut that never decides anything, because the append checks versions.

A state is stored only for streams of more than `EVERY` events, as JSON by its own type, under the name of its decider and
the version of its shape. One of another shape, or that cannot be read, is passed over.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any, get_type_hints
from uuid import UUID

import psycopg
from pydantic import TypeAdapter, ValidationError

from domain.kernel import Decider
from infra.database import Database, StoreUnavailable, Tenant
from infra.event_store.states import Loaded

EVERY = 200
"""Events that a load may fold before a snapshot is worth its row."""

_log = logging.getLogger("concord.store")


@lru_cache(maxsize=256)
def _shape(decider: Decider[Any]) -> TypeAdapter[Any] | None:
    """How the decider's state is written; None where it must not be (personal data) or cannot be."""
    if decider.personal:
        return None
    try:
        return TypeAdapter(get_type_hints(decider.evolve)["return"])
    except (KeyError, NameError, TypeError, ValueError):
        return None


def _schema(decider: Decider[Any]) -> str:
    return f"{decider.name}@{decider.state_version}"


async def newest(database: Database, tenant: Tenant, decider: Decider[Any], stream: UUID) -> Loaded | None:
    """The newest snapshot of a stream in the decider's present shape, if there is one."""
    shape = _shape(decider)
    if shape is None:
        return None
    async with database.connection() as connection:
        cursor = connection.cursor(binary=True)
        await cursor.execute(
            f'SELECT version, state FROM "{tenant.schema}".snapshots WHERE stream = %s AND schema = %s ORDER BY version DESC LIMIT 1'.encode(),
            (stream, _schema(decider)),
            prepare=True,
        )
        row = await cursor.fetchone()
    if row is None:
        return None
    try:
        return Loaded(shape.validate_json(row[1]), row[0])
    except ValidationError:
        return None


async def keep(database: Database, tenant: Tenant, decider: Decider[Any], stream: UUID, loaded: Loaded) -> None:
    """Store a snapshot in place of older ones. Failing is no fault: it only saves time."""
    shape = _shape(decider)
    if shape is None:
        return
    try:
        async with database.tenant(tenant) as cursor:
            await cursor.execute("DELETE FROM snapshots WHERE stream = %s AND version <= %s", (stream, loaded.version))
            await cursor.execute(
                "INSERT INTO snapshots (stream, version, schema, state) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (stream, loaded.version, _schema(decider), shape.dump_json(loaded.state)),
            )
    except (psycopg.Error, StoreUnavailable) as error:
        _log.info("no snapshot of %s: %s", stream, error)
