"""Histories as people read them: a deal's, a contract's, and an account's all round, in plain sentences, newest first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from api.callers import AccountReader, Caller, ContractReader, DealReader
from api.deal_reads import MODELS
from api.execution import absent, sees
from api.moments import PROBLEMS
from api.nouns import SUBJECTS, IdParameter
from api.problems import documented
from api.reading import Found, Slice, page, reading
from api.registers import saw, state_at
from api.seen_by import SeenBy, eyes_of
from domain.approvals import approval_id
from domain.kernel import Invalid, NotFound
from infra.access import Standing
from projections.as_of import NOW, AsOf
from projections.contacts import Contacts
from projections.contracts import Contracts
from projections.disputes import Disputes
from projections.interactions import INTERACTIONS, Interactions
from projections.paging import Page
from projections.papers import Papers, paper_list
from projections.reading import Reading
from projections.suppliers import Suppliers
from projections.telling import Told
from projections.timeline import NOUNS, approvals_about, story, streams

router = APIRouter(prefix="/v1")


class HistoryAsked(Slice, SeenBy):
    """Which part of one thing's timeline."""


class TimelineAsked(Slice, SeenBy):
    """Which part of an account's timeline."""

    nouns: Annotated[
        list[Literal["account", "contact", "contract", "deal", "dispute", "interaction", "paper", "supplier"]] | None,
        Field(max_length=8, description="Only what happened to these."),
    ] = None


async def in_reach(caller: Caller, ids: Iterable[UUID], name: str, eyes: Standing | None = None, as_of: AsOf = NOW) -> list[UUID]:
    """Those of a noun that the caller may see today, and with `eyes` that member then; what is told of the others stays untold."""
    ids, (noun, action) = list(ids), SUBJECTS[name]

    async def seen(id: UUID) -> bool:
        now = (await caller.doors.store.load(caller.tenant, noun.decider, id)).state
        if not await sees(caller, action, noun.sight, now):
            return False
        return eyes is None or await saw(caller, eyes, noun, action, (await state_at(caller, noun.decider, id, as_of))[0], as_of)

    return [id for id, may in zip(ids, await asyncio.gather(*map(seen, ids)), strict=True) if may]


async def _eyes(caller: Caller, opened: Reading, asked: SeenBy, id: UUID, name: str) -> Standing | None:
    """Through whose eyes it is told. Raises RoleMissing, and NotFound where they did not see the thing itself."""
    eyes = await eyes_of(caller, asked, opened.as_of)
    if eyes is not None and not await in_reach(caller, [id], name, eyes, opened.as_of):
        raise NotFound("That member could not see it then.")
    return eyes


async def _told(opened: Reading, ids: list[UUID], asked: Slice) -> Response:
    found = await story(opened, ids, limit=asked.limit, cursor=asked.cursor)
    return page(Page(items=found.items, next=found.next, position=found.position), opened.as_of)


@router.get(
    "/deals/{id}/timeline",
    tags=["deals"],
    response_model=Found[Told],
    operation_id="read_deal_timeline",
    responses=documented(NotFound, Invalid, *PROBLEMS),
)
async def read_deal_timeline(id: IdParameter, caller: DealReader, asked: Annotated[HistoryAsked, Query()]) -> Response:
    """What happened to a deal, to its approvals and in interactions about it, in sentences."""
    if not await in_reach(caller, [id], "deal"):
        raise absent()
    async with reading(caller, asked, *MODELS, Contacts, Interactions, Papers) as opened:
        eyes = await _eyes(caller, opened, asked, id, "deal")
        relation = opened.as_of.of(INTERACTIONS, "id", "deal")
        about = [row[0] for row in await opened.rows(f"SELECT id FROM {relation} AS i WHERE deal = %(deal)s", {"deal": id})]
        papers = [card.id for card in (await paper_list(opened, limit=200, subject=id)).items]
        ids = [id, approval_id("deal", id), *papers, *await in_reach(caller, about, "interaction", eyes, opened.as_of)]
        return await _told(opened, ids, asked)


@router.get(
    "/contracts/{id}/timeline",
    tags=["contracts"],
    response_model=Found[Told],
    operation_id="read_contract_timeline",
    responses=documented(NotFound, Invalid, *PROBLEMS),
)
async def read_contract_timeline(id: IdParameter, caller: ContractReader, asked: Annotated[HistoryAsked, Query()]) -> Response:
    """What happened to a contract and to what is owed by it, in sentences."""
    if not await in_reach(caller, [id], "contract"):
        raise absent()
    async with reading(caller, asked, *MODELS, Contacts, Contracts, Papers) as opened:
        await _eyes(caller, opened, asked, id, "contract")
        papers = [card.id for card in (await paper_list(opened, limit=200, subject=id)).items]
        return await _told(opened, [id, *papers], asked)


@router.get(
    "/accounts/{id}/timeline",
    tags=["accounts"],
    response_model=Found[Told],
    operation_id="read_account_timeline",
    responses=documented(NotFound, Invalid, *PROBLEMS),
)
async def read_account_timeline(id: IdParameter, caller: AccountReader, asked: Annotated[TimelineAsked, Query()]) -> Response:
    """Everything about an account and those merged into it, as far as the caller sees it: deals and contracts with their approvals,
    disputes, papers, people, talks, mergers.
    """
    if not await in_reach(caller, [id], "account"):
        raise absent()
    async with reading(caller, asked, *MODELS, Contacts, Contracts, Interactions, Disputes, Papers, Suppliers) as opened:
        eyes = await _eyes(caller, opened, asked, id, "account")
        ids: list[UUID] = []
        for name in asked.nouns or NOUNS:
            seen = await in_reach(caller, await streams(opened, id, [name]), name, eyes, opened.as_of)
            ids += [*seen, *(await approvals_about(opened, seen) if name in {"deal", "contract"} else ())]
        return await _told(opened, ids, asked)
