"""Searching the log and drawing samples: what is found, what is not, and pages and samples that stay as they are."""

from hashlib import sha256
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from httpx2 import AsyncClient

from domain.contacts import AddContact, contacts
from domain.deals import RenameDeal, SetNextStep, deals
from domain.kernel import SYSTEM, Actor, Role
from infra.ids import uuid7
from projections import log_search
from projections.log_index import LogIndex
from projections.rebuild import digest, rebuild
from tests.api.conftest import World, ok, refused

MARKER = "Zyxwvut"


async def _found(client: AsyncClient, world: World, **asked: Any) -> list[dict[str, Any]]:
    found = ok(await client.get("/v1/audit/events", params={"at_least": await world.events(), "limit": 200, **asked}))
    return list(found["items"])


async def _told(world: World) -> dict[str, Any]:
    """Some facts by different people; a contact whose name nobody may find."""
    acme, store = world.acme, world.doors.store
    boss, seller = acme.members[Role.SALES_MANAGER], acme.members[Role.ACCOUNT_MANAGER]
    first = await world.events()
    await store.execute(acme.tenant, deals, acme.deal, RenameDeal(title="Castings for the northern line"), by=Actor(id=seller))
    await store.execute(
        acme.tenant, deals, acme.deal, SetNextStep(next_step="Bring 410.25 kg of samples"), by=Actor(id=seller, on_behalf_of=boss)
    )
    contact = uuid7()
    done = await store.execute(
        acme.tenant, contacts, contact, AddContact(name=f"{MARKER} Weber", account=acme.account, email=f"{MARKER}@x.example"), by=SYSTEM
    )
    return {"first": first, "boss": str(boss), "seller": str(seller), "contact": str(contact), "last": done.last}


async def test_the_log_is_searched_by_who_when_what_and_words(reading: World):
    facts = await _told(reading)
    deal = str(reading.acme.deal)
    async with reading.client(Role.AUDITOR) as client:

        async def topics(**asked: Any) -> list[str]:
            return [hit["topic"] for hit in await _found(client, reading, **asked)]

        assert await topics(actor=facts["seller"]) == ["deal.next_step_set", "deal.renamed"]
        assert await topics(on_behalf_of=facts["boss"]) == ["deal.next_step_set"]
        assert await topics(id=deal, sort="position") == ["deal.opened", "deal.renamed", "deal.next_step_set"]
        assert await topics(noun="deal", topic="deal.renamed") == ["deal.renamed"]
        assert await topics(noun="contact") == ["contact.added"]
        assert await topics(text="cast north") == ["deal.renamed"]
        assert await topics(text="410.25") == ["deal.next_step_set"]
        assert await topics(text="deal renamed") == ["deal.renamed"], "words of the kind of event count too"
        assert await topics(text="castings southern") == []
        assert await topics(id=deal, since=str(facts["first"] + 2)) == ["deal.next_step_set"]
        assert await topics(id=deal, until=str(facts["first"] + 1)) == ["deal.renamed", "deal.opened"]
        assert await topics(id=deal, as_of=str(facts["first"])) == ["deal.opened"]
        assert await topics(id=deal, since="today") == await topics(id=deal)
        assert await topics(id=str(uuid4())) == []
        [hit] = await _found(client, reading, on_behalf_of=facts["boss"])
        assert (hit["on_behalf_of_name"], hit["actor_name"], hit["noun"]) == ("sales_manager", "account_manager", "deal")
        assert [h["position"] for h in await _found(client, reading, correlation=hit["correlation_id"])] == [hit["position"]]
        assert await topics(late_days=1) == []


async def test_personal_text_is_never_a_way_into_the_log(reading: World):
    facts = await _told(reading)
    async with reading.client(Role.AUDITOR) as client:
        assert await _found(client, reading, text=MARKER) == []
        [hit] = await _found(client, reading, id=facts["contact"])
        assert MARKER in hit["sentence"], "who may read the event reads it as it is"
    async with reading.doors.database.tenant(reading.acme.tenant, read_only=True) as cursor:
        await cursor.execute("SELECT count(*) FROM log_index WHERE words::text ILIKE %s", (f"%{MARKER}%",))
        assert await cursor.fetchone() == (0,)


async def test_pages_stay_as_they_are_while_more_is_recorded(reading: World):
    facts = await _told(reading)
    async with reading.client(Role.AUDITOR) as client:
        for sort, text in (("-position", None), ("position", None), ("-position", "member joined"), ("position", "member joined")):
            asked = {"sort": sort, "at_least": await reading.events(), "limit": 3} | ({"text": text} if text else {})
            whole = [hit["position"] for hit in await _found(client, reading, sort=sort, **({"text": text} if text else {}))]
            if sort == "-position":
                await reading.doors.store.execute(
                    reading.acme.tenant, deals, reading.acme.deal, RenameDeal(title=f"Member joined {len(asked)} {text}"), by=SYSTEM
                )
            paged: list[int] = []
            first = ok(await client.get("/v1/audit/events", params={**asked, "until": str(facts["last"])}))
            while True:
                paged += [hit["position"] for hit in first["items"]]
                if first["next"] is None:
                    break
                first = ok(await client.get("/v1/audit/events", params={**asked, "until": str(facts["last"]), "cursor": first["next"]}))
            assert paged == [position for position in whole if position <= facts["last"]], (sort, text)


async def test_words_are_found_alike_whether_the_log_holds_them_often_or_seldom(reading: World, monkeypatch: pytest.MonkeyPatch):
    await _told(reading)
    counts = {"member": None, "deal cast": 1, "deal renamed": 1, "castings southern": 0, "deal next 410.25": 1, "member castings": 0}
    async with reading.client(Role.AUDITOR) as client:
        await _found(client, reading)
        with psycopg.connect(reading.settings.migrator_url, autocommit=True) as owner:
            owner.execute(f"ANALYZE {reading.acme.tenant.schema}.log_index")
        for text, count in counts.items():
            for sort in ("position", "-position"):
                answers = []
                for rare, near in ((10**9, 1), (-1, 1), (-1, 10**9), (2, 3)):  # all rare, none, none and all near, some
                    monkeypatch.setattr(log_search, "RARE", rare)
                    monkeypatch.setattr(log_search, "NEAR", near)
                    answers.append([hit["position"] for hit in await _found(client, reading, text=text, sort=sort)])
                assert all(answer == answers[0] for answer in answers), (text, sort, answers)
                assert len(answers[0]) == count if count is not None else answers[0], (text, answers)


async def test_what_cannot_be_looked_for_is_refused_with_what_can(reading: World):
    async with reading.client(Role.AUDITOR) as client:
        for wrong, named in (({"noun": "bogus"}, "deal"), ({"topic": "deal.won"}, "deal.stage_entered"), ({"topic": "bogus.won"}, "deal")):
            told = refused(await client.get("/v1/audit/events", params=wrong), "Invalid", 422)
            assert named in told["detail"]
        refused(await client.get("/v1/audit/sample", params={"seed": "x", "of": "bogus"}), "Invalid", 422)
        refused(await client.get("/v1/audit/events", params={"text": "?!"}), "Invalid", 422)
        refused(await client.get("/v1/audit/events", params={"cursor": "yesterday"}), "Invalid", 422)
        refused(await client.get("/v1/audit/events", params={"since": "soon"}), "RequestMalformed", 422)
        assert ok(await client.get("/v1/audit/events", params={"text": "a' | zz\\ & !(:*"}))["items"] == []
    async with reading.client(Role.EXECUTIVE) as client:
        refused(await client.get("/v1/audit/events"), "RoleMissing", 403)


async def test_a_sample_is_drawn_again_by_seed_and_position_alone(reading: World):
    facts = await _told(reading)
    async with reading.client(Role.AUDITOR) as client:

        async def drawn(**asked: Any) -> list[int]:
            params = {"seed": "7", "size": 10, "as_of": str(facts["first"]), **asked}
            return [hit["position"] for hit in ok(await client.get("/v1/audit/sample", params=params))["items"]]

        by_hand = sorted(range(1, facts["first"] + 1), key=lambda at: sha256(f"7:{at}".encode()).digest())
        assert await drawn() == by_hand[:10]
        assert await drawn(size=4) == by_hand[:4], "a larger sample holds the smaller one"
        assert await drawn(seed="8") != by_hand[:10]
        members = ok(await client.get("/v1/audit/sample", params={"seed": "7", "of": "member", "as_of": str(facts["first"])}))
        assert members["population"] == len(Role)
        assert {hit["topic"] for hit in members["items"]} == {"member.joined"}
        assert await drawn(of="dispute") == []


async def test_a_rebuilt_index_is_the_one_that_was_kept(reading: World):
    facts = await _told(reading)
    tenant, migrator = reading.acme.tenant, reading.settings.migrator_url
    assert migrator
    await reading.doors.reader.positions.at_least(tenant, [LogIndex.name], facts["last"])
    async with reading.doors.database.tenant(tenant, read_only=True) as cursor:
        kept = await digest(cursor, LogIndex())
    assert await rebuild(migrator, reading.doors.store, tenant, [LogIndex()]) == facts["last"]
    async with reading.doors.database.tenant(tenant, read_only=True) as cursor:
        assert await digest(cursor, LogIndex()) == kept
