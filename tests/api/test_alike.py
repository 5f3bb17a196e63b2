"""Opening an account that may be there already: the door looks for it, and says so."""

from typing import Any

import pytest

from domain.kernel import Role
from tests.api.conftest import World, anyway, key, ok, refused

SELLER, CHIEF = Role.ACCOUNT_MANAGER, Role.SALES_CHIEF


@pytest.fixture
async def office(reading: World) -> World:
    """The world, with a projector running and an account of the seller's."""
    async with reading.client(SELLER) as client:
        await _open(reading, client, "Müller & Söhne GmbH", domain="mueller.example")
    return reading


async def _open(world: World, client: Any, name: str, status: int = 201, role: Role = SELLER, **more: Any) -> Any:
    body = {"legal_name": name, "roles": ["customer"], "owner": str(world.acme.members[role]), **more}
    response = await client.post("/v1/accounts", json=body, headers=key())
    if status == 201:
        made = ok(response, 201)
        ok(await client.get("/v1/accounts", params={"at_least": made["position"]}))
        return made
    return refused(response, "LooksAlike", status)


@pytest.mark.parametrize(
    ("name", "domain", "reason"),
    [("Mueller AG", "mueller.example", "domain"), ("MÜLLER UND SOEHNE", None, None), ("Müller and Söhne", None, "name"),
     ("Muller & Söhne", None, "name"), ("Müller & Sohne KG", None, "name"), ("Müller & Töchter GmbH", None, None)],
)  # fmt: skip
async def test_the_same_domain_or_a_near_name_is_a_warning(office: World, name: str, domain: str | None, reason: str | None):
    async with office.client(SELLER) as client:
        more = {"domain": domain} if domain else {}
        if reason is None:
            await _open(office, client, name, **more)
            return
        before = await office.events()
        told = await _open(office, client, name, 409, **more)
        assert [(c["name"], c["reason"]) for c in told["candidates"]] == [("Müller & Söhne GmbH", reason)]
        assert await office.events() == before
        different = [c["account"] for c in told["candidates"]]
        made = await _open(office, client, name, different_from=different, **more)
        history = ok(await client.get(f"/v1/accounts/{made['id']}/history"))
        assert [entry["topic"] for entry in history] == ["account.opened", "account.declared_different"]


async def test_a_change_of_name_is_looked_at_too_and_other_changes_are_not(office: World):
    async with office.client(SELLER) as client:
        made = await _open(office, client, "Quite Another")
        path = f"/v1/accounts/{made['id']}"
        refused(await client.post(path, json={"domain": "mueller.example"}, headers=anyway()), "LooksAlike", 409)
        ok(await client.post(path, json={"industry": "Tools"}, headers=anyway()))
        ok(await client.post(path, json={"legal_name": "Quite Another Ltd"}, headers=anyway()))


async def test_nobody_hears_of_accounts_beyond_their_reach(office: World):
    async with office.client(CHIEF) as chief, office.client(SELLER) as seller:
        theirs = await _open(office, chief, "Secret Works", role=CHIEF, domain="secret.example")
        await _open(office, seller, "Secret Works", domain="secret.example", similar=[theirs["id"]])


async def test_a_repeated_request_hears_what_its_first_try_did(office: World):
    async with office.client(SELLER) as client:
        body = {"legal_name": "Once Only", "roles": ["customer"], "owner": str(office.acme.members[SELLER])}
        headers = key()
        made = ok(await client.post("/v1/accounts", json=body, headers=headers), 201)
        ok(await client.get("/v1/accounts", params={"at_least": made["position"]}))
        assert ok(await client.post("/v1/accounts", json=body, headers=headers), 201)["id"] == made["id"]
