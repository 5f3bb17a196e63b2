"""One causal chain on one page: what came of a fact, across contracts, disputes, suppliers and deals; for programs and for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.callers import Caller, ChainReader
from api.chain_page import CSP, chain_page
from api.chain_scores import ScoreMoves, score_moves
from api.conventions import reply
from api.deal_reads import MODELS
from api.execution import absent
from api.moments import PROBLEMS, told
from api.nouns import SUBJECTS, IdParameter
from api.problems import documented
from api.reading import reading
from api.registers import Eyed
from api.seen_by import eyes_of
from api.timelines import in_reach
from domain.disputes.ledger import Balance, Ledger
from domain.kernel import Invalid, NotFound, Recorded
from domain.suppliers.events import SupplierScored
from domain.values import Money
from infra.access import Standing
from infra.event_store import event_id
from projections.as_of import AsOf, Basis
from projections.causal_chains import NOUN_OF, CausalChains, chain, scored_before
from projections.contacts import Contacts
from projections.contracts import Contracts
from projections.disputes import Disputes
from projections.papers import Papers
from projections.suppliers import Suppliers
from projections.telling import Told, resolve, tell

router = APIRouter(prefix="/v1")


class ChainStep(Told):
    """One event of the chain. `because_of`: the position of the step that brought it about, where the log says so."""

    noun: str
    because_of: int | None


class ChainThing(BaseModel):
    """What the chain went through: a contract, a case, a supplier, a deal."""

    noun: str
    id: UUID
    name: str | None
    href: str


class ChainFigures(BaseModel):
    """What it came to, gross over all cases of the chain: claimed = credited + paid + written off + withdrawn + open.

    `score_before`, `score_after`: of the supplier, around what the chain moved; null: it moved none. `score_moves`: by which measures.
    """

    claimed: Money | None = None
    credited: Money | None = None
    paid: Money | None = None
    written_off: Money | None = None
    withdrawn: Money | None = None
    open: Money | None = None
    score_before: Decimal | None = None
    score_after: Decimal | None = None
    score_moves: ScoreMoves | None = None


class CausalChain(BaseModel):
    """Steps in order of time, oldest first, and what they came to. All of it is of what the caller may see."""

    correlation_id: UUID
    title: str
    things: list[ChainThing]
    figures: ChainFigures
    steps: list[ChainStep]
    hidden: int = Field(description="So many further steps are about things that the caller may not see.")
    position: int
    as_of: int | None
    basis: Basis


def _noun(recorded: Recorded) -> str:
    return NOUN_OF[recorded.event.topic.partition(".")[0]]


async def _seen(caller: Caller, events: Sequence[Recorded], eyes: Standing | None, as_of: AsOf) -> list[Recorded]:
    things: dict[str, set[UUID]] = {}
    for recorded in events:
        things.setdefault(_noun(recorded), set()).add(recorded.originator_id)
    seen: set[UUID] = set()
    for noun, ids in things.items():
        seen.update(await in_reach(caller, ids, noun, eyes, as_of))
    return [recorded for recorded in events if recorded.originator_id in seen]


def figures_of(events: Iterable[Recorded], scored_before: SupplierScored | None = None) -> ChainFigures:
    """What the events say last of each case, added up, and first and last of the score. `scored_before`: the last one ahead of these."""
    ledgers: dict[UUID, Ledger] = {}
    scores: list[SupplierScored] = []
    for recorded in events:
        ledger = getattr(recorded.event, "ledger", None)
        if isinstance(ledger, Ledger):
            ledgers[recorded.originator_id] = ledger
        if isinstance(recorded.event, SupplierScored):
            scores.append(recorded.event)
    found: dict[str, Any] = {}
    if ledgers:
        currency = next(iter(ledgers.values())).currency
        for name in Balance.model_fields:
            amount = sum((getattr(ledger.gross, name) for ledger in ledgers.values()), Decimal(0))
            found["claimed" if name == "original" else name] = Money(amount=amount, currency=currency).rounded()
    if scores:
        found |= {"score_before": scores[0].previous, "score_after": scores[-1].score}
        if scored_before is not None and scores[0].previous is not None and scores[-1].score is not None:
            found["score_moves"] = score_moves(scored_before, scores[-1])
    return ChainFigures(**found)


@router.get(
    "/causal-chains/{id}",
    tags=["causal chains"],
    response_model=CausalChain,
    operation_id="read_causal_chain",
    responses={
        **documented(NotFound, Invalid, *PROBLEMS),
        200: {"content": {"text/html": {"schema": {"type": "string"}}}, "description": "The chain; as a page where a browser asks."},
    },
)
async def read_causal_chain(id: IdParameter, request: Request, caller: ChainReader, asked: Annotated[Eyed, Query()]) -> Response:
    """What came of a fact, across nouns, by the correlation id that its events share: as JSON, or as a page that can be printed.

    A breach, the case in which it is claimed and its settlement, the supplier's score, the talk about the renewal. The id is the
    case's own, also before it is opened; contracts name it of each breach.
    """
    models = (*MODELS, CausalChains, Contacts, Contracts, Disputes, Papers, Suppliers)
    async with reading(caller, asked, *models) as opened:
        as_of = opened.as_of
        eyes = await eyes_of(caller, asked, as_of)
        events = await chain(opened, id)
        seen = await _seen(caller, events, eyes, as_of)
        if not seen:
            raise absent()
        positions = {event_id(r.originator_id, r.originator_version): r.position for r in seen}
        streams = {r.originator_id: _noun(r) for r in seen}
        names = await resolve(opened, {*streams, *(r.event.account for r in seen if hasattr(r.event, "account"))})
        suppliers = {r.originator_id: r.event.account for r in seen if _noun(r) == "supplier" and hasattr(r.event, "account")}
        steps = [
            ChainStep(
                **{name: getattr(one, name) for name in Told.model_fields},
                noun=_noun(recorded),
                because_of=None if recorded.causation_id is None else positions.get(recorded.causation_id),
            )
            for recorded, one in zip(seen, await tell(opened, seen), strict=True)
        ]
        found = CausalChain(
            correlation_id=id,
            title=_title(seen, names.found),
            things=[_thing(noun, stream, suppliers.get(stream, stream), names.found) for stream, noun in streams.items()],
            figures=figures_of(seen, await scored_before(opened, seen)),
            steps=steps,
            hidden=len(events) - len(seen),
            position=opened.position,
            **told(as_of),
        )
    headers = {"Concord-Position": str(found.position), "Vary": "Accept"}
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(chain_page(found), headers={**headers, "Content-Security-Policy": CSP})
    return reply(found, headers=headers)


def _title(seen: Sequence[Recorded], names: dict[UUID, str] | Any) -> str:
    """What it is about: what was not done, else what the first thing is called."""
    said = next((r.event.title for r in seen if hasattr(r.event, "title")), None)
    return said or next((names[r.originator_id] for r in seen if r.originator_id in names), "A causal chain")


def _thing(noun: str, stream: UUID, called: UUID, names: Any) -> ChainThing:
    return ChainThing(noun=noun, id=stream, name=names.get(called), href=f"{SUBJECTS[noun][0].prefix}/{called}")
