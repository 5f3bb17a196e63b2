"""P5: a retried request acts once, and hears what the first one did. P6: stale and missing versions."""

import asyncio
from uuid import uuid4

import pytest

from domain.kernel import Role
from tests.api.conftest import World, anyway, key, ok, opening, refused


async def test_two_hundred_keys_sent_five_times_at_once_act_two_hundred_times(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        before = await world.events()
        keys = [str(uuid4()) for _ in range(200)]

        async def send(text: str) -> tuple[str, int, bytes]:
            response = await client.post("/v1/deals", json=opening(world.acme, title=text), headers={"Idempotency-Key": text})
            return text, response.status_code, response.content

        answers = await asyncio.gather(*(send(text) for text in keys * 5))
        assert {status for _, status, _ in answers} == {201}
        for text in keys:
            assert len({content for key_, _, content in answers if key_ == text}) == 1
        assert await world.events() - before == 200


async def test_the_same_key_with_another_body_is_refused(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        headers = key()
        ok(await client.post("/v1/deals", json=opening(world.acme), headers=headers), 201)
        refused(await client.post("/v1/deals", json=opening(world.acme, title="Another"), headers=headers), "KeyReused", 422)
        refused(
            await client.post(f"/v1/deals/{world.acme.deal}/title", json={"title": "x"}, headers=headers | anyway() | headers),
            "KeyReused",
            422,
        )


async def test_two_callers_may_use_the_same_key(world: World):
    headers = key()
    chief = world.client(Role.SALES_CHIEF)
    manager = world.client(Role.ACCOUNT_MANAGER)
    async with chief, manager:
        first = ok(await chief.post("/v1/deals", json=opening(world.acme), headers=headers), 201)
        second = ok(await manager.post("/v1/deals", json=opening(world.acme), headers=headers), 201)
        assert first["id"] != second["id"]


async def test_a_late_retry_hears_its_first_outcome_whatever_the_state_became(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        path, headers = f"/v1/deals/{world.acme.deal}/title", key(**{"If-Match": '"1"'})
        first = await client.post(path, json={"title": "Renamed"}, headers=headers)
        assert ok(first)["version"] == 2
        ok(await client.post(path, json={"title": "Again"}, headers=anyway()))
        again = await client.post(path, json={"title": "Renamed"}, headers=headers)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["Concord-Repeated"] == "true"


async def test_a_refusal_is_not_remembered(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        path, headers = f"/v1/deals/{world.acme.deal}/amount", anyway()
        refused(await client.post(path, json={"amount": {"amount": "-5", "currency": "EUR"}}, headers=headers), "AmountNegative", 422)
        ok(await client.post(path, json={"amount": {"amount": "5", "currency": "EUR"}}, headers=headers))


async def test_a_write_without_a_key_and_a_change_without_a_version_are_refused(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        before = await world.events()
        refused(await client.post("/v1/deals", json=opening(world.acme)), "IdempotencyKeyMissing", 400)
        refused(await client.post("/v1/deals", json=opening(world.acme), headers={"Idempotency-Key": "two words"}), "RequestMalformed", 422)
        path = f"/v1/deals/{world.acme.deal}/title"
        refused(await client.post(path, json={"title": "x"}, headers=key()), "PreconditionMissing", 428)
        for odd in ('"1", "2"', "1", "", '"1'):
            refused(await client.post(path, json={"title": "x"}, headers=key(**{"If-Match": odd})), "RequestMalformed", 422)
        for stale in ('"7"', 'W/"1"', '"x"'):
            refused(await client.post(path, json={"title": "x"}, headers=key(**{"If-Match": stale})), "StaleVersion", 412)
        assert await world.events() == before
        ok(await client.post(path, json={"title": "x"}, headers=key(**{"If-Match": '"1"'})))


async def test_a_wrong_version_of_what_is_out_of_reach_is_answered_as_absent(world: World):
    async with world.client(Role.ACCOUNT_MANAGER, world.other) as client:
        for id in (world.acme.deal, uuid4()):
            response = await client.post(f"/v1/deals/{id}/title", json={"title": "x"}, headers=key(**{"If-Match": '"9"'}))
            refused(response, "NotFound", 404)


@pytest.mark.parametrize("writers", [8])
async def test_of_concurrent_editors_with_one_version_exactly_one_wins(world: World, writers: int):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        path = f"/v1/deals/{world.acme.deal}/title"
        for version in range(1, 11):
            answers = await asyncio.gather(
                *(client.post(path, json={"title": f"{version} {n}"}, headers=key(**{"If-Match": f'"{version}"'})) for n in range(writers))
            )
            assert sorted(a.status_code for a in answers) == [200] + [412] * (writers - 1)
