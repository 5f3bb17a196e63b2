"""A copy of one day of the access log, and the root that it comes to: what was taken away proves itself against the sealed day.

The root is computed here from the values alone, as `infra/access_days.py` describes it, so that no database is needed to check a copy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from infra.access_days import COLUMNS
from infra.database import Database, Tenant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


async def rows_of(database: Database, tenant: Tenant, day: date) -> list[tuple[Any, ...]]:
    """The rows of a UTC day by time, their values in the order of `COLUMNS`; two of one instant by what they say, the same each time."""
    begins = datetime.combine(day, time(), UTC)
    async with database.tenant(tenant, read_only=True) as cursor:
        query = f"SELECT {', '.join(COLUMNS)} FROM access_log WHERE at >= %s AND at < %s ORDER BY {', '.join(COLUMNS)}"
        await cursor.execute(query.encode(), (begins, begins + timedelta(days=1)))
        return await cursor.fetchall()


def root_of(rows: Iterable[Sequence[Any]]) -> str:
    """The root of rows whose values are in the order of `COLUMNS`: instants, ids, numbers, texts or None; in hex."""
    leaves = sorted(b"".join(_sent(value) for value in row) for row in rows)
    return hashlib.sha256(b"".join(hashlib.sha256(leaf).digest() for leaf in leaves)).hexdigest()


def _sent(value: datetime | UUID | int | str | None) -> bytes:
    match value:
        case None:
            return (-1).to_bytes(4, "big", signed=True)
        case datetime():
            raw = ((value - _EPOCH) // _MICROSECOND).to_bytes(8, "big", signed=True)
        case UUID():
            raw = value.bytes
        case int():
            raw = value.to_bytes(8, "big", signed=True)
        case _:
            raw = value.encode()
    return len(raw).to_bytes(4, "big") + raw
