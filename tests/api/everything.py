"""One of each thing that the API tells of, and every operation with an address at which there is something to read."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi.routing import APIRoute
from httpx2 import AsyncClient, Response

from api.openapi import routes_of, stated
from domain.kernel import Role
from domain.papers import papers
from tests.api.conftest import World, anyway, key, ok
from tests.api.test_approvals import asked
from tests.api.test_contracts import days, signed
from tests.api.test_disputes import opened
from tests.api.test_interactions import call
from tests.api.test_papers import prepared

ENDLESS = "stream_events"
_FRAME = {"position", "as_of", "basis"}
"""What an answer says of itself; the rest is what it says of the business."""
_ASKED: dict[str, dict[str, str]] = {
    "read_contract_terms": {"on": days(1)},
    "read_rates": {"base": "EUR", "quote": "USD"},
    "draw_sample": {"seed": "7"},
    "list_disputes": {"at": "2031-01-01T00:00:00Z"},
    "replay_approvals": {"first_day": "2026-01-01", "last_day": days(0)},
    "prove_inclusion": {"position": "1"},
    "prove_consistency": {"from": "1"},
    "export_bundle": {"position": "1"},
}
"""Queries that an operation needs, or without which its answer would be about the instant at which it is asked."""


@dataclass(frozen=True)
class Read:
    """A GET with an address, what it needs in its query, and who may call it."""

    name: str
    url: str
    asked: dict[str, str]
    takes: frozenset[str]
    roles: frozenset[Role]
    no_past: str | None

    @property
    def past(self) -> bool:
        return "as_of" in self.takes

    def who(self, *wanted: Role) -> Role:
        """The first of these roles that may call it; else any that may."""
        return next((role for role in (*wanted, Role.ADMIN, Role.AUDITOR) if role in self.roles), min(self.roles or set(Role)))

    async def get(self, client: AsyncClient, **more: Any) -> Response:
        return await client.get(self.url, params={**self.asked, **more})


@dataclass
class Things:
    """An id of each kind, by the noun of its address; and the position before any of them was there."""

    before: int
    ids: dict[str, str] = field(default_factory=dict)


def content(response: Response) -> str:
    """What an answer says of the business, as it is written."""
    body = ok(response)
    return json.dumps({name: value for name, value in body.items() if name not in _FRAME} if isinstance(body, dict) else body)


async def furnish_all(world: World) -> Things:
    """Make one of each, as people do, and change what every tenant has from its beginning."""
    made = Things(await world.events())
    ids, place = made.ids, world.acme
    ids["deals"], ids["approvals"] = await asked(world)
    ids["contracts"] = await signed(world, number="C-7")
    examples = {
        document["operationId"]: (route.path_format, document) for route, method, document in routes_of(world.app) if method == "POST"
    }

    async with world.client(Role.ADMIN) as client:

        async def make(operation: str, **more: Any) -> str:
            path, document = examples[operation]
            body = document["requestBody"]["content"]["application/json"]["example"] | more
            response = await client.post(path, json=body, headers=anyway())
            assert response.status_code in (200, 201), (operation, response.text)
            return str(response.json()["id"])

        ids["accounts"] = await make(
            "open_account", legal_name="Quite Another", owner=str(place.members[Role.ACCOUNT_MANAGER]), parent=None
        )
        ids["contacts"] = await make("add_contact", account=str(place.account))
        ids["teams"] = await make("form_team", name="South")
        ids["members"] = await make("add_member")
        ids["products"] = await make("add_product")
        ids["clauses"] = await make("define_clause", key="penalty")
        ids["templates"] = await make("define_template", key="offer")
        ids["pipelines"] = await make("define_pipeline")
        for operation in ("define_approval_policy", "define_scorecard", "record_rates", "change_settings", "define_deal_attribute"):
            await make(operation, **({"fiscal_year_start": 7} if operation == "change_settings" else {}))
        ids["disputes"] = ids["causal-chains"] = await opened(client, place)
        late = {"account": str(place.supplier), "order": "PO-1"}
        await make("record_supplier_order", **late)
        await make("record_supplier_delivery", **late)
        talk = call(world, follow_ups=[{"text": "Call back", "owner": str(place.members[Role.ADMIN]), "due": days(30)}], deal=ids["deals"])
        ids["interactions"] = str(ok(await client.post("/v1/interactions", json=talk, headers=key()), 201)["id"])
        owed = {"title": "Report", "by": "us", "due": {"anchor": "date", "on": days(5)}, "recurrence": {"every": 1}, "proof": "document"}
        ok(await client.post(f"/v1/contracts/{ids['contracts']}/obligations", json=owed, headers=anyway()))
    ids["papers"] = str((await prepared(world))["id"])
    paper: Any = (await world.doors.store.load(place.tenant, papers, UUID(ids["papers"]))).state
    ids["documents"] = str(paper.data_sha256)
    ids["suppliers"], ids["privacy"], ids["audit"] = str(place.supplier), ids["contacts"], ids["deals"]
    return made


def every_read(world: World, ids: dict[str, str]) -> list[Read]:
    """Every GET of the document but the stream that never ends. What no id is given for is asked for by one that nothing has."""
    found = []
    for route, method, document in routes_of(world.app):
        if method == "GET" and document["operationId"] != ENDLESS:
            name, parts = document["operationId"], route.path_format.split("/")
            takes = frozenset(p["name"] for p in document.get("parameters", ()) if p["in"] == "query")
            url = address(route, ids.get(parts[2], str(world.acme.deal)))
            no_past = document.get("x-concord-no-past")
            found.append(Read(name, url, _ASKED.get(name, {}), takes, roles_of(route), no_past))
    return found


def address(route: APIRoute, id: str) -> str:
    """The route's address with an id in it, and something that is there for the rest."""
    given = {"{id}": id, "{sha256}": id if len(id) == 64 else "0" * 64, "{noun_name}": "deal", "{list_name}": "deals", "{version}": "1"}
    url = route.path_format
    for name, value in {**given, "{position}": "1", "{day}": "2026-01-01"}.items():
        url = url.replace(name, value)
    return url


def roles_of(route: APIRoute) -> frozenset[Role]:
    """Who may call it; nobody in particular where any session may."""
    return frozenset().union(*(getattr(door, "roles", frozenset()) for door in stated(route)))
