"""What is asked of the log: appends with their guards, and how a group of them becomes one statement and its outcomes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, ClassVar
from uuid import UUID

from psycopg import sql
from psycopg.pq.abc import PGresult

from domain.kernel import Refused
from infra.database import Tenant
from infra.event_store import arrays
from infra.event_store.prepared import Prepared


class VersionConflict(Refused):
    """Somebody else changed the same thing at the same moment, again and again."""


class StaleVersion(Refused):
    """The caller decided on a version that is no longer the current one."""

    status: ClassVar[int] = 412


class KeyReused(Refused):
    """The command id was used before for something else."""

    status: ClassVar[int] = 422


class Outcome(IntEnum):
    """What became of an append; the numbers are append.sql's."""

    CONFLICT = 0
    STORED = 1
    REPEATED = 2
    REUSED = 3


@dataclass(slots=True)
class StoredRow:
    """One event as the log holds it, before it has a position."""

    stream: UUID
    version: int
    topic: str
    meta: bytes
    state: bytes
    effective_at: datetime | None = None


@dataclass(slots=True)
class Append:
    """One command's events: all or nothing. `guards`: streams that must still be at the given versions."""

    id: UUID
    rows: Sequence[StoredRow]
    fingerprint: bytes | None = None
    guards: Sequence[tuple[UUID, int]] = ()
    recorded_at: datetime | None = None  # simulated tenants only
    outcome: Outcome = Outcome.CONFLICT
    first: int | None = None
    last: int | None = None
    recorded_us: int = 0
    error: Exception | None = None
    done: Any = field(default=None, repr=False)  # the caller's future, or its lock
    written: frozenset[int] = field(init=False, repr=False)
    guarded: frozenset[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # streams by number, because a UUID's own hash is a Python call; made here, so that what is no id fails with its caller
        self.written = frozenset([row.stream.int for row in self.rows])
        self.guarded = frozenset([stream.int for stream, _ in self.guards])


LIMIT_COMMANDS = 512
LIMIT_EVENTS = 4096

_TYPES = (
    "uuid[]", "bigint[]", "text[]", "bytea[]", "bytea[]", "timestamptz[]",
    "uuid[]", "bytea[]", "int[]", "int[]", "int[]", "uuid[]", "bigint[]", "timestamptz",
)  # fmt: skip


def appending(tenant: Tenant) -> Prepared:
    """The call of the tenant's append function; `parameters` are its arguments, `settle` reads its result."""
    schema = sql.Identifier(tenant.schema).as_string()
    arguments = ", ".join(f"${number}::{type_}" for number, type_ in enumerate(_TYPES, start=1))
    return Prepared(f"append_{tenant.schema}", f"SELECT {schema}.append({arguments})", len(_TYPES))


def take_group(waiting: deque[Append]) -> list[Append]:
    """Take the next appends that can share one statement: no two with one id, and none that touches a stream another writes.

    What does not fit stays in order for the next group. A group has one recorded_at, so that time rises with position.
    """
    group: list[Append] = []
    later: list[Append] = []
    ids: set[int] = set()
    written: set[int] = set()
    guarded: set[int] = set()
    events = 0
    while waiting and len(group) < LIMIT_COMMANDS and events < LIMIT_EVENTS and len(later) < LIMIT_COMMANDS:
        append = waiting.popleft()
        if group and append.recorded_at != group[0].recorded_at:
            later.append(append)
            break
        if (
            append.id.int in ids
            or not written.isdisjoint(append.written)
            or not written.isdisjoint(append.guarded)
            or not guarded.isdisjoint(append.written)
        ):
            later.append(append)
        else:
            group.append(append)
            events += len(append.rows)
        # what waits behind one that waits must not overtake it on the same streams, either
        ids.add(append.id.int)
        written |= append.written
        guarded |= append.guarded
    waiting.extendleft(reversed(later))
    return group


def parameters(group: Sequence[Append]) -> tuple[bytes | None, ...]:
    """The arguments of the append function for a group."""
    streams: list[UUID] = []
    versions: list[int] = []
    topics: list[str] = []
    metas: list[bytes] = []
    states: list[bytes] = []
    effective: list[datetime | None] = []
    ids: list[UUID] = []
    fingerprints: list[bytes | None] = []
    starts: list[int] = []
    sizes: list[int] = []
    guarding: list[int] = []
    guard_streams: list[UUID] = []
    guard_versions: list[int] = []
    dated = False
    for number, append in enumerate(group, start=1):
        ids.append(append.id)
        fingerprints.append(append.fingerprint)
        starts.append(len(streams))
        sizes.append(len(append.rows))
        for row in append.rows:
            streams.append(row.stream)
            versions.append(row.version)
            topics.append(row.topic)
            metas.append(row.meta)
            states.append(row.state)
            effective.append(row.effective_at)
            dated = dated or row.effective_at is not None
        for stream, version in append.guards:
            guarding.append(number)
            guard_streams.append(stream)
            guard_versions.append(version)
    return (
        arrays.uuids(streams),
        arrays.int8s(versions),
        arrays.texts(topics),
        arrays.byteas(metas),
        arrays.byteas(states),
        arrays.instants(effective) if dated else None,
        arrays.uuids(ids),
        arrays.byteas(fingerprints),
        arrays.int4s(starts),
        arrays.int4s(sizes),
        arrays.int4s(guarding),
        arrays.uuids(guard_streams),
        arrays.int8s(guard_versions),
        arrays.instant(group[0].recorded_at),
    )


def settle(group: Sequence[Append], result: PGresult) -> None:
    """Write each append's outcome and positions into it, from the function's answer."""
    answer = arrays.int8s_of(result.get_value(0, 0) or b"")
    position, recorded_us = answer[0], answer[1]
    assert position is not None
    assert recorded_us is not None
    for number, append in enumerate(group):
        append.recorded_us = recorded_us
        if len(answer) == 2:
            size = len(append.rows)
            append.outcome = Outcome.STORED
            append.first, append.last = (position + 1, position + size) if size else (None, None)
            position += size
        else:
            code, first, last = answer[2 + 3 * number : 5 + 3 * number]
            append.outcome = Outcome(code or 0)
            append.first, append.last = (first, last) if first and last and last >= first else (None, None)
