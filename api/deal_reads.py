"""Reading deals: the list, the board, one deal with all that is said of it, and its history."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.asked import asked_now
from api.callers import Caller, DealReader
from api.deals import noun
from api.moments import PROBLEMS, Day, Moment
from api.problems import documented
from api.reading import Found, Number, PartOfId, Searched, Slice, order, page, reading, rows_of, stood
from api.registers import add_history, add_one, state_at
from api.seen_by import SeenBy
from domain.attributes import AttributeValue
from domain.deals.state import Deal
from domain.deals.terms import DealPerson, Evidence, Line
from domain.kernel import DECIDERS, Invalid, NotFound
from domain.pipelines import DEFAULT_PIPELINE
from domain.price_talk import PriceTalk
from domain.stages import Category, StageKind
from domain.values import Country, Currency, Key, Money
from infra.access import Action
from projections.accounts import Accounts
from projections.approval_list import AskedCard
from projections.approvals import Approvals
from projections.as_of import AsOf, Basis
from projections.board import Board, board, pipelines_in_use
from projections.deal_list import DealCard, deal_list
from projections.deals import DEALS, Deals
from projections.members import Members
from projections.pipelines import Pipelines

MODELS = (Deals, Accounts, Approvals, Members, Pipelines)
Sorts = Literal["close_date", "-close_date", "amount", "-amount", "title", "-title", "since", "-since", "opened_at", "-opened_at"]


class DealFilters(BaseModel):
    """What a list of deals can be narrowed by; a filter that is left away does not narrow."""

    account: UUID | None = None
    region: Annotated[Country | None, Field(description="The country of the account.")] = None
    owner: UUID | None = None
    team: UUID | None = None
    stage: Key | None = None
    kind: StageKind | None = None
    category: Category | None = None
    counted: Annotated[bool | None, Field(description="In the forecast's numbers: with an amount, and not omitted.")] = None
    currency: Currency | None = None
    source: Searched | None = None
    product: UUID | None = None
    closes_from: Annotated[Day | None, Field(description="Counts for this day or later: when won, the day it booked on.")] = None
    closes_before: Day | None = None
    amount_from: Number | None = None
    amount_to: Number | None = None
    stalled: bool | None = None
    lapsed: bool | None = None
    pending: Annotated[bool | None, Field(description="With a requested move that has not settled.")] = None
    approval_pending: Annotated[bool | None, Field(description="With a move that waits for approvers.")] = None
    needs_attention: bool | None = None
    account_missing: bool | None = None
    region_missing: bool | None = None
    owner_missing: bool | None = None
    team_missing: bool | None = None
    date_missing: bool | None = None
    product_missing: bool | None = None
    text: Annotated[Searched | None, Field(description="Looked for anywhere in the title and the account's name.")] = None

    def given(self, **more: Any) -> dict[str, Any]:
        """The filters by name."""
        found = {name: getattr(self, name) for name in DealFilters.model_fields} | more
        return {name: getattr(value, "value", value) for name, value in found.items() if value is not None}


class DealsAsked(DealFilters, Slice, SeenBy):
    """Which deals, in which order."""

    pipeline: UUID | None = None
    id_part: PartOfId | None = None
    sort: Sorts = "close_date"


class BoardAsked(DealFilters, Moment, SeenBy):
    """Which pipeline's board."""

    pipeline: Annotated[UUID | None, Field(description="Left away: the one with the most such open deals; the answer names it.")] = None
    cards: Annotated[int, Field(ge=0, le=200, description="Cards of each stage.")] = 100


class BoardThen(Board):
    """The board, and the moment it is about."""

    others: list[UUID] = Field(description="Other pipelines with such open deals, those with most first; read with `pipeline`.")
    as_of: int | None
    basis: Basis


class Move(BaseModel):
    """A requested move that has not settled."""

    to: str
    request: UUID = Field(description="The id of the event that asked.")


class DealView(BaseModel):
    """All that is said of a deal, from the log itself."""

    title: str
    account: UUID | None
    account_name: str | None = None
    owner: UUID | None
    owner_name: str | None = None
    team: UUID | None
    team_name: str | None = None
    pipeline: UUID
    pipeline_version: int
    stage: str
    stage_name: str
    kind: StageKind
    since: datetime
    probability: int
    probability_override: int | None
    category: Category
    category_override: Category | None
    amount: Money | None
    annual: Money | None
    lines: list[Line]
    close_date: date | None
    zone: str
    pushes: int
    stalled: bool
    won_on: date | None
    people: list[DealPerson]
    next_step: str | None
    next_step_on: date | None
    evidence: dict[str, Evidence]
    attributes: dict[str, AttributeValue]
    pending: Move | None = None
    payment_days: int | None
    approvals: list[str] = Field(description="The chains of approvers that the pending move waits for.")
    approval: UUID | None = Field(description="Where approvers decide about this deal, once they were asked.")
    asked: list[AskedCard] = Field(default_factory=list, description="Who is asked now, and since when.")
    needs_attention: list[str]
    source: str
    price_talk: PriceTalk | None = Field(description="What happened in the term of the contract that it is to renew.")


_NAMES = {"account_name", "owner_name", "team_name"}
_PLAIN = tuple(name for name in DealView.model_fields if name not in _NAMES | {"pending", "asked"})


@noun.router.get("", response_model=Found[DealCard], operation_id="list_deals", responses=documented(Invalid, NotFound, *PROBLEMS))
async def list_deals(caller: DealReader, asked: Annotated[DealsAsked, Query()]) -> Response:
    """The deals within the caller's reach, filtered and sorted, page by page."""
    sort, descending = order(asked.sort)
    async with reading(caller, asked, *MODELS) as opened:
        scope = await rows_of(caller, Action.DEAL_READ, DEALS.name, opened.as_of, asked)
        given = asked.given(pipeline=asked.pipeline, id_part=asked.id_part)
        found = await deal_list(opened, scope=scope, sort=sort, descending=descending, limit=asked.limit, cursor=asked.cursor, **given)
        return page(found, opened.as_of)


@noun.router.get("/board", response_model=BoardThen, operation_id="read_board", responses=documented(Invalid, NotFound, *PROBLEMS))
async def read_board(caller: DealReader, asked: Annotated[BoardAsked, Query()]) -> Response:
    """A pipeline's open deals by stage, with counts, sums per currency, and cards."""
    async with reading(caller, asked, *MODELS) as opened:
        scope = await rows_of(caller, Action.DEAL_READ, DEALS.name, opened.as_of, asked)
        used = await pipelines_in_use(opened, scope=scope, **asked.given())
        chosen = asked.pipeline or (used[0] if used else DEFAULT_PIPELINE)
        shown = await board(opened, chosen, scope=scope, cards=asked.cards, **asked.given())
        found = BoardThen.model_construct(
            **dict(shown), as_of=opened.as_of.position, basis=opened.as_of.basis, others=[id for id in used if id != chosen]
        )
        return stood(found, opened.as_of, found.position)


async def _view(caller: Caller, id: UUID, deal: Deal, as_of: AsOf) -> dict[str, Any]:
    view = {name: getattr(deal, name) for name in _PLAIN}
    view["pending"] = {"to": deal.pending.asked.to, "request": deal.pending.request(id)} if deal.pending else None
    for name, decider, field in (("account", "account", "legal_name"), ("owner", "member", "name"), ("team", "team", "name")):
        named = view[name]
        state = None if named is None else (await state_at(caller, DECIDERS[decider], named, as_of))[0]
        view[f"{name}_name"] = getattr(state, field, None)
    view["asked"] = await asked_now(caller, deal.approval if deal.approvals else None, as_of)
    return view


add_one(noun, DealView, Action.DEAL_READ, _view)
add_history(noun, Action.DEAL_READ)
router = noun.router
