"""Reading contracts: the list, one with all that is said of it, the terms in force on a day, and its history in sentences."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from api import obligations
from api.callers import ContractReader
from api.contract_views import ContractView, TermsInForce, contract_view, in_force
from api.contracts import BOUGHT, noun
from api.conventions import reply
from api.moments import PROBLEMS, Day, told
from api.nouns import IdParameter
from api.problems import documented
from api.reading import Found, Number, PartOfId, Searched, Slice, order, page, reading, rows_of
from api.registers import Eyed, add_history, add_one, stood_at
from api.seen_by import SeenBy
from domain.contract_dates import RenewalKind
from domain.contracts.terms import ContractStatus, Side
from domain.kernel import Invalid, NotFound
from domain.values import Currency
from infra.access import Action
from projections.accounts import Accounts
from projections.approvals import Approvals
from projections.contract_list import ContractCard, contract_list
from projections.contract_tables import CONTRACTS
from projections.contracts import Contracts
from projections.members import Members

MODELS = (Contracts, Accounts, Members, Approvals)
Sorts = Literal[
    "send_by", "-send_by", "ends", "-ends", "annual", "-annual", "title", "-title", "since", "-since", "drafted_at", "-drafted_at"
]


class ContractsAsked(Slice, SeenBy):
    """Which contracts, in which order. A filter that is left away does not narrow."""

    party: Annotated[UUID | None, Field(description="The account that it is with.")] = None
    owner: UUID | None = None
    team: UUID | None = None
    side: Side | None = None
    status: ContractStatus | None = None
    live: Annotated[bool | None, Field(description="In force: active or expiring.")] = None
    renewal: RenewalKind | None = None
    deal: UUID | None = None
    currency: Currency | None = None
    annual_from: Annotated[Number | None, Field(description="Worth so much a year, in the reporting currency.")] = None
    annual_to: Number | None = None
    ends_from: Annotated[Day | None, Field(description="Its last known day, or the end of its term, is this day or later.")] = None
    ends_before: Day | None = None
    send_by_from: Annotated[Day | None, Field(description="Notice is to be sent by this day or later.")] = None
    send_by_before: Day | None = None
    noticed: Annotated[bool | None, Field(description="With a notice that holds, of either party.")] = None
    missed: Annotated[bool | None, Field(description="The last day to give notice passed without one, in the term that runs.")] = None
    breached: Annotated[bool | None, Field(description="Something owed by it was not done in time, and has not been since.")] = None
    amending: Annotated[bool | None, Field(description="With an amendment that waits.")] = None
    text: Annotated[Searched | None, Field(description="Looked for anywhere in title, number and the other party's name.")] = None
    id_part: PartOfId | None = None
    sort: Sorts = "send_by"

    def given(self) -> dict[str, Any]:
        """The filters by name."""
        names = ContractsAsked.model_fields.keys() - Slice.model_fields.keys() - SeenBy.model_fields.keys() - {"sort"}
        found = {name: getattr(self, name) for name in names}
        return {name: getattr(value, "value", value) for name, value in found.items() if value is not None}


@noun.router.get("", response_model=Found[ContractCard], operation_id="list_contracts", responses=documented(Invalid, NotFound, *PROBLEMS))
async def list_contracts(caller: ContractReader, asked: Annotated[ContractsAsked, Query()]) -> Response:
    """The contracts within the caller's reach, filtered and sorted, page by page."""
    sort, descending = order(asked.sort)
    async with reading(caller, asked, *MODELS) as opened:
        scope = await rows_of(caller, Action.CONTRACT_READ, CONTRACTS.name, opened.as_of, asked, supplier=BOUGHT)
        found = await contract_list(
            opened, scope=scope, sort=sort, descending=descending, limit=asked.limit, cursor=asked.cursor, **asked.given()
        )
        return page(found, opened.as_of)


add_one(noun, ContractView, Action.CONTRACT_READ, contract_view)
add_history(noun, Action.CONTRACT_READ)


class TermsAsked(Eyed):
    """On which day."""

    on: Annotated[Day, Field(description="A day in the contract's zone.", examples=["2027-03-31"])]


@noun.router.get(
    "/{id}/terms", response_model=TermsInForce, operation_id="read_contract_terms", responses=documented(Invalid, NotFound, *PROBLEMS)
)
async def read_contract_terms(id: IdParameter, caller: ContractReader, asked: Annotated[TermsAsked, Query()]) -> Response:
    """The terms in force on a day, amendments included, and when the contract would end if notice were sent on it."""
    stood = await stood_at(caller, noun, id, Action.CONTRACT_READ, asked)
    found = await in_force(caller, stood.state, asked.on, stood.as_of)
    return reply({**found, **told(stood.as_of)}, headers={"Concord-Position": str(stood.head)})


router = obligations.router
"""With the routes of what is owed."""
