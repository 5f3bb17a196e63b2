"""Reading disputes: the queue, one case with all that was said in it, and what disputes cost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from api.callers import Caller, DisputeReader
from api.disputes import SIGHT, SUPPLIER, noun
from api.execution import seen
from api.moments import PROBLEMS, Moment
from api.nouns import IdParameter
from api.problems import documented
from api.reading import Found, Number, PartOfId, Searched, Slice, order, page, reading, rows_of, stood
from api.registers import add_history, add_one, check_eyes, state_at
from api.seen_by import SeenBy
from domain.dispute_rules import Reason
from domain.disputes import disputes
from domain.disputes.state import Dispute
from domain.disputes.terms import Party, Severity, Side, Status
from domain.kernel import DECIDERS, Invalid, NotFound, Recorded
from domain.values import Currency, Key
from infra.access import Action
from projections.accounts import Accounts
from projections.as_of import AsOf, Basis
from projections.dispute_case import Case, case_of
from projections.dispute_figures import FiguresFound, Split, dispute_figures
from projections.dispute_list import DisputeCard, dispute_list
from projections.dispute_tables import DISPUTES
from projections.disputes import Disputes
from projections.members import Members
from projections.paging import Page
from projections.telling import Told
from projections.timeline import story

MODELS = (Disputes, Accounts, Members)
Sorts = Literal["due", "-due", "open", "-open", "began_at", "-began_at", "since", "-since", "title", "-title", "escalation", "-escalation"]
_Instant = Annotated[AwareDatetime, Field(examples=["2026-03-31T09:00:00Z"])]


class DisputeFilters(BaseModel):
    """What a list of disputes can be narrowed by; a filter that is left away does not narrow."""

    account: UUID | None = None
    owner: UUID | None = None
    team: UUID | None = None
    side: Annotated[Side | None, Field(description="buy: we claim, from a supplier. sell: a customer claims, from us.")] = None
    status: Status | None = None
    live: Annotated[bool | None, Field(description="Raised, and not settled, given up or over.")] = None
    reason: Reason | None = None
    severity: Severity | None = None
    commodity: Key | None = None
    region: Key | None = None
    currency: Currency | None = None
    escalation_from: Annotated[int | None, Field(ge=0, le=3)] = None
    open_from: Number | None = None
    open_to: Number | None = None
    due_before: Annotated[_Instant | None, Field(description="A clock runs out before this instant.")] = None
    due_party: Party | None = None
    paused: Annotated[bool | None, Field(description="Our clock stands still.")] = None
    late: Annotated[bool | None, Field(description="A clock ran out.")] = None
    action: Literal["open", "closed", "cancelled"] | None = None
    contract: UUID | None = None
    obligation: UUID | None = None
    parent: UUID | None = None
    opened_from: _Instant | None = None
    opened_before: _Instant | None = None
    settled_from: _Instant | None = None
    settled_before: _Instant | None = None
    document: Annotated[Searched | None, Field(description="The number of a disputed document.")] = None
    text: Annotated[Searched | None, Field(description="Looked for in the title, the documents' numbers and the account's name.")] = None

    def given(self) -> dict[str, Any]:
        """The filters by name."""
        found = {name: getattr(self, name) for name in DisputeFilters.model_fields}
        return {name: getattr(value, "value", value) for name, value in found.items() if value is not None}


class At(BaseModel):
    """From when what remains is counted."""

    at: Annotated[
        _Instant | None, Field(description="The instant from which `remaining` is counted; left away: the moment asked about, or now.")
    ] = None


class DisputesAsked(DisputeFilters, At, Slice, SeenBy):
    """Which disputes, in which order: by default those first of which a clock runs out first."""

    id_part: PartOfId | None = None
    sort: Sorts = "due"


class FiguresAsked(Moment, SeenBy):
    """Of which cases, told apart by what."""

    by: Annotated[list[Split] | None, Field(max_length=3)] = None
    account: UUID | None = None
    owner: UUID | None = None
    side: Side | None = None
    reason: Reason | None = None
    currency: Currency | None = None
    opened_from: _Instant | None = None
    opened_before: _Instant | None = None


class FiguresThen(FiguresFound):
    """The figures, and the moment they are about."""

    as_of: int | None
    basis: Basis


class DisputeView(Case):
    """All that is said of a case, from the log itself."""

    title: str
    side: Side
    account: UUID
    account_name: str | None = None
    owner: UUID
    owner_name: str | None = None
    team: UUID | None
    team_name: str | None = None
    status: Status
    reason: Reason
    reason_text: str | None
    severity: Severity
    currency: str
    commodity: str | None
    region: str | None
    our_calendar: str | None
    their_calendar: str | None
    contract: UUID | None
    obligation: UUID | None
    parent: UUID | None
    opened_at: datetime | None
    closed_at: datetime | None
    reopen_until: datetime | None
    root_cause: str | None
    escalation: int
    chain: UUID = Field(description="The correlation id of what came of it, and of what it came from: /v1/causal-chains/{id}.")
    names: dict[UUID, str] = Field(description="What the members who took part are called.")


_NAMED = (("account", "account", "legal_name"), ("owner", "member", "name"), ("team", "team", "name"))
_PLAIN = tuple(
    n
    for n in DisputeView.model_fields
    if n not in Case.model_fields and not n.endswith("_name") and n not in {"escalation", "chain", "names"}
)


@noun.router.get("", response_model=Found[DisputeCard], operation_id="list_disputes", responses=documented(Invalid, NotFound, *PROBLEMS))
async def list_disputes(caller: DisputeReader, asked: Annotated[DisputesAsked, Query()]) -> Response:
    """The disputes within the caller's reach, filtered and sorted, page by page; in a queue's order where no other is asked for."""
    sort, descending = order(asked.sort)
    async with reading(caller, asked, *MODELS) as opened:
        scope = await rows_of(caller, Action.DISPUTE_READ, DISPUTES.name, opened.as_of, asked, supplier=SUPPLIER)
        given = asked.given() | ({"id_part": asked.id_part} if asked.id_part else {})
        found = await dispute_list(
            opened, scope=scope, at=asked.at, sort=sort, descending=descending, limit=asked.limit, cursor=asked.cursor, **given
        )
        return page(found, opened.as_of)


@noun.router.get(
    "/figures", response_model=FiguresThen, operation_id="read_dispute_figures", responses=documented(Invalid, NotFound, *PROBLEMS)
)
async def read_dispute_figures(caller: DisputeReader, asked: Annotated[FiguresAsked, Query()]) -> Response:
    """Days to a settlement, what was recovered and what leaked away, of the cases within the caller's reach."""
    async with reading(caller, asked, *MODELS) as opened:
        scope = await rows_of(caller, Action.DISPUTE_READ, DISPUTES.name, opened.as_of, asked, supplier=SUPPLIER)
        given = {name: getattr(asked, name) for name in ("account", "owner", "side", "reason", "currency", "opened_from", "opened_before")}
        plain = {name: getattr(value, "value", value) for name, value in given.items()}
        found = await dispute_figures(opened, by=list(dict.fromkeys(asked.by or ())), scope=scope, **plain)
        return stood(found, opened.as_of, found.position)


async def history_at(caller: Caller, id: UUID, as_of: AsOf) -> list[Recorded]:
    """A case's events as they stood at a moment, in the order in which its state folds them."""
    store = caller.doors.store
    if as_of.now:
        return list(await store.history(caller.tenant, id))
    known = as_of.basis is Basis.KNOWN
    history = await store.history(caller.tenant, id, upto=as_of.position if known else None)
    if known or as_of.instant is None:
        return list(history)
    return sorted((r for r in history if r.effective_at <= as_of.instant), key=lambda r: (r.effective_at, r.position))


async def names_of(caller: Caller, ids: Iterable[UUID], as_of: AsOf) -> dict[UUID, str]:
    """What members were called at a moment; those who are none are left out."""
    found = {id: (await state_at(caller, DECIDERS["member"], id, as_of))[0] for id in dict.fromkeys(ids)}
    return {id: state.name for id, state in found.items() if state is not None}


async def _view(caller: Caller, id: UUID, case: Dispute, as_of: AsOf) -> dict[str, Any]:
    history = await history_at(caller, id, as_of)
    told = case_of(case, history)
    view: dict[str, Any] = {
        **dict(told),
        **{name: getattr(case, name) for name in _PLAIN},
        "escalation": case.level,
        "chain": case.root or id,
    }
    for name, decider, field in _NAMED:
        named = view[name]
        state = None if named is None else (await state_at(caller, DECIDERS[decider], named, as_of))[0]
        view[f"{name}_name"] = getattr(state, field, None)
    view["names"] = await names_of(caller, (r.actor for r in history), as_of)
    return view


class TimelineAsked(Slice, SeenBy):
    """Which part of a dispute's timeline."""


@noun.router.get(
    "/{id}/timeline",
    response_model=Found[Told],
    operation_id="read_dispute_timeline",
    responses=documented(NotFound, Invalid, *PROBLEMS),
)
async def read_dispute_timeline(id: IdParameter, caller: DisputeReader, asked: Annotated[TimelineAsked, Query()]) -> Response:
    """What happened in a dispute, in sentences, newest first."""
    await seen(caller, disputes, id, Action.DISPUTE_READ, SIGHT)
    async with reading(caller, asked, *MODELS) as opened:
        await check_eyes(caller, asked, noun, Action.DISPUTE_READ, id, opened.as_of)
        found = await story(opened, [id], limit=asked.limit, cursor=asked.cursor)
        return page(Page(items=found.items, next=found.next, position=found.position), opened.as_of)


add_one(noun, DisputeView, Action.DISPUTE_READ, _view)
add_history(noun, Action.DISPUTE_READ)
router = noun.router
