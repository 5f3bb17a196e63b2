"""Which deals, or other things, a part of a log brings: the streams to look at when work is taken up, swept or restarted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import sql

from domain.deals import DealOpened, DealReopened, DealWinReversed, deals
from domain.deals.imported import DealImported
from domain.deals.state import Deal
from domain.kernel import Decider, S
from infra.database import Database, Tenant
from infra.event_store import Store

BEGINNINGS = (DealOpened.topic, DealImported.topic)
"""The topics by which a deal begins; the stream of each has one of them first."""
REOPENINGS = (DealReopened.topic, DealWinReversed.topic)
WINDOW = 5_000
"""Positions that one look goes through; topics have no index, so this bounds what a look costs."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The deals that begin in a window of the log; `upto`: its last position, None where the log ends."""

    deals: tuple[UUID, ...]
    upto: int | None


async def opened(database: Database, tenant: Tenant, after: int, topics: Sequence[str] = BEGINNINGS) -> Opened:
    """The deals, or what else begins by `topics`, in the `WINDOW` positions after one; each begins in one window only."""
    query = sql.SQL(
        "SELECT (SELECT coalesce(max(position), 0) FROM {0}.events), array(SELECT stream FROM {0}.events "
        # an import that was undone and made again begins in the same stream anew, windows later perhaps
        "WHERE position > %(after)s AND position <= %(upto)s AND version = 1 AND topic = ANY (%(topics)s) ORDER BY position)"
    ).format(sql.Identifier(tenant.schema))
    values = {"after": after, "upto": after + WINDOW, "topics": list(topics)}
    async with database.connection() as connection:
        row = await (await connection.execute(query, values, binary=True)).fetchone()
    assert row is not None
    head, streams = row
    return Opened(tuple(streams), after + WINDOW if head > after + WINDOW else None)


async def states_of(store: Store, tenant: Tenant, decider: Decider[S | None], ids: Sequence[UUID]) -> dict[UUID, S]:
    """The states of those of the things that are there, by id; their events are read in groups."""
    found = await asyncio.gather(*(store.load(tenant, decider, id) for id in ids))
    return {id: loaded.state for id, loaded in zip(ids, found, strict=True) if loaded.state is not None}


async def open_deals(store: Store, tenant: Tenant, ids: Sequence[UUID]) -> dict[UUID, Deal]:
    """Those of the deals that are open, by id."""
    found = await states_of(store, tenant, deals, ids)
    return {id: deal for id, deal in found.items() if deal.open and not deal.withdrawn}
