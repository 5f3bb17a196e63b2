"""Papers through the doors: prepared, reviewed, sent, signed by people without a sign-in."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from api.operators import found_tenant
from domain.kernel import Role
from domain.papers import papers
from tests.api.conftest import World, anyway, key, ok, refused

AM, SM, SC, LEGAL, AUDITOR = Role.ACCOUNT_MANAGER, Role.SALES_MANAGER, Role.SALES_CHIEF, Role.LEGAL, Role.AUDITOR
SIGNERS = [
    {"name": "Mira Berg", "email": "mira@us.example", "party": "Us"},
    {"name": "Юлия <b>Щ</b>", "email": "y@them.example", "party": "Them & Co"},
]


async def prepared(world: World, template: str = "quote", role: Role = AM, **more: Any) -> dict[str, Any]:
    asked = {"subject": {"noun": "deal", "id": str(world.acme.deal)}, "template": template, **more}
    async with world.client(role) as client:
        return ok(await client.post("/v1/papers", json=asked, headers=key()), 201)


async def post(world: World, id: str, path: str, body: dict[str, Any], role: Role = AM, status: int = 200) -> Any:
    async with world.client(role) as client:
        return ok(await client.post(f"/v1/papers/{id}{path}", json=body, headers=anyway()), status)


async def state(world: World, id: str) -> Any:
    return (await world.doors.store.load(world.acme.tenant, papers, UUID(id))).state


async def links(world: World, id: str) -> list[str]:
    """The path of each signatory's link."""
    who = (await state(world, id)).signatories
    return [(await post(world, id, "/links", {"signatory": str(one)}))["url"].removeprefix(world.doors.public_url) for one in who]


async def test_a_quote_is_prepared_from_a_deal_and_downloaded_by_who_sees_the_deal(world: World):
    paper = await prepared(world, note="As agreed.")
    for role in (AM, SC, AUDITOR):
        async with world.client(role) as client:
            response = await client.get(f"/v1/papers/{paper['id']}/pdf")
            assert response.content.startswith(b"%PDF-")
            assert response.headers["content-disposition"].startswith("attachment")
            ok(await client.get(f"/v1/documents/{(await state(world, paper['id'])).data_sha256}"))
    for role, place in ((Role.PROCUREMENT, world.acme), (SC, world.other)):
        async with world.client(role, place) as client:
            refused(await client.get(f"/v1/papers/{paper['id']}/pdf"), "NotFound", 404)


async def test_a_paper_about_what_the_caller_does_not_reach_looks_like_one_about_nothing(world: World):
    for subject in (str(world.other.deal), str(uuid4())):
        async with world.client(SC) as client:
            asked = {"subject": {"noun": "deal", "id": subject}, "template": "quote"}
            refused(await client.post("/v1/papers", json=asked, headers=key()), "NotFound", 404)
    async with world.client(Role.PROCUREMENT) as client:
        asked = {"subject": {"noun": "deal", "id": str(world.acme.deal)}, "template": "quote"}
        refused(await client.post("/v1/papers", json=asked, headers=key()), "NotFound", 404)
        asked["subject"]["noun"] = "pipeline"
        refused(await client.post("/v1/papers", json=asked, headers=key()), "NotFound", 404)


async def test_the_same_data_give_the_same_file_and_preparing_it_anew_then_changes_nothing(world: World):
    paper = await prepared(world)
    again = await post(world, paper["id"], "/revise", {})
    assert again["position"] is None
    changed = await post(world, paper["id"], "/revise", {"title": "Another title"})
    assert changed["position"] is not None
    assert (await state(world, paper["id"])).revision == 2


async def test_a_contract_is_sent_only_when_somebody_else_has_let_it_pass(world: World):
    paper = await prepared(world, "contract", LEGAL)
    id = paper["id"]
    async with world.client(LEGAL) as client:
        send = {"signatories": SIGNERS}
        refused(await client.post(f"/v1/papers/{id}/send", json=send, headers=anyway()), "PaperNotReviewed", 409)
        ok(await client.post(f"/v1/papers/{id}/request-review", json={}, headers=anyway()))
        looked = {"allowed": True, "document": (await state(world, id)).document.sha256}
        refused(await client.post(f"/v1/papers/{id}/review", json=looked, headers=anyway()), "OwnPaper", 403)
    await post(world, id, "/review", looked, SM)
    await post(world, id, "/send", send, LEGAL)


async def sent(world: World) -> tuple[str, list[str]]:
    id = (await prepared(world))["id"]
    await post(world, id, "/send", {"signatories": SIGNERS, "expires_on": "2031-03-31"})
    return id, await links(world, id)


async def test_people_outside_read_and_sign_by_their_links_alone(world: World):
    id, (mine, theirs) = await sent(world)
    async with world.client() as visitor:
        page = await visitor.get(theirs)
        assert page.status_code == 200
        assert "&lt;b&gt;Щ" in page.text
        assert "<b>" not in page.text
        assert "<script" not in page.text
        assert "script-src" not in page.headers["content-security-policy"]
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert (await state(world, id)).status.value == "viewed"
        pdf = await visitor.get(f"{theirs}/paper.pdf")
        assert pdf.content.startswith(b"%PDF-")
        form = {"document": re.search(r"name=document value='([0-9a-f]{64})'", page.text)[1], "typed_name": "Ю. Щ.", "consent": "yes"}
        assert (await visitor.post(f"{theirs}/sign", data={**form, "consent": ""})).status_code == 422
        assert "你 好 in your name" in (await visitor.post(f"{theirs}/sign", data={**form, "typed_name": "你好"})).text
        assert "Your name is missing" in (await visitor.post(f"{theirs}/sign", data={**form, "typed_name": " "})).text
        for wrong in ("", "0" * 63):
            unread = await visitor.post(f"{theirs}/sign", data={**form, "document": wrong})
            assert unread.status_code == 422
            assert "open your link again" in unread.text
            assert "Your name" not in unread.text
        other = await visitor.post(f"{theirs}/sign", data={**form, "document": "0" * 64})
        assert other.status_code == 409
        before = await world.events()
        for _ in range(2):
            assert (await visitor.post(f"{theirs}/sign", data=form)).status_code == 303
        assert await world.events() == before + 1
        assert "You have signed" in (await visitor.get(theirs)).text
        assert (await state(world, id)).status.value == "partly_signed"
        ok_ = await visitor.post(f"{mine}/sign", data={**form, "typed_name": "M. Berg"})
        assert ok_.status_code == 303
    assert (await state(world, id)).signed_by_all
    async with world.client(AM) as client:
        people = ok(await client.get(f"/v1/papers/{id}"))["item"]["signatories"]
    assert [one["typed_name"] for one in people] == ["M. Berg", "Ю. Щ."]
    assert all(one["signed_at"] for one in people)


async def test_what_cannot_be_printed_is_refused_before_it_is_prepared_or_sent(world: World):
    async with world.client(AM) as client:
        asked = {"subject": {"noun": "deal", "id": str(world.acme.deal)}, "template": "quote"}
        said = refused(await client.post("/v1/papers", json={**asked, "note": "你好"}, headers=key()), "NotPrintable", 422)
        assert said["missing"] == {"the note": ["你", "好"]}
        refused(await client.post("/v1/papers", json={**asked, "template": "dispute_letter"}, headers=key()), "NoPaperFor", 422)
        id = (await prepared(world))["id"]
        people = {"signatories": [{**SIGNERS[0], "name": "王 Mira"}]}
        refused(await client.post(f"/v1/papers/{id}/send", json=people, headers=anyway()), "NotPrintable", 422)


async def test_another_link_of_a_signatory_takes_the_place_of_those_before_and_of_nobody_elses(world: World):
    id, (mine, theirs) = await sent(world)
    first = str(next(iter((await state(world, id)).signatories)))
    again = (await post(world, id, "/links", {"signatory": first}))["url"].removeprefix(world.doors.public_url)
    async with world.client() as visitor:
        assert [(await visitor.get(path)).status_code for path in (mine, theirs, again)] == [404, 200, 200]


async def test_whoever_declines_says_why_and_ends_it_for_all(world: World):
    id, (mine, theirs) = await sent(world)
    async with world.client() as visitor:
        assert (await visitor.post(f"{theirs}/decline", data={"reason": " "})).status_code == 422
        assert (await visitor.post(f"{theirs}/decline", data={"reason": "Too dear"})).status_code == 303
        sha256 = (await state(world, id)).document.sha256
        late = await visitor.post(f"{mine}/sign", data={"document": sha256, "typed_name": "M", "consent": "yes"})
        assert late.status_code == 409
        assert "declined" in late.text
        assert "<form" not in (await visitor.get(mine)).text


async def test_a_link_opens_one_paper_for_one_person_and_every_other_text_opens_nothing(world: World):
    _, (mine, _) = await sent(world)
    other, _ = await sent(world)
    token = mine.removeprefix("/sign/")
    before = await world.events()
    async with world.client() as visitor:
        pages = {}
        for tried in ("sg_" + "A" * 43, token[:-1], token + "A", token.swapcase(), "x" * 500):
            response = await visitor.get(f"/sign/{tried}")
            pages[response.text] = response.status_code
            for path in ("/sign", "/decline"):
                assert (await visitor.post(f"/sign/{tried}{path}", data={"reason": "x"})).status_code == 404
        assert list(pages.values()) == [404]
        for address in (f"/v1/papers/{other}/pdf", "/v1/papers", "/v1/deals"):
            response = await visitor.get(address, headers={"Authorization": f"Bearer {token}"})
            assert response.status_code == 401
    assert await world.events() == before


async def test_no_link_is_readable_where_it_is_kept_nor_in_any_event(world: World, database_url: str):
    _, (mine, theirs) = await sent(world)
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT l::text FROM identity.signing_links AS l").fetchall()
        events = connection.execute("SELECT convert_from(state, 'UTF8') FROM t_acme.events").fetchall()
    assert len(rows) == 2
    for path in (mine, theirs):
        token = path.removeprefix("/sign/")
        assert not any(token in row[0] or token.removeprefix("sg_") in row[0] for row in (*rows, *events))
    assert not any("mira@us.example" in row[0] for row in events), "who signs is personal"


async def test_a_link_is_given_to_signatories_of_papers_that_are_out_only(world: World):
    id = (await prepared(world))["id"]
    async with world.client(AM) as client:
        refused(await client.post(f"/v1/papers/{id}/links", json={"signatory": str(uuid4())}, headers=anyway()), "PaperNotInState", 409)
    await post(world, id, "/send", {"signatories": SIGNERS})
    async with world.client(AM) as client:
        refused(await client.post(f"/v1/papers/{id}/links", json={"signatory": str(uuid4())}, headers=anyway()), "SignatoryUnknown", 404)
    await post(world, id, "/void", {"reason": "New price"})
    async with world.client(AM) as client:
        who = str(next(iter((await state(world, id)).signatories)))
        refused(await client.post(f"/v1/papers/{id}/links", json={"signatory": who}, headers=anyway()), "PaperNotInState", 409)


async def test_a_link_is_handed_over_by_who_prepared_or_sent_the_paper_and_by_nobody_else_who_sees_it(world: World):
    id, _ = await sent(world)
    who = str(next(iter((await state(world, id)).signatories)))
    before = await world.events()
    async with world.client(SM) as client:
        refused(await client.post(f"/v1/papers/{id}/links", json={"signatory": who}, headers=anyway()), "LinkOfOthers", 403)
    assert await world.events() == before
    await post(world, id, "/links", {"signatory": who}, Role.ADMIN)


async def test_wording_is_listed_defined_in_versions_and_kept_to_those_who_word(world: World):
    async with world.client(LEGAL) as client:
        wording = {"key": "payment", "wording": {"title": "Payment", "text": "Within 10 days, {their_name}."}}
        ok(await client.post("/v1/clauses", json=wording, headers=key()), 201)
        listed = ok(await client.get("/v1/clauses", params={"limit": 200}))["items"]
        payment = next(entry["item"] for entry in listed if entry["item"]["key"] == "payment")
        assert [version["text"][:14] for version in payment["versions"]][-1] == "Within 10 days"
        assert len(payment["versions"]) == 2
        wording["wording"]["text"] = "{salary}"
        refused(await client.post("/v1/clauses", json=wording, headers=key()), "BlankUnknown", 422)
        template = {"key": "quote", "text": {"kind": "quote", "name": "Quote", "clauses": ["nowhere"]}}
        refused(await client.post("/v1/templates", json=template, headers=key()), "ClauseUnknown", 404)
    id = (await prepared(world))["id"]
    assert ("payment", 2) in {(used.key, used.version) for used in (await state(world, id)).clauses}


async def test_the_authority_of_the_seal_is_told_and_its_key_is_not(world: World):
    async with world.client(AM) as client:
        told = ok(await client.get("/v1/papers/authority/certificate"))
    assert told["certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE" not in told["certificate"]


@pytest.fixture(autouse=True)
async def wording(world: World):
    await found_tenant(world.doors.store, world.acme.tenant, "acme")


async def test_papers_are_listed_by_what_they_are_about_to_who_sees_that_as_they_were_then_and_told_in_sentences(reading: World):
    world = reading
    id, _ = await sent(world)
    position = await world.events()
    await post(world, id, "/void", {"reason": "New price"})
    now = await world.events()
    deal = f"/v1/deals/{world.acme.deal}"
    async with world.client(AM) as client:
        for asked in ({"subject": str(world.acme.deal)}, {"account": str(world.acme.account), "status": "voided"}, {"kind": "quote"}):
            found = ok(await client.get("/v1/papers", params={**asked, "at_least": now}))
            assert [(item["id"], item["status"]) for item in found["items"]] == [(id, "voided")], asked
        then = ok(await client.get("/v1/papers", params={"as_of": position, "at_least": now}))["items"][0]
        assert (then["status"], [one["party"] for one in then["signatories"]]) == ("sent", ["Them & Co", "Us"])
        one = ok(await client.get(f"/v1/papers/{id}"))
        assert one["item"]["status"] == "voided"
        assert ok(await client.get(f"/v1/papers/{id}", params={"as_of": position}))["item"]["status"] == "sent"
        assert ok(await client.get(f"/v1/papers/{id}/history"))[0]["topic"] == "paper.drafted"
        for place in (f"{deal}/timeline", f"/v1/accounts/{world.acme.account}/timeline"):
            told = ok(await client.get(place, params={"at_least": now}))["items"]
            assert "The paper was taken back (New price)." in [one["sentence"] for one in told], place
            assert any("Mira Berg was given a link" in one["sentence"] for one in told), place
    for role, place in ((Role.PROCUREMENT, world.acme), (SC, world.other)):
        async with world.client(role, place) as client:
            assert ok(await client.get("/v1/papers"))["items"] == []
            refused(await client.get(f"/v1/papers/{id}"), "NotFound", 404)
