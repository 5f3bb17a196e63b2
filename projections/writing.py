"""Rows to and from PostgreSQL: a batch costs a few statements per table that it touches, however many events it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncCursor

from domain.kernel import ERASED
from projections.rows import Buffer, Rows
from projections.tables import NOW_ENDS, PAST_ENDS, Table, instant, node, node_of_instants
from projections.wire import HEADER, TRAILER

Cursor = AsyncCursor[Any]


async def load(cursor: Cursor, rows: Rows, streams: Sequence[UUID], suffix: str = "") -> None:
    """Bring in the current rows of streams."""
    if not streams:
        return
    for buffer in rows.buffers.values():
        table = buffer.table
        names = [*table.columns, *NOW_ENDS]
        await cursor.execute(
            f"SELECT {', '.join(names)} FROM {table.name}{suffix} WHERE {table.stream} = ANY (%b)", (list(streams),), prepare=True
        )
        width = len(table.columns)
        for stored in await cursor.fetchall():
            buffer.load(dict(zip(names[:width], stored, strict=False)), *stored[width:])


async def write(cursor: Cursor, rows: Rows, suffix: str = "") -> None:
    """Make the tables hold what `rows` hold, which are spent then."""
    for buffer in rows.buffers.values():
        await _remove(cursor, buffer, suffix)
        await write_current(cursor, buffer, suffix)
        await amend(cursor, buffer, suffix)
        await write_past(cursor, buffer, suffix)


async def write_current(cursor: Cursor, buffer: Buffer, suffix: str = "") -> None:
    """COPY the current versions that are not stored yet."""
    wire = buffer.wire
    rows = [wire.current(buffer.encoded(v), v.known_from, v.true_from) for v in buffer.fresh()]
    await _copy(cursor, f"{buffer.table.name}{suffix}", (*buffer.table.columns, *NOW_ENDS), rows)


async def write_past(cursor: Cursor, buffer: Buffer, suffix: str = "") -> None:
    """COPY the superseded versions that were never stored, and let go of them."""
    wire = buffer.wire
    rows = [wire.past(v.raw, v.known_from, v.known_to, v.true_from, v.true_to) for v in buffer.passed() if v.key is None]
    await _copy(cursor, f"{buffer.table.past}{suffix}", (*buffer.table.columns, *PAST_ENDS), rows)
    buffer.past.clear()


async def amend(cursor: Cursor, buffer: Buffer, suffix: str = "") -> None:
    """Carry late facts and erasures to the versions that are stored."""
    await _cut(cursor, buffer, suffix)
    if buffer.erased:
        table = buffer.table
        values = ", ".join(f"{name} = CASE WHEN {name} IS NOT NULL THEN {value} END" for name, value in forgotten(table).items())
        await cursor.execute(f"UPDATE {table.past}{suffix} SET {values} WHERE {table.stream} = ANY (%b)", (list(set(buffer.erased)),))
        buffer.erased.clear()


def forgotten(table: Table) -> dict[str, str]:
    """What stands in each personal column once its person is forgotten, as SQL."""
    return {name: "'{}'::jsonb" if table.types[name] == "jsonb" else f"'{ERASED}'" for name in table.personal}


async def _cut(cursor: Cursor, buffer: Buffer, suffix: str) -> None:
    """Carry late facts to the versions that are stored: each ends on the true timeline at the earliest cut after it was superseded."""
    if not buffer.cuts:
        return
    table = buffer.table
    past = f"{table.past}{suffix}"
    cuts = ([c.stream for c in buffer.cuts], [c.since for c in buffer.cuts], [c.position for c in buffer.cuts])
    # one join over all cuts: asking for each version on its own took minutes where an import was taken back
    await cursor.execute(
        "WITH ends AS (SELECT v.ctid AS place, greatest(v.true_from, least(v.true_to, min(c.since))) AS true_to "
        f"FROM {past} AS v JOIN unnest(%b::uuid[], %b::timestamptz[], %b::bigint[]) AS c (stream, since, position) "
        f"ON c.stream = v.{table.stream} AND c.position > v.known_to GROUP BY v.ctid, v.true_from, v.true_to) "
        f"UPDATE {past} AS v SET true_to = ends.true_to, true_node = {node_of_instants('v.true_from', 'ends.true_to')} "
        "FROM ends WHERE v.ctid = ends.place",
        cuts,
    )
    await cursor.execute(
        f"DELETE FROM {past} WHERE {table.stream} = ANY (%b) AND known_from = known_to AND true_from = true_to", (list(set(cuts[0])),)
    )
    buffer.cuts.clear()


async def _remove(cursor: Cursor, buffer: Buffer, suffix: str) -> None:
    """Move superseded stored rows to the past, inside the server, and delete those that leave nothing behind."""
    table = buffer.table
    moved = [v for v in buffer.passed() if v.key is not None]
    keys = [*(v.key for v in moved if v.key), *buffer.gone]
    if not keys:
        return
    names, left = ", ".join(table.columns), [None] * len(buffer.gone)
    ends = (
        [*(v.known_to for v in moved), *left],
        [*(instant(v.true_to) for v in moved), *left],
        [*(node(v.known_from, v.known_to) for v in moved), *left],
        [*(node(v.true_from, v.true_to) for v in moved), *left],
    )
    arrays = ", ".join(
        (*(f"%b::{table.types[column]}[]" for column in table.key), "%b::bigint[], %b::timestamptz[], %b::bigint[], %b::bigint[]")
    )
    same = " AND ".join(f"t.{column} = g.{column}" for column in table.key)
    await cursor.execute(
        f"WITH gone AS (DELETE FROM {table.name}{suffix} AS t "
        f"USING unnest({arrays}) AS g ({', '.join(table.key)}, known_to, true_to, known_node, true_node) WHERE {same} "
        f"RETURNING {', '.join(f't.{column}' for column in table.columns)}, t.known_from, g.known_to, t.true_from, g.true_to, g.known_node, g.true_node) "
        f"INSERT INTO {table.past}{suffix} ({names}, {', '.join(PAST_ENDS)}) SELECT * FROM gone WHERE known_to IS NOT NULL",
        [*(list(column) for column in zip(*keys, strict=True)), *ends],
        prepare=True,
    )
    buffer.gone.clear()


async def _copy(cursor: Cursor, table: str, columns: Sequence[str], rows: list[bytes]) -> None:
    if not rows:
        return
    async with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)") as copy:
        await copy.write(HEADER + b"".join(rows) + TRAILER)
