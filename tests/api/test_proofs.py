"""Proofs by HTTP: what an auditor fetches and verifies alone, who may ask, and the folder that anybody may read where that is set."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace
from html import unescape

import psycopg
import pytest
from httpx2 import ASGITransport, AsyncClient

from api.app import create_app
from api.proof_pages import consistency_page, inclusion_page, sides
from api.proof_views import ConsistencyView, InclusionView, KeysView
from domain.kernel import Role
from infra.database import Tenant
from infra.proofs import merkle
from infra.proofs.checkpoints import opened
from infra.proofs.follower import Follower
from infra.proofs.notes import VerifierKey
from tests.api.conftest import World, anyway, key, ok, opening, refused


@pytest.fixture
async def signed(world: World):
    """The world, whose logs are signed when asked to."""
    follower = Follower(world.doors.database, world.doors.store, world.doors.proof_keys, world.settings)

    async def sign(place=None):
        return await follower.step((place or world.acme).tenant)

    world.sign = sign  # type: ignore[attr-defined]
    await sign()
    return world


def hashes(values):
    return [b64decode(value) for value in values]


async def test_an_auditor_verifies_an_event_with_nothing_but_the_answers(signed):
    async with signed.client(Role.AUDITOR) as client:
        keys = [VerifierKey.parse(item["vkey"]) for item in ok(await client.get("/v1/proofs/keys"))["items"]]
        for asked in ({"position": 3}, {"id": str(signed.acme.deal), "version": 1}):
            found = ok(await client.get("/v1/proofs/inclusion", params=asked))
            checkpoint = opened(found["checkpoint"], keys)
            leaf = merkle.leaf_hash(b64decode(found["envelope"]))
            assert merkle.verify_inclusion(found["position"] - 1, checkpoint.size, leaf, hashes(found["proof"]), checkpoint.root)
            event = ok(await client.get("/v1/events", params={"after": found["position"] - 1, "limit": 1}))["events"][0]
            assert event["topic"].encode() in b64decode(found["envelope"])


async def test_an_earlier_checkpoint_is_proven_to_be_the_beginning_of_the_last(signed):
    async with signed.client(Role.AUDITOR) as client:
        kept = ok(await client.get("/v1/proofs/checkpoint"))
        async with signed.client(Role.ACCOUNT_MANAGER) as seller:
            ok(await seller.post("/v1/deals", json=opening(signed.acme), headers=key()), 201)
        await signed.sign()
        found = ok(await client.get("/v1/proofs/consistency", params={"from": kept["size"]}))
        last = ok(await client.get("/v1/proofs/checkpoint"))
        assert (found["from_root"], found["to"], found["checkpoint"]) == (kept["root"], last["size"], last["checkpoint"])
        roots = hashes([kept["root"], last["root"]])
        assert merkle.verify_consistency(kept["size"], last["size"], *roots, hashes(found["proof"]))
        assert ok(await client.get("/v1/proofs/checkpoint", params={"size": kept["size"]})) == kept


async def test_sizes_between_checkpoints_are_proven_too_and_lead_to_one_that_is_signed(signed):
    async with signed.client(Role.AUDITOR) as client:
        last = ok(await client.get("/v1/proofs/checkpoint"))
        old, new = last["size"] - 5, last["size"] - 2
        refused(await client.get("/v1/proofs/checkpoint", params={"size": new}), "NotFound", 404)
        found = ok(await client.get("/v1/proofs/consistency", params={"from": old, "to": new}))
        assert (found["from"], found["to"], found["signed_size"], found["checkpoint"]) == (old, new, last["size"], last["checkpoint"])
        before, after, root = hashes([found["from_root"], found["to_root"], last["root"]])
        assert merkle.verify_consistency(old, new, before, after, hashes(found["proof"]))
        assert merkle.verify_consistency(new, last["size"], after, root, hashes(found["signed_proof"]))
        assert not merkle.verify_consistency(new, last["size"], before, root, hashes(found["signed_proof"]))
        whole = ok(await client.get("/v1/proofs/consistency", params={"from": new, "to": last["size"]}))
        assert (whole["to_root"], whole["signed_size"], whole["signed_proof"]) == (last["root"], last["size"], [])
        refused(await client.get("/v1/proofs/consistency", params={"from": new, "to": old}), "Invalid", 422)
        refused(await client.get("/v1/proofs/consistency", params={"from": old, "to": last["size"] + 1}), "NotSignedYet", 409)
        # the list of keys as of a moment before the first of them
        added = ok(await client.get("/v1/proofs/keys"))["items"][0]["added_position"]
        assert ok(await client.get("/v1/proofs/keys", params={"as_of": added - 1}))["items"] == []


async def test_what_is_not_signed_yet_is_refused_with_what_is(signed):
    head = await signed.events()
    async with signed.client(Role.AUDITOR) as client:
        body = refused(await client.get("/v1/proofs/inclusion", params={"position": head + 1}), "NotSignedYet", 409)
        assert (body["position"], body["size"]) == (head + 1, head)
        refused(await client.get("/v1/proofs/consistency", params={"from": head + 1}), "NotSignedYet", 409)
        refused(await client.get("/v1/proofs/checkpoint", params={"size": 1}), "NotFound", 404)
        refused(await client.get("/v1/proofs/inclusion", params={"id": str(signed.acme.deal), "version": 99}), "NotFound", 404)
        for asked in ({}, {"position": 1, "id": str(signed.acme.deal), "version": 1}, {"id": str(signed.acme.deal)}):
            assert (await client.get("/v1/proofs/inclusion", params=asked)).status_code == 422
    async with signed.client(Role.AUDITOR, signed.other) as client:
        refused(await client.get("/v1/proofs/checkpoint"), "NotSignedYet", 409)


async def test_an_event_that_was_altered_is_named_and_so_is_what_to_do_about_lost_tiles(signed, database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE t_acme.events SET state = '{}' WHERE position = 4")
        connection.execute("DELETE FROM t_acme.events WHERE position = 6")
    async with signed.client(Role.AUDITOR) as client:
        told = refused(await client.get("/v1/proofs/inclusion", params={"position": 4}), "EventAltered", 409)
        assert (told["position"], told["detail"][-21:]) == (4, "it was altered since.")
        told = refused(await client.get("/v1/proofs/inclusion", params={"position": 6}), "EventAltered", 409)
        assert told["detail"].endswith("it was removed since.")
        ok(await client.get("/v1/proofs/inclusion", params={"position": 5}))
    for file in (signed.settings.proofs_folder / "acme" / "tile").rglob("*"):
        if file.is_file():
            file.write_bytes(bytes(file.stat().st_size))
    async with signed.client(Role.AUDITOR) as client:
        body = refused(await client.get("/v1/proofs/inclusion", params={"position": 4}), "ProofsUnusable", 503)
        assert "concord proofs rebuild" in body["detail"]


async def test_administration_rotates_the_key_and_both_sign(signed):
    async with signed.client(Role.ADMIN) as client:
        ok(await client.post("/v1/proofs/keys", json={"overlap_days": 3}, headers=anyway()))
        await signed.sign()
        old, new = ok(await client.get("/v1/proofs/keys"))["items"]
        assert old["signs_until"] is not None
        assert new["signs_until"] is None
        note = ok(await client.get("/v1/proofs/checkpoint"))["checkpoint"]
        for item in (old, new):
            assert opened(note, [VerifierKey.parse(item["vkey"])])
    async with signed.client(Role.AUDITOR) as client:
        found = ok(await client.get("/v1/proofs/status"))
        assert found["signed"] == found["head"] == await signed.events()
        assert found["parked_at"] is None
        refused(await client.post("/v1/proofs/keys", json={}, headers=anyway()), "RoleMissing", 403)
    async with signed.client(Role.ADMIN, signed.other) as client:
        refused(await client.post("/v1/proofs/keys", json={}, headers=anyway()), "NotSignedYet", 409)


async def test_the_folder_is_served_to_anybody_only_where_that_is_set(signed, tmp_path):
    assert isinstance(signed.acme.tenant, Tenant)
    async with signed.client() as client:
        assert (await client.get("/proofs/acme/checkpoint")).status_code == 404
    app = create_app(replace(signed.settings, proofs_public=True), freeze=False)
    (tmp_path / "keys.txt").write_text("secret")
    async with app.router.lifespan_context(app), AsyncClient(transport=ASGITransport(app=app), base_url="https://concord.test") as client:
        found = await client.get("/proofs/acme/checkpoint")
        assert found.headers["content-type"] == "text/plain; charset=utf-8"
        assert found.text == (signed.settings.proofs_folder / "acme/checkpoint").read_text()
        size = int(found.text.splitlines()[1])
        tile = await client.get(f"/proofs/acme/tile/0/000.p/{size}")
        assert (tile.status_code, len(tile.content), tile.headers["content-type"]) == (200, 32 * size, "application/octet-stream")
        assert "immutable" in tile.headers["cache-control"]
        for path in ("acme/.lock", "acme/../../keys.db", "acme/tile/0/999", "..%2fkeys.db", "acme", "signed/acme"):
            assert (await client.get(f"/proofs/{path}")).status_code == 404


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
XSS = "<script>alert(1)</script>"


def paged(response, status=200):
    assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=utf-8"), response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "form-action 'self'" in response.headers["content-security-policy"]
    assert "script-src" not in response.headers["content-security-policy"]
    assert response.headers["vary"] == "Accept"
    assert "<script" not in response.text
    return unescape(response.text)


async def test_a_browser_gets_pages_that_say_what_is_proven_and_programs_get_json_as_before(signed):
    async with signed.client(Role.AUDITOR) as client:
        for path, asked, said in (
            ("status", {}, ("events are signed.", "That is all.", "Keys, oldest first", "signs since")),
            ("inclusion", {"position": 3}, ("Proven: the event at position 3", "Not proven:", "Audit path", "concord proofs inclusion 3")),
            ("consistency", {"from": 5, "to": 9}, ("Proven: the first 5 of these 9", "Not proven:", "concord proofs consistency 5 --to 9")),
        ):
            found = ok(await client.get(f"/v1/proofs/{path}", params=asked))
            text = paged(await client.get(f"/v1/proofs/{path}", params=asked, headers=BROWSER))
            note = found.get("checkpoint") or ok(await client.get("/v1/proofs/checkpoint"))["checkpoint"]
            for one in (*said, note, "docs/proofs.md", "name=position", *found.get("proof", ())):
                assert one in text, (path, one)
        document = ok(await client.get("/openapi.json"))
        for path in ("status", "inclusion", "consistency"):
            kinds = document["paths"][f"/v1/proofs/{path}"]["get"]["responses"]["200"]["content"]
            assert set(kinds) == {"application/json", "text/html"}


async def test_the_page_of_an_event_tells_what_happened_and_runs_nothing_of_it(signed):
    async with signed.client(Role.ACCOUNT_MANAGER) as seller:
        ok(await seller.post("/v1/deals", json=opening(signed.acme) | {"title": XSS}, headers=key()), 201)
    await signed.sign()
    head = await signed.events()
    async with signed.client(Role.AUDITOR) as client:
        after, position = 0, 0
        while after < head:
            page = ok(await client.get("/v1/events", params={"after": after, "topic": "deal.opened"}))
            after, position = page["after"], max([position, *(event["position"] for event in page["events"])])
        response = await client.get("/v1/proofs/inclusion", params={"position": position}, headers=BROWSER)
        assert XSS in paged(response), "in the event's sentence"
        assert "&lt;script&gt;" in response.text


async def test_a_page_is_refused_in_words_to_who_may_not_and_where_nothing_can_be_proven(signed, database_url):
    head = await signed.events()
    async with signed.client(Role.ACCOUNT_MANAGER) as client:
        for path in ("status", "inclusion?position=3", "consistency?from=3"):
            text = paged(await client.get(f"/v1/proofs/{path}", headers=BROWSER), 403)
            assert "RoleMissing" in text
            assert "Proven:" not in text
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE t_acme.events SET state = '{}' WHERE position = 4")
    async with signed.client(Role.AUDITOR) as client:
        text = paged(await client.get("/v1/proofs/inclusion", params={"position": head + 1}, headers=BROWSER), 409)
        assert "is not in that checkpoint" in text
        text = paged(await client.get("/v1/proofs/inclusion", params={"position": 4}, headers=BROWSER), 409)
        assert "This event was altered" in text
        assert "position 4" in text
        text = paged(await client.get("/v1/proofs/inclusion", params={"position": XSS}, headers=BROWSER), 422)
        assert "nothing is proven" in text
        refused(await client.get("/v1/proofs/inclusion", params={"position": 4}), "EventAltered", 409)
    async with signed.client(Role.AUDITOR, signed.other) as client:
        assert "Nothing is signed yet" in paged(await client.get("/v1/proofs/status", headers=BROWSER))
    async with signed.client() as client:
        answer = await client.get("/v1/proofs/status", headers=BROWSER)
        paged(answer, 401)
        assert "www-authenticate" in answer.headers


async def test_a_page_of_a_proof_that_does_not_verify_says_so(signed):
    async with signed.client(Role.AUDITOR) as client:
        one = InclusionView.model_validate(ok(await client.get("/v1/proofs/inclusion", params={"position": 3})))
        two = ConsistencyView.model_validate(ok(await client.get("/v1/proofs/consistency", params={"from": 5, "to": 9})))
        keys = KeysView.model_validate(ok(await client.get("/v1/proofs/keys"))).items
    wrong = b64encode(bytes(32)).decode()
    for page in (
        inclusion_page(one.model_copy(update={"proof": [wrong, *one.proof[1:]]}), keys, None),
        inclusion_page(one.model_copy(update={"envelope": wrong}), keys, None),
        inclusion_page(one.model_copy(update={"root": wrong}), keys, None),
        inclusion_page(one, [], None),
        consistency_page(two.model_copy(update={"proof": [wrong, *two.proof[1:]]}), keys),
        consistency_page(two.model_copy(update={"signed_proof": [wrong, *two.signed_proof[1:]]}), keys),
        consistency_page(two.model_copy(update={"checkpoint": "no note"}), keys),
    ):
        assert "This does not verify" in page
        assert "Proven: " not in page.replace("Not proven: ", "")
    # each step's side, as who verifies by hand needs it: over a tree of seven, by hand
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(7)]
    for index in range(7):
        reached = leaves[index]
        steps = merkle.inclusion(index, 7, merkle.over(leaves))
        for side, beside in zip(sides(index, 7), steps, strict=True):
            reached = merkle.parent(beside, reached) if side == "left" else merkle.parent(reached, beside)
        assert reached == merkle.root(7, merkle.over(leaves))
