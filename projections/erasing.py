"""Forgetting people in the read models: every version of their rows, and the files in which older versions of the rows still lie.

PostgreSQL leaves a changed row's older version where it was, and copies of frequent values in its statistics. So the tables are
written anew (VACUUM FULL), and the statistics with them. Each table is locked meanwhile, for as long as copying it takes. Versions
that an open transaction may still see are carried over; how many those were PostgreSQL says, and it is done again until none are.

Words that named them in texts of other things are replaced in rows only: the log itself holds such texts in the clear.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection, Sequence
from time import monotonic
from uuid import UUID

from psycopg import errors
from psycopg.errors import Diagnostic

from domain.kernel import ERASED
from infra.database import Tenant
from infra.privacy.remains import SIGN_IN_TABLES
from projections.catalogue import read_models
from projections.rebuild_share import connected
from projections.tables import Table
from projections.writing import Cursor, forgotten

PATIENCE = 60.0
"""Seconds after which older versions that open transactions hold are left for another try."""
_LOCK = "2s"
"""How long a table may be waited for before the readers behind are let pass."""
_PUNCTUATION = re.compile(r"[^\w\s]")
_KEPT = re.compile(r"(\d+) dead row versions cannot be removed yet")


# ANALYZE leaves the statistics of a table that has become empty as they were
_CLEAR = (
    "SELECT pg_clear_attribute_stats(schemaname => n.nspname::text, relname => c.relname::text, attname => a.attname::text, inherited => false) "
    "FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid "
    "WHERE (c.oid = %s::regclass OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = %s::regclass)) "
    "AND a.attnum > 0 AND NOT a.attisdropped"
)


class StillHeld(Exception):  # noqa: N818  names the state and the way out
    """An open transaction keeps older row versions from being removed; it has to end first."""


async def forget_rows(migrator_url: str, tenant: Tenant, subjects: Sequence[UUID]) -> dict[UUID, int]:
    """Forget the personal columns of these streams' rows, now and at all past times; how many rows of each told something.

    Their keys must have been destroyed a moment before (`infra.keys.LOOK`), so that nobody folds them anew. Runs as the
    migrator, in no transaction of the caller's. Repeatable; raises StillHeld where older versions are left.
    """
    told: dict[UUID, int] = {}
    async with connected(migrator_url, tenant) as cursor:
        for projection in read_models():
            tables = [table for table in projection.tables if table.personal]
            if not tables:
                continue
            # a rebuild under way may have read what was still there
            key = f"{tenant.schema}.{projection.name}"
            await cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (key,))
            async with cursor.connection.transaction():
                # and so may the batch that holds the lease
                await cursor.execute("SELECT 1 FROM tracking WHERE name = %s FOR UPDATE", (projection.name,))
                for table in tables:
                    await _forget(cursor, table, subjects, told)
            await cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (key,))
            await _rewrite(cursor, [name for table in tables for name in (table.name, table.past)])
        await _rewrite(cursor, [f"identity.{name}" for name in SIGN_IN_TABLES])
        await _rewrite(cursor, ["pg_catalog.pg_statistic"], analyze=False)
    return told


async def mask_rows(migrator_url: str, tenant: Tenant, words: Collection[str], streams: Collection[UUID]) -> int:
    """Replace words that are masked in the log wherever read models hold them, now and at all past times; of how many rows.

    `streams`: those that hold them, whose snapshots are dropped. What is personal is left as it is: it is somebody else's, or
    forgotten. Waits and repeats as `forget_rows` does.
    """
    changed = 0
    async with connected(migrator_url, tenant) as cursor:
        await cursor.execute("DELETE FROM snapshots WHERE stream = ANY (%b)", (list(streams),))
        for projection in read_models() if words else ():
            key = f"{tenant.schema}.{projection.name}"
            await cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (key,))
            async with cursor.connection.transaction():
                await cursor.execute("SELECT 1 FROM tracking WHERE name = %s FOR UPDATE", (projection.name,))
                for table in projection.tables:
                    changed += await _mask(cursor, table, words)
            await cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (key,))
    return changed


async def _mask(cursor: Cursor, table: Table, words: Collection[str]) -> int:
    # as a text has them, as a column that is searched does, and as both stand in JSON
    spelt = {form for word in words for plain in (word, word.casefold()) for form in (plain, json.dumps(plain, ensure_ascii=False)[1:-1])}
    either = "|".join(_PUNCTUATION.sub(r"\\\g<0>", form) for form in sorted(spelt, key=len, reverse=True))
    pattern = rf"(?<!\w)(?:{either})(?!\w)"
    kept = {*table.personal, *table.key[:1]}
    columns = [name for name, kind in table.types.items() if name not in kept and kind.removesuffix("[]") in {"text", "jsonb"}]
    if not columns:
        return 0
    values = ", ".join(
        f"{name} = regexp_replace({name}::text, %(pattern)s, '{ERASED}', 'g')::{table.types[name]}" for name in columns
    )  # fmt: skip
    where, changed = " OR ".join(f"{name}::text ~ %(pattern)s" for name in columns), 0
    for name in (table.name, table.past):
        await cursor.execute(f"UPDATE {name} SET {values} WHERE {where}".encode(), {"pattern": pattern})
        changed += cursor.rowcount
    return changed


async def _forget(cursor: Cursor, table: Table, subjects: Sequence[UUID], told: dict[UUID, int]) -> None:
    changed = " OR ".join(f"{name} IS NOT NULL AND {name} IS DISTINCT FROM {value}" for name, value in forgotten(table).items())
    values = ", ".join(f"{name} = CASE WHEN {name} IS NOT NULL THEN {value} END" for name, value in forgotten(table).items())
    for name in (table.name, table.past):
        where = f"{table.stream} = ANY (%b) AND ({changed})"
        await cursor.execute(f"UPDATE {name} SET {values} WHERE {where} RETURNING {table.stream}", (list(subjects),))
        for (subject,) in await cursor.fetchall():
            told[subject] = told.get(subject, 0) + 1


async def _rewrite(cursor: Cursor, tables: Sequence[str], *, analyze: bool = True) -> None:
    """Write tables anew, without any row version that is not live. Raises StillHeld."""
    said: list[str] = []

    def hear(notice: Diagnostic) -> None:
        said.append(f"{notice.message_primary} {notice.message_detail or ''}")

    cursor.connection.add_notice_handler(hear)
    await cursor.execute(f"SET lock_timeout = '{_LOCK}'")
    deadline = monotonic() + PATIENCE
    for table in tables:
        while True:
            said.clear()
            try:
                if analyze:
                    await cursor.execute(_CLEAR.encode(), (table, table))
                await cursor.execute(f"VACUUM (FULL, VERBOSE, ANALYZE {'on' if analyze else 'off'}) {table}")
            except (errors.LockNotAvailable, errors.DeadlockDetected):
                left = ["its lock"]
            else:
                found = _KEPT.findall(" ".join(said))
                # without an answer nothing was done: the role may not, or the server says it in other words
                left = ["everything: MIGRATOR_URL must name the database's owner"] if not found else [n for n in found if int(n)]
            if not left:
                break
            if monotonic() > deadline:
                raise StillHeld(f"{table} still holds {left[0]} of before; end long transactions, it is tried again")
            await asyncio.sleep(0.2)
    await cursor.execute("SET lock_timeout = 0")
    cursor.connection.remove_notice_handler(hear)
