"""S1, S3, S4, S10, S20 for people from outside, on every route: their own cases, nothing internal, no files but those they may have."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.callers import Roles, SignedIn
from api.openapi import routes_of, stated
from domain.accounts import OpenAccount, accounts
from domain.disputes import commands as c
from domain.disputes import disputes
from domain.kernel import SYSTEM, Actor, Role
from tests.api.conftest import Place, World, anyway, key, ok, refused
from tests.api.test_disputes import claim, do, opened

CANARY = "zebra"
STREAMING = {"stream_events"}
PDF = b"%PDF-1.4\n%%EOF\n"


async def _plant(world: World, place: Place) -> UUID:
    """A case with the supplier in which everything internal carries the word."""
    store, id = world.doors.store, uuid4()
    head = Actor(place.members[Role.PROCUREMENT_HEAD], frozenset({Role.PROCUREMENT_HEAD}))
    order = {"kind": "order", "document": "PO-1"}
    hidden = {"kind": "other", "document": f"{CANARY}.pdf", "note": CANARY, "visibility": "internal"}
    for command in (
        c.OpenDispute.model_validate({**claim(place), "evidence": [order, hidden]}, strict=False),
        c.Comment(text=f"{CANARY} among us", visibility="internal"),
        c.AcknowledgeDispute(),
        c.InvestigateDispute(),
        c.EscalateDispute(level=1, note=CANARY),
        c.DemandCorrectiveAction(note=CANARY),
        c.RecordSettlement(kind="concession", amount=1, on="2026-03-20", note=CANARY),
    ):
        await store.execute(place.tenant, disputes, id, command, by=head)
    return id


def _operations(world: World) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [(operation["operationId"], method, route.path_format, operation) for route, method, operation in routes_of(world.app)]


@pytest.mark.parametrize("role", [Role.SUPPLIER, Role.CUSTOMER, Role.PARTNER])
async def test_nothing_internal_comes_out_of_any_door_for_who_is_from_outside(reading: World, role: Role):
    """Every route, read and write, plain and with the word in each parameter, on the caller's own case; errors too."""
    case = await _plant(reading, reading.acme)
    head = str(await reading.events())
    asked = 0
    async with reading.client(role) as client:
        for name, method, path, operation in _operations(reading):
            if name in STREAMING:
                continue
            url = path.replace("{id}", str(case)).replace("{noun_name}", "deal").replace("{sha256}", "0" * 64)
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            texts = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query" and "string" in str(p["schema"])]
            for params in ({}, {"at_least": head}, *({text: CANARY[:3]} for text in texts if method == "GET")):
                headers = {**anyway(), "Content-Type": "application/json"} if method != "GET" else {}
                content = json.dumps(body) if body is not None else None
                response = await client.request(method, url, params=params, content=content, headers=headers)
                assert CANARY not in response.text.lower(), (name, params, response.text[:300])
                asked += response.status_code == 200
            if path.startswith("/v1/portal") and body is not None:
                response = await client.request(
                    method, url, content=json.dumps({**body, "x": 1}), headers={**anyway(), "Content-Type": "application/json"}
                )
                assert CANARY not in response.text.lower(), (name, response.text[:300])
    expected = {Role.SUPPLIER: 200, Role.CUSTOMER: 404, Role.PARTNER: 403}
    async with reading.client(role) as client:
        assert (await client.get(f"/v1/portal/disputes/{case}")).status_code == expected[role]
    assert asked
    async with reading.client(Role.PROCUREMENT) as client:
        assert CANARY in (await client.get(f"/v1/disputes/{case}")).text


async def test_who_is_from_outside_reaches_no_door_but_the_portal_and_their_own_session(world: World):
    external = {Role.PARTNER, Role.SUPPLIER, Role.CUSTOMER}
    reached = set()
    for route, _, operation in routes_of(world.app):
        for door in stated(route):
            if isinstance(door, Roles) and not door.roles.isdisjoint(external):
                reached.add(operation["operationId"])
                assert route.path_format.startswith("/v1/portal")
            elif isinstance(door, SignedIn):
                assert route.path_format.startswith(("/v1/sessions", "/v1/keys", "/v1/password")), route.path_format
    known = {"list_portal_disputes", "read_portal_dispute", "accept_in_portal", "credit_in_portal", "read_portal_scorecard"}
    assert known <= reached


async def test_a_list_holds_exactly_what_single_reads_allow(reading: World):
    """S20: two suppliers, cases of both and drafts; each person lists exactly what they may read."""
    acme, rival = reading.acme, uuid4()
    await reading.doors.store.execute(acme.tenant, accounts, rival, OpenAccount(legal_name="Rival", roles=("supplier",)), by=SYSTEM)
    async with reading.client(Role.ADMIN) as ours:
        ids = [await opened(ours, acme, account=str(account)) for account in (acme.supplier, rival, acme.supplier, acme.account)]
        drafts = [ok(await ours.post("/v1/disputes/drafts", json=claim(acme), headers=key()), 201) for _ in range(2)]
    for role in (Role.SUPPLIER, Role.CUSTOMER):
        async with reading.client(role) as theirs:
            found = ok(await theirs.get("/v1/portal/disputes", params={"at_least": drafts[-1]["position"], "limit": 200}))["items"]
            everything = [*ids, *(draft["id"] for draft in drafts)]
            readable = {id for id in everything if (await theirs.get(f"/v1/portal/disputes/{id}")).status_code == 200}
            assert {card["id"] for card in found} == readable
            assert len(readable) == (2 if role is Role.SUPPLIER else 1)
            searched = ok(await theirs.get("/v1/portal/disputes", params={"text": "rival"}))["items"]
            assert searched == []
    async with reading.client(Role.PARTNER) as partner:
        refused(await partner.get("/v1/portal/disputes"), "RoleMissing", 403)


async def test_files_go_in_as_they_are_and_come_out_as_files_to_who_may_have_them(reading: World):
    acme = reading.acme
    async with reading.client(Role.PROCUREMENT) as ours, reading.client(Role.SUPPLIER) as theirs, reading.client(Role.CUSTOMER) as others:
        id = await opened(ours, acme)
        binary = {"Content-Type": "application/octet-stream", **key()}
        sent = ok(await theirs.post("/v1/portal/documents", params={"name": "../../x.pdf"}, content=PDF, headers=binary), 201)
        assert sent["sha256"] == hashlib.sha256(PDF).hexdigest()
        assert "/" not in sent["name"]
        await do(theirs, id, "evidence", {"kind": "delivery_note", "sha256": sent["sha256"]}, portal=True)
        file = await theirs.get(f"/v1/portal/disputes/{id}/documents/{sent['sha256']}")
        assert (file.status_code, file.content) == (200, PDF)
        assert file.headers["content-disposition"].startswith("attachment")
        assert file.headers["x-content-type-options"] == "nosniff"
        refused(await others.get(f"/v1/portal/disputes/{id}/documents/{sent['sha256']}"), "NotFound", 404)
        refused(
            await others.post("/v1/portal/documents", params={"name": "x.html"}, content=b"<html>", headers=binary),
            "DocumentTypeUnsupported",
            415,
        )
        mine = ok(await ours.post("/v1/documents", params={"name": "ours.pdf"}, content=PDF + b"\n", headers=binary), 201)["sha256"]
        body = {"evidence": {"kind": "other", "sha256": mine, "visibility": "internal"}}
        ok(await ours.post(f"/v1/disputes/{id}/evidence", json=body, headers=anyway()))
        refused(await theirs.get(f"/v1/portal/disputes/{id}/documents/{mine}"), "NotFound", 404)
        stolen = {"kind": "other", "sha256": mine}
        refused(await theirs.post(f"/v1/portal/disputes/{id}/evidence", json=stolen, headers=anyway()), "NotFound", 404)
        assert (await ours.get(f"/v1/documents/{sent['sha256']}")).content == PDF, "who sees the case sees what they sent"


async def test_a_supplier_reads_its_own_scores_without_who_recorded_what(reading: World):
    """Their own account's alone: the rival's month is nobody's but ours, and a score names no member and no event."""
    acme, rival = reading.acme, uuid4()
    await reading.doors.store.execute(acme.tenant, accounts, rival, OpenAccount(legal_name="Rival", roles=("supplier",)), by=SYSTEM)
    async with reading.client(Role.PROCUREMENT_HEAD) as ours:
        for account, delivered in ((acme.supplier, "2026-03-23"), (rival, "2026-03-20")):
            delivery = {"account": str(account), "order": "PO-1", "delivery": "LS-1", "due_on": "2026-03-20", "delivered_on": delivered}
            ok(await ours.post("/v1/suppliers/deliveries", json={**delivery, "units": "200"}, headers=key()), 201)
            scored = ok(await ours.post("/v1/suppliers/scores", json={"account": str(account), "month": "2026-03"}, headers=key()), 201)
        inside = ok(await ours.get(f"/v1/suppliers/{acme.supplier}/scorecard", params={"at_least": scored["position"]}))["items"][0]
    async with reading.client(Role.SUPPLIER) as theirs:
        [card] = ok(await theirs.get("/v1/portal/scorecard", params={"at_least": scored["position"]}))["items"]
        assert (card["month"], card["score"], card["band_name"]) == ("2026-03", inside["score"], inside["band_name"])
        assert [f["measure"] for f in card["figures"]] == [f["measure"] for f in inside["figures"]]
        assert not {"events", "scorecard", "blocks_orders"} & (card.keys() | card["figures"][0].keys())
        assert ok(await theirs.get("/v1/portal/scorecard", params={"months": 1}))["items"] == [card]
        refused(await theirs.get("/v1/portal/scorecard", params={"account": str(rival)}), "RequestMalformed", 422)
        refused(await theirs.get(f"/v1/suppliers/{rival}/scorecard"), "RoleMissing", 403)
        refused(await theirs.get("/v1/portal/scorecard", params={"at_least": 10**9}), "AheadOfLog", 422)
    async with reading.client(Role.CUSTOMER) as others:
        assert ok(await others.get("/v1/portal/scorecard"))["items"] == []
    for role in (Role.PARTNER, Role.PROCUREMENT_HEAD):
        async with reading.client(role) as nobody:
            refused(await nobody.get("/v1/portal/scorecard"), "RoleMissing", 403)
