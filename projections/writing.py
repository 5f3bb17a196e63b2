"""Rows to and from PostgreSQL: a batch costs a few statements per table that it touches, however many events it has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from psycopg import AsyncCursor
from psycopg.types.json import Jsonb

from domain.kernel import ERASED
from projections.rows import Buffer, Rows
from projections.tables import NOW_ENDS, PAST_ENDS, Table

Cursor = AsyncCursor[Any]


async def load(cursor: Cursor, rows: Rows, streams: Sequence[UUID]) -> None:
    """Bring in the current rows of streams."""
    if not streams:
        return
    for buffer in rows.buffers.values():
        table = buffer.table
        names = [*table.columns, *NOW_ENDS]
        await cursor.execute(f"SELECT {', '.join(names)} FROM {table.name} WHERE {table.stream} = ANY (%b)", (list(streams),), prepare=True)
        width = len(table.columns)
        for stored in await cursor.fetchall():
            buffer.load(dict(zip(names[:width], stored, strict=False)), *stored[width:])


async def write(cursor: Cursor, rows: Rows, suffix: str = "") -> None:
    """Make the tables hold what `rows` hold, which may then be folded on."""
    for buffer in rows.buffers.values():
        await _delete_superseded(cursor, buffer, suffix)
        await write_current(cursor, buffer, suffix)
        await amend(cursor, buffer, suffix)
        await write_past(cursor, buffer, suffix)


async def write_current(cursor: Cursor, buffer: Buffer, suffix: str = "") -> None:
    """COPY the current versions that are not stored yet."""
    values, fresh = _values(buffer.table), list(buffer.fresh())
    await _copy(cursor, buffer.table, suffix, NOW_ENDS, [(*values(v.row), v.known_from, v.true_from) for v in fresh])
    for version in fresh:
        version.stored = True


async def write_past(cursor: Cursor, buffer: Buffer, suffix: str = "") -> None:
    """COPY the superseded versions, and let go of them."""
    values = _values(buffer.table)
    written = [(*values(v.row), v.known_from, v.known_to, v.true_from, v.true_to) for v in buffer.passed()]
    await _copy(cursor, buffer.table, suffix, PAST_ENDS, written)
    buffer.past.clear()


async def amend(cursor: Cursor, buffer: Buffer, suffix: str = "") -> None:
    """Carry late facts and erasures to the versions that are stored."""
    await _cut(cursor, buffer, suffix)
    if buffer.erased:
        table = buffer.table
        forgotten = ", ".join(
            f"{name} = CASE WHEN {name} IS NOT NULL THEN '{{}}'::jsonb END" if table.types[name] == "jsonb"
            else f"{name} = CASE WHEN {name} IS NOT NULL THEN '{ERASED}' END"
            for name in table.personal
        )  # fmt: skip
        await cursor.execute(f"UPDATE {table.past}{suffix} SET {forgotten} WHERE {table.stream} = ANY (%b)", (list(set(buffer.erased)),))
        buffer.erased.clear()


async def _cut(cursor: Cursor, buffer: Buffer, suffix: str) -> None:
    """Carry late facts to the versions that are stored: each ends on the true timeline at the earliest cut after it was superseded."""
    if not buffer.cuts:
        return
    table = buffer.table
    past = f"{table.past}{suffix}"
    cuts = ([c.stream for c in buffer.cuts], [c.since for c in buffer.cuts], [c.position for c in buffer.cuts])
    await cursor.execute(
        f"UPDATE {past} AS v SET true_to = greatest(v.true_from, least(v.true_to, ("
        "SELECT min(c.since) FROM unnest(%b::uuid[], %b::timestamptz[], %b::bigint[]) AS c (stream, since, position) "
        f"WHERE c.stream = v.{table.stream} AND c.position > v.known_to))) WHERE v.{table.stream} = ANY (%b)",
        (*cuts, list(set(cuts[0]))),
    )
    await cursor.execute(
        f"DELETE FROM {past} WHERE {table.stream} = ANY (%b) AND known_from = known_to AND true_from = true_to", (list(set(cuts[0])),)
    )
    buffer.cuts.clear()


async def _delete_superseded(cursor: Cursor, buffer: Buffer, suffix: str) -> None:
    if not buffer.gone:
        return
    table = buffer.table
    arrays = ", ".join(f"%b::{table.types[column]}[]" for column in table.key)
    same = " AND ".join(f"t.{column} = g.{column}" for column in table.key)
    await cursor.execute(
        f"DELETE FROM {table.name}{suffix} AS t USING unnest({arrays}) AS g ({', '.join(table.key)}) WHERE {same}",
        [list(column) for column in zip(*buffer.gone, strict=True)],
        prepare=True,
    )
    buffer.gone.clear()


async def _copy(cursor: Cursor, table: Table, suffix: str, ends: Iterable[str], rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    name = f"{table.past if 'known_to' in ends else table.name}{suffix}"
    types = [*table.types.values(), *((PAST_ENDS[end].split()[0]) for end in ends)]
    async with cursor.copy(f"COPY {name} ({', '.join((*table.columns, *ends))}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for row in rows:
            await copy.write_row(row)


def _values(table: Table) -> Any:
    """A function from a row to its values in the order of the columns, JSON wrapped for the driver."""
    names = tuple(table.columns)
    documents = [number for number, name in enumerate(names) if table.types[name] == "jsonb"]
    if not documents:
        return itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)

    def values(row: dict[str, Any]) -> list[Any]:
        found = [row[name] for name in names]
        for number in documents:
            if found[number] is not None:
                found[number] = Jsonb(found[number])
        return found

    return values
