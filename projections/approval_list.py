"""The list of approvals and the inbox, at any moment; who is asked about a deal; rounds to be judged by another policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from domain.approvals import ApprovalRequested
from projections.approvals import APPROVALS, ROUNDS, STEPS
from projections.members import MEMBERS
from projections.paging import PART_OF_ID, Page, Sort, page_of
from projections.reading import EVERYTHING, Reading, Scope


class Turn(BaseModel):
    """A step of a chain. `asked`: who may decide, since `asked_at`; `by`: who did, for the approver or standing in."""

    chain: str
    number: int
    posts: list[str]
    approver: UUID
    approver_name: str | None
    state: str
    asked: list[UUID]
    asked_names: list[str]
    asked_at: datetime | None
    due_at: datetime | None
    by: UUID | None
    by_name: str | None
    decided_at: datetime | None
    comment: str | None


class ApprovalCard(BaseModel):
    """An approval in a list. `amount` in the reporting currency, `agreed_amount` as the terms have it; discounts in percent. `version`: for If-Match."""

    id: UUID
    version: int
    noun: str
    about: UUID
    title: str
    round: int
    status: str
    requested_by: UUID
    requested_by_name: str | None
    owner: UUID | None
    owner_name: str | None
    team: UUID | None
    requested_at: datetime
    settled_at: datetime | None
    asks: bool
    amount: Decimal | None
    currency: str | None
    agreed_amount: Decimal | None
    agreed_currency: str | None
    blended: Decimal
    worst_line: Decimal
    payment_days: int
    content_hash: str
    policy: UUID
    policy_version: int
    comment: str | None
    steps: list[Turn] = Field(default_factory=list)


class AskedCard(BaseModel):
    """Who is asked about something now, and since when."""

    approval: UUID
    chain: str
    asked: list[UUID]
    asked_names: list[str]
    since: datetime | None
    due_at: datetime | None


_OWN = tuple(n for n in ApprovalCard.model_fields if not n.endswith("_name") and n != "steps")
_STEP = tuple(n for n in Turn.model_fields if not n.endswith(("_name", "_names")))
FILTERS = {
    "id": "id = %(id)s",
    "id_part": PART_OF_ID,
    "noun": "noun = %(noun)s",
    "about": "about = %(about)s",
    "status": "status = %(status)s",
    "requested_by": "requested_by = %(requested_by)s",
    "asks": "asks = %(asks)s",
    "text": "words LIKE %(text)s",
    "mine": "(status = 'open' AND id IN (SELECT approval FROM {steps} AS s WHERE s.state = 'asked' AND s.asked && %(mine)s::uuid[]) "
    "AND NOT requested_by = ANY (%(me)s::uuid[]))",
    "me": "true",
}
"""What a list can be narrowed by. `mine`: asks any of these members now; `me`: who may not decide about their own."""
SORTS = {"requested_at": Sort("requested_at", "timestamptz")}


async def approval_list(
    reading: Reading,
    *,
    scope: Scope = EVERYTHING,
    sort: str = "requested_at",
    descending: bool = True,
    limit: int = 50,
    cursor: str | None = None,
    **filters: Any,
) -> Page[ApprovalCard]:
    """One page of approvals with the steps of their present round. Raises Invalid on a bad cursor, sort or filter."""
    of = reading.as_of.of
    names = of(MEMBERS, "id", "name")
    columns = ", ".join(f"p.{name}" for name in (*_OWN, "sort_key"))
    shown = (
        f"SELECT {columns}, r.name AS requested_by_name, o.name AS owner_name FROM page AS p "
        f"LEFT JOIN {names} AS r ON r.id = p.requested_by LEFT JOIN {names} AS o ON o.id = p.owner"
    )
    known = {name: sql.replace("{steps}", of(STEPS, "approval", "state", "asked")) for name, sql in FILTERS.items()}
    found = await page_of(
        reading,
        ApprovalCard,
        f"{of(APPROVALS, *_OWN, 'words', 'involved')} AS r",
        conditions=(),
        known=known,
        filters=filters,
        scope=scope,
        sorts=SORTS,
        sort=sort,
        descending=descending,
        limit=limit,
        cursor=cursor,
        shown=shown,
    )
    steps = await turns(reading, [card.id for card in found.items])
    for card in found.items:
        card.steps = steps.get(card.id, [])
    return found


async def turns(reading: Reading, approvals: Sequence[UUID]) -> Mapping[UUID, list[Turn]]:
    """The steps of each approval's present round, chain by chain."""
    if not approvals:
        return {}
    of = reading.as_of.of
    found = await reading.rows(
        f"SELECT s.approval, {', '.join(f's.{name}' for name in _STEP)} FROM {of(STEPS)} AS s "
        "WHERE s.approval = ANY (%(ids)s) ORDER BY s.approval, s.chain, s.number",
        {"ids": list(approvals)},
    )
    rows = [(row[0], dict(zip(_STEP, row[1:], strict=True))) for row in found]
    ids = {id for _, step in rows for id in (step["approver"], step["by"], *step["asked"]) if id is not None}
    names = dict(await reading.rows(f"SELECT id, name FROM {of(MEMBERS, 'id', 'name')} AS m WHERE id = ANY (%(ids)s)", {"ids": list(ids)}))
    made: dict[UUID, list[Turn]] = defaultdict(list)
    for approval, step in rows:
        made[approval].append(
            Turn(
                **step,
                approver_name=names.get(step["approver"]),
                by_name=names.get(step["by"]),
                asked_names=[names.get(id, "somebody unknown") for id in step["asked"]],
            )
        )
    return made


async def asked_about(reading: Reading, approvals: Sequence[UUID]) -> Mapping[UUID, list[AskedCard]]:
    """Who is asked in each approval now, and since when."""
    return {
        id: [
            AskedCard(approval=id, chain=t.chain, asked=t.asked, asked_names=t.asked_names, since=t.asked_at, due_at=t.due_at)
            for t in steps
            if t.state == "asked"
        ]
        for id, steps in (await turns(reading, approvals)).items()
    }


async def asked_of(reading: Reading, noun: str, ids: Sequence[UUID]) -> Mapping[UUID, list[AskedCard]]:
    """Who is asked now about each of these things, or a part of it, and since when; few are asked about, so most pages ask nothing more."""
    if not ids:
        return {}
    found = await reading.rows(
        f"SELECT a.about, a.id FROM {reading.as_of.of(APPROVALS, 'id', 'about', 'noun', 'status')} AS a "
        "WHERE a.status = 'open' AND a.noun = %(noun)s AND a.about = ANY (%(ids)s) ORDER BY a.about, a.id",
        {"noun": noun, "ids": list(ids)},
    )
    turns_of = await asked_about(reading, [approval for _, approval in found])
    made: dict[UUID, list[AskedCard]] = defaultdict(list)
    for about, approval in found:
        made[about] += turns_of.get(approval, [])
    return made


async def rounds_between(
    reading: Reading, start: datetime, end: datetime, *, scope: Scope = EVERYTHING, limit: int = 1000
) -> list[tuple[UUID, str, datetime, ApprovalRequested]]:
    """The rounds that were asked for from `start` to before `end`, oldest first: approval, status, when, and what was recorded."""
    of = reading.as_of.of
    found = await reading.rows(
        f"SELECT r.approval, r.status, r.requested_at, r.said_at FROM {of(ROUNDS)} AS r "
        f"WHERE r.requested_at >= %(start)s AND r.requested_at < %(end)s "
        f"AND r.approval IN (SELECT id FROM {of(APPROVALS)} AS a WHERE {scope.sql}) ORDER BY r.said_at LIMIT %(limit)s",
        {"start": start, "end": end, "limit": limit, **scope.params},
    )
    said = {r.position: r.event for r in await reading.events([row[3] for row in found])}
    made = []
    for approval, status, at, position in found:
        event = said[position]
        assert isinstance(event, ApprovalRequested)
        made.append((approval, status, at, event))
    return made
