"""S4: what a caller may not read does not come out by search, sort, filter, feed or error either."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from api.openapi import routes_of
from domain.accounts import OpenAccount, accounts
from domain.contacts import AddContact, EraseContact, contacts
from domain.deals import OpenDeal, RenameDeal, deals
from domain.interactions import InteractionKind, RecordInteraction, interactions
from domain.kernel import SYSTEM, Role
from domain.values import Money
from infra.ids import uuid7
from tests.api.conftest import NEXT_YEAR, Place, World, ok

FOUND_BY, PLANTED = "quokka", "zebra"
"""What is searched for, and what must not come back: an answer may repeat what was asked."""
SECRET = f"{FOUND_BY} {PLANTED}"
STREAMING = {"stream_events"}


async def _plant(world: World, place: Place, owner: UUID) -> dict[str, UUID]:
    """An account, a person, a talk and a deal of `owner`, each with the words in every text; and an erased person."""
    ids = {name: uuid7() for name in ("accounts", "contacts", "erased", "interactions", "deals")}
    person = AddContact(name=SECRET, email=f"{FOUND_BY}.{PLANTED}@example.com", title=SECRET, account=ids["accounts"])
    talk = RecordInteraction(
        kind=InteractionKind.CALL,
        happened_at=datetime(2026, 1, 5, 9, tzinfo=UTC),
        by=owner,
        accounts=(ids["accounts"],),
        deal=ids["deals"],
        subject_line=SECRET,
        text=SECRET,
    )
    opened = OpenDeal(
        title=SECRET, account=ids["accounts"], owner=owner, close_date=NEXT_YEAR, amount=Money(amount=1, currency="EUR"), next_step=SECRET
    )
    for decider, id, command in (
        (accounts, "accounts", OpenAccount(legal_name=SECRET, roles=("customer",), owner=owner)),
        (contacts, "contacts", person),
        (contacts, "erased", person.model_copy(update={"email": None})),
        (contacts, "erased", EraseContact(reason="asked to")),
        (deals, "deals", opened),
        (deals, "deals", RenameDeal(title=f"{SECRET} renamed")),
        (interactions, "interactions", talk),
    ):
        await world.doors.store.execute(place.tenant, decider, ids[id], command, by=SYSTEM)
    return ids


def _questions(document: list[Any], ids: dict[str, UUID]) -> list[tuple[str, dict[str, str]]]:
    """Every GET, plain, and with each of its text parameters set to the word; by id for each planted thing."""
    found = []
    for route, method, operation in document:
        if method != "GET" or operation["operationId"] in STREAMING:
            continue
        path = route.path_format.replace("{noun_name}", "deal")
        paths = [path.replace("{id}", str(id)) for id in ids.values()] if "{id}" in path else [path]
        texts = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query" and "string" in str(p["schema"])]
        for path in paths:
            found += [(path, {}), *((path, {name: FOUND_BY}) for name in texts)]
    return found


@pytest.mark.parametrize("role", [Role.ACCOUNT_MANAGER, Role.PROCUREMENT, Role.PARTNER])
async def test_words_of_others_come_out_of_no_door(reading: World, role: Role):
    chief = reading.acme.members[Role.SALES_CHIEF]
    ids = await _plant(reading, reading.acme, chief)
    await _plant(reading, reading.other, reading.other.members[Role.ACCOUNT_MANAGER])
    document = list(routes_of(reading.app))
    head = str(await reading.events())
    async with reading.client(role) as client:
        for path, params in _questions(document, ids):
            for more in ({}, {"at_least": head}):
                response = await client.get(path, params={**params, **more})
                assert PLANTED not in response.text.lower(), (path, params, response.text[:300])
    async with reading.client(Role.SALES_CHIEF) as client:
        assert PLANTED in (await client.get("/v1/deals", params={"text": FOUND_BY, "at_least": head})).text
        assert PLANTED in (await client.get("/v1/accounts", params={"text": FOUND_BY, "at_least": head})).text


async def test_an_erased_person_comes_out_of_no_view(reading: World):
    ids = await _plant(reading, reading.acme, reading.acme.members[Role.SALES_CHIEF])
    head = str(await reading.events())
    async with reading.client(Role.ADMIN) as client:
        assert PLANTED not in (await client.get(f"/v1/contacts/{ids['erased']}")).text
        listed = ok(await client.get("/v1/contacts", params={"at_least": head, "limit": 200}))["items"]
        names = {item["id"]: str([item["name"], item["email"], item["title"]]) for item in listed}
        assert PLANTED not in names[str(ids["erased"])]
        assert PLANTED in names[str(ids["contacts"])]
