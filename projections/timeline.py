"""Histories as people read them: a deal's, and an account's all round, across its deals, contacts, interactions and mergers.

Nothing is stored for them: the log is the timeline. Which streams belong to an account is asked of the read models, as they
stood at the moment, and the events come from the log's own indexes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import orjson
from pydantic import BaseModel

from domain.approvals import approval_id
from domain.kernel import Invalid
from infra.event_store.loader import COLUMNS
from projections import (
    telling_approvals,
    telling_contracts,
    telling_deals,
    telling_disputes,
    telling_obligations,
    telling_papers,
    telling_price_talk,
    telling_relations,
    telling_setup,
    telling_suppliers,
)
from projections.accounts import ACCOUNTS
from projections.approvals import APPROVALS
from projections.as_of import Basis
from projections.contacts import POSITIONS
from projections.contract_tables import CONTRACTS
from projections.deals import DEALS
from projections.dispute_tables import DISPUTES
from projections.interactions import INTERACTIONS
from projections.paging import LARGEST_PAGE
from projections.papers import PAPERS
from projections.reading import Reading
from projections.suppliers import SUPPLIERS
from projections.telling import Told, tell

TELLERS = (
    telling_approvals,
    telling_contracts,
    telling_deals,
    telling_disputes,
    telling_obligations,
    telling_papers,
    telling_price_talk,
    telling_relations,
    telling_setup,
    telling_suppliers,
)
"""The modules that fill `TELLING`."""
NOUNS = ("account", "contact", "contract", "deal", "dispute", "interaction", "paper", "supplier")


class Story(BaseModel):
    """Events in sentences, newest first. `next` goes into `cursor` for what came before; None: that was all."""

    items: list[Told]
    next: str | None
    position: int


async def deal_history(reading: Reading, deal: UUID, *, limit: int = 50, cursor: str | None = None) -> Story:
    """What happened to a deal, to its approvals, and in interactions about it; for a deal that the caller was shown."""
    found = await reading.rows(f"SELECT id FROM {reading.as_of.of(INTERACTIONS, 'id', 'deal')} AS i WHERE deal = %(deal)s", {"deal": deal})
    return await story(reading, [deal, approval_id("deal", deal), *(id for (id,) in found)], limit=limit, cursor=cursor)


async def account_timeline(
    reading: Reading, account: UUID, *, nouns: Collection[str] = NOUNS, limit: int = 50, cursor: str | None = None
) -> Story:
    """Everything about an account and those merged into it, narrowed to `nouns`; for an account that the caller was shown."""
    return await story(reading, await streams(reading, account, nouns), limit=limit, cursor=cursor)


async def streams(reading: Reading, account: UUID, nouns: Collection[str] = NOUNS) -> list[UUID]:
    """The streams that an account's timeline is made of. Raises Invalid on an unknown noun."""
    if unknown := set(nouns) - set(NOUNS):
        raise Invalid("A timeline has no such noun; choose some of its nouns.", unknown=sorted(unknown), nouns=list(NOUNS))
    of = reading.as_of.of
    parts = {
        "account": "SELECT id FROM merged",
        "deal": f"SELECT d.id FROM {of(DEALS, 'id', 'account')} AS d JOIN merged AS a ON a.id = d.account",
        "contract": f"SELECT c.id FROM {of(CONTRACTS, 'id', 'party')} AS c JOIN merged AS a ON a.id = c.party",
        "dispute": f"SELECT d.id FROM {of(DISPUTES, 'id', 'account')} AS d JOIN merged AS a ON a.id = d.account",
        "supplier": f"SELECT s.id FROM {of(SUPPLIERS, 'id', 'account')} AS s JOIN merged AS a ON a.id = s.account",
        "paper": f"SELECT p.id FROM {of(PAPERS, 'id', 'account')} AS p JOIN merged AS a ON a.id = p.account",
        "contact": f"SELECT o.contact FROM {of(POSITIONS, 'contact', 'account')} AS o JOIN merged AS a ON a.id = o.account",
        "interaction": f"SELECT i.id FROM {of(INTERACTIONS, 'id', 'accounts')} AS i WHERE i.accounts && (SELECT array_agg(id) FROM merged)",
    }
    found = await reading.rows(
        "WITH RECURSIVE merged AS (SELECT %(account)s::uuid AS id UNION "
        f"SELECT a.id FROM {of(ACCOUNTS, 'id', 'merged_into')} AS a JOIN merged AS m ON a.merged_into = m.id) "
        f"{' UNION '.join(parts[noun] for noun in NOUNS if noun in nouns) or 'SELECT NULL::uuid WHERE false'}",
        {"account": account},
    )
    return [id for (id,) in found]


async def approvals_about(reading: Reading, ids: Sequence[UUID]) -> list[UUID]:
    """The approvals that these things needed."""
    if not ids:
        return []
    relation = reading.as_of.of(APPROVALS, "id", "about")
    return [id for (id,) in await reading.rows(f"SELECT id FROM {relation} AS a WHERE about = ANY (%(ids)s)", {"ids": list(ids)})]


async def story(reading: Reading, ids: Sequence[UUID], *, limit: int = 50, cursor: str | None = None) -> Story:
    """The events of these streams as they stood at the reading's moment, those that were so last on top. Raises Invalid."""
    size = min(max(limit, 1), LARGEST_PAGE)
    wheres, params = ["stream = ANY (%(ids)s)"], {"ids": list(ids), "size": size + 1}
    if reading.as_of.now:
        wheres.append("position <= %(reached)s")
        params["reached"] = reading.position
    else:
        wheres.append("position <= %(as_of)s" if reading.as_of.basis is Basis.KNOWN else "effective_at <= %(as_of)s")
    if cursor is not None:
        params["after"], params["after_position"] = _opened(cursor)
        wheres.append("(effective_at, position) < (%(after)s::timestamptz, %(after_position)s)")
    found = await reading.rows(
        f"SELECT {COLUMNS} FROM events WHERE {' AND '.join(wheres)} ORDER BY effective_at DESC, position DESC LIMIT %(size)s", params
    )
    events = [reading.log.decode(reading.tenant, row) for row in found[:size]]
    following = _closed(events[-1].effective_at, events[-1].position) if len(found) > size else None
    return Story(items=await tell(reading, events), next=following, position=reading.position)


def _closed(effective_at: datetime, position: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([effective_at.isoformat(), position])).decode().rstrip("=")


def _opened(cursor: str) -> tuple[datetime, int]:
    try:
        at, position = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return datetime.fromisoformat(at), int(position)
    except (ValueError, TypeError, binascii.Error):
        raise Invalid("This cursor is not one that a page answered with; begin again without it.") from None
