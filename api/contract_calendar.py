"""The contract calendar, and what is owed by contracts: days that facts have set, by range, owner, team or account."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from api.callers import Caller, ContractReader
from api.contract_reads import MODELS
from api.contracts import BOUGHT
from api.moments import PROBLEMS, Day
from api.problems import documented
from api.reading import Found, PartOfId, Slice, order, page, reading, rows_of
from api.seen_by import SeenBy
from domain.contracts.terms import OccurrenceStatus, Party, Side
from domain.kernel import Invalid, NotFound
from infra.access import Action
from projections.contract_calendar import ContractDay, contract_calendar
from projections.contract_tables import CONTRACTS

router = APIRouter(prefix="/v1", tags=["contracts"])
Kind = Literal["send_by", "deadline", "renewal", "term_end", "end", "obligation"]
_HANDLED = {"from_day", "before_day", "open", "kind", "status", "sort"}


class DaysAsked(Slice, SeenBy):
    """Which days. A filter that is left away does not narrow."""

    from_day: Annotated[Day | None, Field(description="This day or later.")] = None
    before_day: Annotated[Day | None, Field(description="Before this day.")] = None
    open: Annotated[bool | None, Field(description="Nothing has become of it yet.")] = None
    party: Annotated[UUID | None, Field(description="The account that the contract is with.")] = None
    owner: Annotated[UUID | None, Field(description="Of the contract.")] = None
    team: UUID | None = None
    side: Side | None = None
    contract: UUID | None = None
    sort: Literal["day", "-day"] = "day"

    def given(self) -> dict[str, Any]:
        """The filters by name."""
        names = type(self).model_fields.keys() - Slice.model_fields.keys() - SeenBy.model_fields.keys() - _HANDLED
        found = {name: getattr(self, name) for name in names}
        return {name: getattr(value, "value", value) for name, value in found.items() if value is not None}


class CalendarAsked(DaysAsked):
    """Which kinds of days."""

    kind: Annotated[
        list[Kind] | None,
        Field(
            max_length=6,
            description="send_by and deadline: to give notice; renewal: to prepare it; term_end; end: the last day in force, known for "
            "sure; obligation: something owed is due.",
        ),
    ] = None


class ObligationsAsked(DaysAsked):
    """Which of what is owed, each time by itself."""

    status: Annotated[list[OccurrenceStatus] | None, Field(max_length=6)] = None
    by: Annotated[Party | None, Field(description="Who owes it.")] = None
    responsible: Annotated[UUID | None, Field(description="Our member who sees to it.")] = None
    obligation: UUID | None = None
    disputed: Annotated[bool | None, Field(description="The breach is claimed in a dispute.")] = None
    id_part: PartOfId | None = None


async def _days(caller: Caller, asked: DaysAsked, *, only_obligations: bool, **filters: Any) -> Response:
    async with reading(caller, asked, *MODELS) as opened:
        scope = await rows_of(caller, Action.CONTRACT_READ, CONTRACTS.name, opened.as_of, asked, supplier=BOUGHT, id="contract")
        found = await contract_calendar(
            opened,
            scope=scope,
            first=asked.from_day,
            before=asked.before_day,
            only_open=asked.open,
            only_obligations=only_obligations,
            descending=order(asked.sort)[1],
            limit=asked.limit,
            cursor=asked.cursor,
            **asked.given(),
            **filters,
        )
        return page(found, opened.as_of)


@router.get(
    "/contract-calendar",
    response_model=Found[ContractDay],
    operation_id="read_contract_calendar",
    responses=documented(Invalid, NotFound, *PROBLEMS),
)
async def read_contract_calendar(caller: ContractReader, asked: Annotated[CalendarAsked, Query()]) -> Response:
    """The days that count for the contracts within the caller's reach: notice, renewals, ends, what is due; in order."""
    return await _days(caller, asked, only_obligations=False, kinds=asked.kind)


@router.get(
    "/obligations", response_model=Found[ContractDay], operation_id="list_obligations", responses=documented(Invalid, NotFound, *PROBLEMS)
)
async def list_obligations(caller: ContractReader, asked: Annotated[ObligationsAsked, Query()]) -> Response:
    """What is owed by contracts within the caller's reach, by both parties, in order of the day it is due."""
    return await _days(caller, asked, only_obligations=True, statuses=[s.value for s in asked.status] if asked.status else None)
