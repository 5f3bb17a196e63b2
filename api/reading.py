"""Answers from read models: the caller's rows only, at a moment, in pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, Field
from starlette.responses import Response

from api.callers import Caller
from api.conventions import reply
from api.moments import AheadOfLog, Moment, resolve
from api.seen_by import SeenBy, judged_by
from infra.access import Action, Scope, scope
from projections.as_of import AsOf, Basis
from projections.paging import LARGEST_PAGE, Page
from projections.projection import Projection
from projections.reading import Reading

T = TypeVar("T", bound=BaseModel)


class Slice(Moment):
    """A moment and a page."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50
    cursor: Annotated[str | None, Field(max_length=1000, pattern=r"^[A-Za-z0-9_-]+$", description="`next` of the page before.")] = None


Searched = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
"""A text that a list is searched for, or narrowed by."""
Number = Annotated[Decimal, Field(max_digits=21, decimal_places=6, allow_inf_nan=False, json_schema_extra={"pattern": "^-?[0-9]{1,15}$"})]
PartOfId = Annotated[str, Field(pattern=r"^[0-9a-f-]{4,36}$", description="The beginning or end of an id.", examples=["6e4c0012"])]


class Found(BaseModel, Generic[T]):
    """One page. `next` goes into `cursor`; null: that was all."""

    items: list[T]
    next: str | None
    position: int = Field(description="The answer holds the log at least up to here.")
    as_of: int | None = Field(description="The position the answer is about; null: now.")
    basis: Basis


@asynccontextmanager
async def reading(caller: Caller, moment: Moment, *models: type[Projection]) -> AsyncIterator[Reading]:
    """A reading at the moment that was asked for. Raises AheadOfLog, ProjectionBehind, RequestMalformed."""
    if moment.at_least is not None and moment.at_least > (head := await caller.doors.store.head(caller.tenant)):
        raise AheadOfLog("at_least names a position that the log has not reached; use one that a write answered with.", position=head)
    as_of = await resolve(caller, moment)
    async with caller.doors.reader.read(caller.tenant, *models, as_of=as_of, at_least=moment.at_least) as opened:
        yield opened


async def rows_of(
    caller: Caller, action: Action, table: str, as_of: AsOf, asked: SeenBy, *, supplier: str = "false", id: str = "id"
) -> Scope:
    """The rows of `table` that the caller reaches. Today's rights decide, whatever the moment: a past row is shown to who may see it now.

    `id`: the column of the rows that are listed which holds an id of `table`.

    With `as_seen_by`, those of them that this member reached then: a row's owner and team of that moment decide. Who may ask
    that reaches all rows. Raises RoleMissing, NotFound.
    """
    standing, then = await judged_by(caller, asked, as_of)
    reached = scope(standing, action, owner="owner", team="team", supplier=supplier)
    if then or as_of.now or reached.everything:
        return reached
    return Scope(f"{id} IN (SELECT id FROM {table} WHERE {reached.sql})", reached.params)


def page(found: Page[Any], as_of: AsOf) -> Response:
    """The answer to a list."""
    content = {"items": found.items, "next": found.next, "position": found.position, "as_of": as_of.position, "basis": as_of.basis}
    return reply(content, headers={"Concord-Position": str(found.position)})


def stood(content: BaseModel, as_of: AsOf, position: int) -> Response:
    """The answer to a roll-up; its own fields, and the moment it is about."""
    fields = {name: getattr(content, name) for name in type(content).model_fields}
    return reply({**fields, "as_of": as_of.position, "basis": as_of.basis}, headers={"Concord-Position": str(position)})


def order(sort: str) -> tuple[str, bool]:
    """`-amount` is by amount, largest first."""
    return sort.removeprefix("-"), sort.startswith("-")
