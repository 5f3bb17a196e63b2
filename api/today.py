"""Today: what awaits the caller."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from api.approvals import spoken_for
from api.callers import TodayReader
from api.deal_reads import MODELS
from api.moments import PROBLEMS, Moment
from api.problems import documented
from api.reading import reading, stood
from api.seen_by import SeenBy, judged_by
from domain.kernel import NotFound
from infra.access import Action, allowed
from projections.as_of import Basis
from projections.contracts import Contracts
from projections.disputes import Disputes
from projections.interactions import Interactions
from projections.today import Notifications, Today, today

router = APIRouter(prefix="/v1/today", tags=["today"])


class TodayAsked(Moment, SeenBy):
    """How much of each."""

    limit: Annotated[int, Field(ge=1, le=200)] = 100


class TodayThen(Today):
    """Today, and the moment it is about."""

    as_of: int | None
    basis: Basis


@router.get("", response_model=TodayThen, operation_id="read_today", responses=documented(NotFound, *PROBLEMS))
async def read_today(caller: TodayReader, asked: Annotated[TodayAsked, Query()]) -> Response:
    """The caller's follow-ups, notifications, deals that need attention, pending moves, approvals asked of them, and days of contracts."""
    async with reading(caller, asked, *MODELS, Contracts, Disputes, Interactions, Notifications) as opened:
        standing, then = await judged_by(caller, asked, opened.as_of)
        if not allowed(standing, Action.TODAY_READ):
            raise NotFound("That member could see nothing then.")
        me, *others = [standing.member] if then else await spoken_for(caller)
        found = await today(opened, me, standing_in_for=others, limit=asked.limit)
        return stood(found, opened.as_of, found.position)
