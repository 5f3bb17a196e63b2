"""Reading interactions and follow-ups: what was said and what was promised, page by page."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from api.accounts import SUPPLIER
from api.callers import InteractionReader
from api.interactions import noun
from api.moments import PROBLEMS, Day
from api.problems import documented
from api.reading import Found, PartOfId, Slice, order, page, reading
from api.seen_by import SeenBy, judged_by
from domain.interactions import InteractionKind
from domain.kernel import Invalid, NotFound
from infra.access import Action, Scope, Standing, scope
from projections.accounts import Accounts
from projections.contacts import Contacts
from projections.interaction_list import FollowUpCard, InteractionCard, follow_up_list, interaction_list
from projections.interactions import Interactions
from projections.members import Members

MODELS = (Interactions, Contacts, Accounts, Members)


class InteractionsAsked(Slice, SeenBy):
    """Which interactions, in which order."""

    account: UUID | None = None
    contact: UUID | None = None
    deal: UUID | None = None
    by: Annotated[UUID | None, Field(description="Held by this member.")] = None
    kind: InteractionKind | None = None
    retracted: Annotated[bool, Field(description="Only those that did not happen after all.")] = False
    id_part: PartOfId | None = None
    sort: Literal["happened_at", "-happened_at"] = "-happened_at"


class FollowUpsAsked(Slice, SeenBy):
    """Which follow-ups, in which order."""

    account: UUID | None = None
    deal: UUID | None = None
    owner: UUID | None = None
    state: Literal["open", "done", "cancelled"] = "open"
    due_before: Day | None = None
    id_part: PartOfId | None = None
    sort: Literal["due", "-due"] = "due"


def _reach(standing: Standing) -> tuple[Scope, str]:
    """(the accounts within reach, as `a`; the interactions of `r` that somebody within reach held)."""
    of_accounts = scope(standing, Action.INTERACTION_READ, owner="a.owner", team="a.team", supplier=f"a.{SUPPLIER}")
    return of_accounts, scope(standing, Action.INTERACTION_READ, owner="r.held_by").sql


@noun.router.get(
    "", response_model=Found[InteractionCard], operation_id="list_interactions", responses=documented(Invalid, NotFound, *PROBLEMS)
)
async def list_interactions(caller: InteractionReader, asked: Annotated[InteractionsAsked, Query()]) -> Response:
    """The interactions within the caller's reach, latest first, page by page."""
    _, descending = order(asked.sort)
    names = ("account", "contact", "deal", "by", "kind", "retracted", "id_part")
    given = {name: getattr(value, "value", value) for name in names if (value := getattr(asked, name)) is not None}
    async with reading(caller, asked, *MODELS) as opened:
        standing, then = await judged_by(caller, asked, opened.as_of)
        accounts, holder = _reach(standing)
        found = await interaction_list(
            opened, accounts=accounts, holder=holder, then=then, descending=descending, limit=asked.limit, cursor=asked.cursor, **given
        )
        return page(found, opened.as_of)


router = APIRouter(prefix="/v1/follow-ups", tags=["interactions"])


@router.get("", response_model=Found[FollowUpCard], operation_id="list_follow_ups", responses=documented(Invalid, NotFound, *PROBLEMS))
async def list_follow_ups(caller: InteractionReader, asked: Annotated[FollowUpsAsked, Query()]) -> Response:
    """The follow-ups of interactions within the caller's reach, and the caller's own; those due first on top."""
    _, descending = order(asked.sort)
    names = ("account", "deal", "owner", "state", "due_before", "id_part")
    given = {name: value for name in names if (value := getattr(asked, name)) is not None}
    async with reading(caller, asked, *MODELS) as opened:
        standing, then = await judged_by(caller, asked, opened.as_of)
        accounts, holder = _reach(standing)
        found = await follow_up_list(
            opened,
            accounts=accounts,
            holder=holder,
            then=then,
            owned=standing.member,
            descending=descending,
            limit=asked.limit,
            cursor=asked.cursor,
            **given,
        )
        return page(found, opened.as_of)
