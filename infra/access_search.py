"""Searching the access log: who read, was refused, signed in or took away what, and when; newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from infra.database import Database, Tenant

_COLUMNS = ("at", "kind", "operation", "member", "principal", "key", "source", "target", "status", "correlation_id", "times")
_TIE = "hashtextextended(a::text, 0)"
"""Tells entries of one instant apart, so that pages neither repeat nor skip one."""


@dataclass(frozen=True, slots=True)
class AccessAsked:
    """What is looked for; None: whatever it is. `operations`: any of them. `denied`: refused ones only, or none of them. `since` and `until` are both included."""

    member: UUID | None = None
    kind: str | None = None
    operations: Sequence[str] | None = None
    target: str | None = None
    denied: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccessFound:
    """One entry. `times`: how many alike came within a second; `place`: goes into `after` for what came before it."""

    at: datetime
    kind: str
    operation: str
    member: UUID | None
    principal: UUID | None
    key: UUID | None
    source: str
    target: str | None
    status: int
    correlation_id: UUID | None
    times: int
    place: tuple[datetime, int]


async def search_access(
    database: Database, tenant: Tenant, asked: AccessAsked, *, limit: int, after: tuple[datetime, int] | None = None
) -> list[AccessFound]:
    """Up to `limit` entries of a tenant, newest first, those before the place `after`."""
    wheres, params = ["true"], dict[str, Any](limit=limit)
    for name in ("member", "kind", "target"):
        if (value := getattr(asked, name)) is not None:
            wheres.append(f"{name} = %({name})s")
            params[name] = value
    if asked.operations is not None:
        wheres.append("operation = ANY (%(operations)s)")
        params["operations"] = list(asked.operations)
    if asked.denied is not None:
        wheres.append("kind = 'denied'" if asked.denied else "kind <> 'denied'")
    for name, compared in (("since", ">="), ("until", "<=")):
        if (value := getattr(asked, name)) is not None:
            wheres.append(f"at {compared} %({name})s")
            params[name] = value
    if after is not None:
        wheres.append(f"(at, {_TIE}) < (%(at)s, %(tie)s)")
        params["at"], params["tie"] = after
    query = f"SELECT {', '.join(_COLUMNS)}, {_TIE} FROM access_log AS a WHERE {' AND '.join(wheres)} ORDER BY at DESC, {_TIE} DESC LIMIT %(limit)s"
    async with database.tenant(tenant, read_only=True) as cursor:
        await cursor.execute(query.encode(), params)
        rows = await cursor.fetchall()
    return [AccessFound(**dict(zip(_COLUMNS, row, strict=False)), place=(row[0], row[-1])) for row in rows]


async def operations_of(database: Database, tenant: Tenant) -> list[str]:
    """Every operation that the access log of a tenant names, from its whole time."""
    async with database.tenant(tenant, read_only=True) as cursor:
        await cursor.execute("SELECT DISTINCT operation FROM access_log")
        return [row[0] for row in await cursor.fetchall()]
