"""The folding half of a rebuild: a share of all streams, read from the log's beginning, folded in memory and COPYed out.

Rows belong to one stream, so shares need nothing of each other: one process folds them all, or several one each.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.sharedctypes import SynchronizedArray
from uuid import UUID

from psycopg import AsyncConnection

from infra.codec import Codec
from infra.database import Tenant
from projections.batch import Batch, Stretch, read
from projections.fold import fold
from projections.projection import Projection
from projections.rows import Cut, Rows
from projections.writing import Cursor, write_current, write_past

APART_FROM = 100_000
"""Events from which on it pays to start processes, which takes about a second."""
PROCESSES = min(2, os.cpu_count() or 1)
"""More of them wait for PostgreSQL, which has as much to do as two."""

Amendments = dict[str, tuple[list[Cut], list[UUID]]]
"""By table: the late facts and the erasures that stored versions must still hear of."""
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Share:
    """Which streams to fold, up to where, into which side tables."""

    url: str
    tenant: Tenant
    projection: Projection
    suffix: str
    stretch: Stretch


@asynccontextmanager
async def connected(url: str, tenant: Tenant) -> AsyncIterator[Cursor]:
    """A connection as the migrator, in the tenant's schema."""
    async with await AsyncConnection.connect(url, autocommit=True, application_name="concord rebuild") as connection:
        cursor = connection.cursor(binary=True)
        await cursor.execute("SELECT set_config('search_path', %s, false)", (tenant.schema,))
        settings = "SET synchronous_commit = off; SET client_min_messages = warning; SET jit = off; SET timezone = 'UTC'"
        await cursor.execute(settings, binary=False)
        yield cursor


async def fold_share(share: Share, codec: Codec, progress: Progress) -> Amendments:
    """Fold one share into its side tables. Raises what a handler raises."""
    rows = Rows(share.projection.tables)
    # what is folded stays, and forms no cycles: collecting it over and over would take most of the time
    gc.disable()
    try:
        async with connected(share.url, share.tenant) as writer, connected(share.url, share.tenant) as reader:
            await _fold(share, codec, rows, writer, reader, progress)
    finally:
        gc.enable()
    return {name: (buffer.cuts, buffer.erased) for name, buffer in rows.buffers.items()}


async def _fold(share: Share, codec: Codec, rows: Rows, writer: Cursor, reader: Cursor, progress: Progress) -> None:
    """Read ahead on one connection while the other COPYs what is superseded."""

    def following(after: int) -> asyncio.Task[Batch]:
        return asyncio.create_task(read(reader, codec, share.tenant, after, share.stretch, share.projection.topics))

    ahead = following(0)
    try:
        while (batch := await ahead).size:
            ahead = following(batch.last)
            fold(share.projection, rows, batch)
            for buffer in rows.buffers.values():
                await write_past(writer, buffer, share.suffix)
            progress(batch.last)
    finally:
        ahead.cancel()
    for buffer in rows.buffers.values():
        await write_current(writer, buffer, share.suffix)


async def fold_apart(shares: list[Share], progress: Progress) -> list[Amendments]:
    """Fold each share in a process of its own. For read models without personal data, whose codec needs no keys."""
    context = get_context("spawn")
    reached: SynchronizedArray[int] = context.Array("q", len(shares))
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(len(shares), mp_context=context, initializer=_begin, initargs=(reached,)) as pool:
        folding = [loop.run_in_executor(pool, _fold_in_process, number, share) for number, share in enumerate(shares)]
        while (await asyncio.wait(folding, timeout=0.3))[1]:
            progress(min(reached[number] for number in range(len(shares))))
        return await asyncio.gather(*folding)


_reached: SynchronizedArray[int] | None = None


def _begin(reached: SynchronizedArray[int]) -> None:
    global _reached  # noqa: PLW0603  how a process of a pool is given what cannot be pickled
    _reached = reached


def _fold_in_process(number: int, share: Share) -> Amendments:
    def progress(position: int) -> None:
        assert _reached is not None
        _reached[number] = position

    return asyncio.run(fold_share(share, Codec(), progress))
