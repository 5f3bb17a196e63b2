"""Reading contacts, interactions and notifications one by one, and the list of contacts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api import contacts, interactions
from api.accounts import SUPPLIER, check_account
from api.callers import Caller, ContactReader
from api.moments import PROBLEMS
from api.problems import documented
from api.reading import Found, PartOfId, Slice, order, page, reading
from api.registers import add_history, add_one
from api.seen_by import SeenBy, judged_by
from domain.attributes import AttributeValue
from domain.contacts import Channel, Consent, Contact
from domain.interactions import Direction, Interaction, InteractionKind
from domain.kernel import Invalid, NotFound
from infra.access import Action, scope
from projections.accounts import Accounts
from projections.as_of import AsOf
from projections.contacts import ContactCard, Contacts, contact_list


class ContactsAsked(Slice, SeenBy):
    """Which contacts, in which order."""

    account: UUID | None = None
    email: Annotated[str | None, Field(min_length=3, max_length=254, pattern=r"^[^\x00-\x20]+$")] = None
    erased: bool | None = None
    text: Annotated[str | None, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$", description="Anywhere in name or address.")] = (
        None
    )
    id_part: PartOfId | None = None
    sort: Literal["name", "-name", "opened_at", "-opened_at"] = "name"


class ContactView(BaseModel):
    """All that is said of a contact. `positions`: roles by account. Who was erased reads as erased."""

    name: str
    email: str | None
    phone: str | None
    mobile: str | None
    title: str | None
    positions: dict[UUID, list[str]]
    consents: dict[Channel, Consent]
    attributes: dict[str, AttributeValue]
    erased: bool


class FollowUpView(BaseModel):
    """What was promised, by whom, for which day in `zone`."""

    owner: UUID
    due: str
    zone: str
    open: bool


class InteractionView(BaseModel):
    """All that is said of an interaction. `follow_ups` by id."""

    kind: InteractionKind
    happened_at: datetime
    by: UUID
    accounts: list[UUID]
    contacts: list[UUID]
    members: list[UUID]
    deal: UUID | None
    direction: Direction | None
    minutes: int | None
    subject_line: str | None
    text: str | None
    follow_ups: dict[UUID, FollowUpView]
    retracted: bool


async def _contact(_caller: Caller, _id: UUID, contact: Contact, _as_of: AsOf) -> dict[str, Any]:
    return {name: getattr(contact, name) for name in ContactView.model_fields}


async def _interaction(_caller: Caller, _id: UUID, interaction: Interaction, _as_of: AsOf) -> dict[str, Any]:
    return {name: getattr(interaction, name) for name in InteractionView.model_fields}


@contacts.router.get(
    "", response_model=Found[ContactCard], operation_id="list_contacts", responses=documented(Invalid, NotFound, *PROBLEMS)
)
async def list_contacts(caller: ContactReader, asked: Annotated[ContactsAsked, Query()]) -> Response:
    """The contacts of accounts within the caller's reach, page by page."""
    await check_account(caller, asked.account)
    sort, descending = order(asked.sort)
    given = {name: value for name in ("account", "email", "erased", "text", "id_part") if (value := getattr(asked, name)) is not None}
    async with reading(caller, asked, Contacts, Accounts) as opened:
        standing, then = await judged_by(caller, asked, opened.as_of)
        reach = scope(standing, Action.CONTACT_READ, owner="a.owner", team="a.team", supplier=f"a.{SUPPLIER}")
        found = await contact_list(
            opened, scope=reach, then=then, sort=sort, descending=descending, limit=asked.limit, cursor=asked.cursor, **given
        )
        return page(found, opened.as_of)


add_one(contacts.noun, ContactView, Action.CONTACT_READ, _contact)
add_history(contacts.noun, Action.CONTACT_READ)
add_one(interactions.noun, InteractionView, Action.INTERACTION_READ, _interaction)
add_history(interactions.noun, Action.INTERACTION_READ)
routers = (contacts.router, interactions.router)
