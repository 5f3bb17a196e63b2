"""Reading accounts: the directory, one account, and its history."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.accounts import SUPPLIER, noun
from api.callers import AccountReader, Caller
from api.moments import PROBLEMS
from api.problems import documented
from api.reading import Found, PartOfId, Slice, order, page, reading, rows_of
from api.registers import add_history, add_one
from api.seen_by import SeenBy
from domain.accounts import Account, AccountRole, Registration, Relationship
from domain.attributes import AttributeValue
from domain.kernel import Invalid, NotFound
from domain.values import Country
from infra.access import Action
from projections.accounts import ACCOUNTS, AccountCard, Accounts, directory
from projections.as_of import AsOf
from projections.members import Members


class AccountsAsked(Slice, SeenBy):
    """Which accounts, in which order."""

    owner: UUID | None = None
    team: UUID | None = None
    parent: UUID | None = None
    country: Country | None = None
    role: AccountRole | None = None
    closed: bool | None = None
    merged: Annotated[bool, Field(description="With those that were merged into others.")] = False
    text: Annotated[
        str | None, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$", description="Anywhere in name or web domain.")
    ] = None
    id_part: PartOfId | None = None
    sort: Literal["legal_name", "-legal_name", "opened_at", "-opened_at"] = "legal_name"


class AccountView(BaseModel):
    """All that is said of an account, from the log itself."""

    legal_name: str | None
    domain: str | None
    country: str | None
    industry: str | None
    relationship: Relationship | None
    cadence_days: int | None
    registration: Registration | None
    roles: list[AccountRole]
    parent: UUID | None
    owner: UUID | None
    team: UUID | None
    attributes: dict[str, AttributeValue]
    closed: bool
    merged_into: UUID | None
    different_from: list[UUID]


async def _show(_caller: Caller, _id: UUID, account: Account, _as_of: AsOf) -> dict[str, Any]:
    return {name: getattr(account, name) for name in AccountView.model_fields}


@noun.router.get("", response_model=Found[AccountCard], operation_id="list_accounts", responses=documented(Invalid, NotFound, *PROBLEMS))
async def list_accounts(caller: AccountReader, asked: Annotated[AccountsAsked, Query()]) -> Response:
    """The accounts within the caller's reach, filtered and sorted, page by page."""
    sort, descending = order(asked.sort)
    names = ("owner", "team", "parent", "country", "role", "closed", "text", "id_part")
    given = {name: getattr(value, "value", value) for name in names if (value := getattr(asked, name)) is not None}
    async with reading(caller, asked, Accounts, Members) as opened:
        found = await directory(
            opened,
            scope=await rows_of(caller, Action.ACCOUNT_READ, ACCOUNTS.name, opened.as_of, asked, supplier=SUPPLIER),
            sort=sort,
            descending=descending,
            limit=asked.limit,
            cursor=asked.cursor,
            merged=asked.merged,
            **given,
        )
        return page(found, opened.as_of)


add_one(noun, AccountView, Action.ACCOUNT_READ, _show)
add_history(noun, Action.ACCOUNT_READ)
router = noun.router
