"""P10: what was answered on any past day is answered again, byte for byte, from read models that were built anew since."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from httpx2 import AsyncClient
from psycopg import sql

from domain.kernel import Role
from projections.catalogue import read_models
from projections.rebuild import rebuild
from tests.api.conftest import Place, World, anyway, key, ok, opening
from tests.api.everything import content, every_read, furnish_all
from tests.api.test_contracts import terms
from tests.api.test_disputes import claim

ANSWERS = 200
PLANS: tuple[tuple[str, ...], ...] = (
    (),
    ("enable_seqscan", "enable_hashjoin", "enable_hashagg"),
    ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan", "enable_nestloop"),
    ("enable_mergejoin", "enable_nestloop", "enable_sort", "enable_material"),
)
"""What the database's planner is kept from, in turn: an answer whose order is left to the plan is not the same answer tomorrow."""


@dataclass
class Answer:
    path: str
    params: dict[str, Any]
    position: int
    content: str


async def test_two_hundred_answers_of_the_past_are_given_again_after_a_rebuild(reading: World):
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    answers: list[Answer] = []
    async with reading.client(Role.ADMIN) as client:
        things = await furnish_all(reading)
        deals, accounts = [str(reading.acme.deal)], [str(reading.acme.account)]
        # every read of a moment is asked once, at some point of the story; then those whose questions vary
        ids = things.ids | {"deals": deals[0], "audit": deals[0], "accounts": accounts[0]}
        every: list[tuple[str, dict[str, Any]]] = [(read.url, dict(read.asked)) for read in every_read(reading, ids) if read.past]
        chance.shuffle(every)
        once = len(every)
        assert once > 60
        while len(answers) < ANSWERS:
            await _change(client, chance, reading.acme, deals, accounts)
            if chance.random() < 0.5:
                await _change_rest(client, chance, ids)
            position = await reading.events()
            for _ in range(chance.randint(1, 5)):
                path, params = every.pop() if every else _question(chance, deals, accounts)
                answers.append(Answer(path, params, position, await _ask(client, path, {**params, "at_least": position})))
        assert not every
        assert len({a.content for a in answers}) > ANSWERS / 3, "the questions hardly differed"

        tenant, migrator = reading.acme.tenant, reading.settings.migrator_url
        assert migrator
        await rebuild(migrator, reading.doors.store, tenant, read_models())
        for turn, switches in enumerate(PLANS):
            await _without(reading, switches)
            for answer in (*answers[:once], *answers[once + turn :: len(PLANS)]):
                then = str(answer.position)
                if chance.random() < 0.5:
                    [event] = await reading.doors.store.at(tenant, [answer.position])
                    then = event.recorded_at.isoformat().replace("+00:00", "Z")
                again = await _ask(client, answer.path, {**answer.params, "as_of": then})
                assert again == answer.content, (seed, answer.path, answer.params, answer.position, switches)


async def _without(reading: World, switches: Sequence[str]) -> None:
    """From here on the database plans without these, for every connection."""
    assert reading.settings.migrator_url
    with psycopg.connect(reading.settings.migrator_url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(name))
        for switch in switches:
            connection.execute(sql.SQL("ALTER DATABASE {} SET {} = off").format(name, sql.Identifier(switch)))
    await reading.doors.database.pool.drain()


async def _ask(client: AsyncClient, path: str, params: dict[str, Any]) -> str:
    return content(await client.get(path, params=params))


def _question(chance: random.Random, deals: list[str], accounts: list[str]) -> tuple[str, dict[str, Any]]:
    return chance.choice(
        [
            (f"/v1/deals/{chance.choice(deals)}", {}),
            (f"/v1/accounts/{chance.choice(accounts)}", {}),
            ("/v1/deals", {"sort": chance.choice(["close_date", "-amount", "title", "opened_at"]), "limit": chance.choice([3, 200])}),
            ("/v1/deals", {"text": chance.choice(["new", "GTX", "9"])}),
            ("/v1/deals/board", {"cards": chance.choice([2, 100])}),
            ("/v1/forecast", {"by": chance.choice(["period", "owner", "team", "product", "account"])}),
            ("/v1/accounts", {"limit": 100}),
            ("/v1/disputes", {"at": "2030-01-01T00:00:00Z", "sort": chance.choice(["due", "-open", "title"])}),
            ("/v1/disputes/figures", {"by": chance.choice(["reason", "owner"])}),
            ("/v1/contracts", {"limit": chance.choice([2, 100])}),
            ("/v1/contract-calendar", {}),
            ("/v1/suppliers", {}),
            ("/v1/papers", {}),
            ("/v1/approvals", {}),
            ("/v1/audit/events", {"noun": chance.choice(["deal", "contract", "account"]), "limit": chance.choice([5, 50])}),
            ("/v1/audit/sample", {"seed": str(chance.randint(1, 9)), "size": 5, "of": "deal"}),
        ]
    )


async def _change_rest(client: AsyncClient, chance: random.Random, ids: dict[str, str]) -> None:
    """One random change to people, what is sold, and the rules."""
    number = chance.randint(31, 90)
    path, body = chance.choice(
        [
            (f"products/{ids['products']}/price", {"price": {"amount": f"{number}.00", "currency": "EUR"}}),
            (f"contacts/{ids['contacts']}", {"phone": f"+49 30 1234{number}"}),
            (f"members/{ids['members']}", {"name": f"Ana {number}"}),
            ("settings/dispute-rules", {"resolve_days": number}),
        ]
    )
    ok(await client.post(f"/v1/{path}", json=body, headers=anyway()))


async def _change(client: AsyncClient, chance: random.Random, place: Place, deals: list[str], accounts: list[str]) -> None:
    """One random change through the doors."""
    if len(deals) < 3 or chance.random() < 0.2:
        amount = {"amount": f"{chance.randint(1, 10**6)}.{chance.randint(0, 99):02}", "currency": chance.choice(["EUR", "USD"])}
        made = ok(await client.post("/v1/deals", json=opening(place, title=f"New line {len(deals)}", amount=amount), headers=key()), 201)
        deals.append(made["id"])
        return
    if chance.random() < 0.15:
        # names that are alike would be refused
        body = {"legal_name": "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=14)).title(), "roles": ["customer"]}
        made = ok(await client.post("/v1/accounts", json=body, headers=key()), 201)
        accounts.append(made["id"])
        return
    if chance.random() < 0.15:
        claimed = claim(place, account=str(place.supplier), owner=str(place.members[Role.PROCUREMENT]))
        ok(await client.post("/v1/disputes", json=claimed, headers=key()), 201)
        return
    if chance.random() < 0.1:
        who, number = str(place.members[Role.ACCOUNT_MANAGER]), f"C-{chance.randint(1, 10**6)}"
        drafted = {
            "title": f"Service {number}",
            "number": number,
            "side": "sell",
            "party": str(place.account),
            "owner": who,
            "terms": terms(),
        }
        ok(await client.post("/v1/contracts", json=drafted, headers=key()), 201)
        return
    change, body = chance.choice(
        [
            ("amount", {"amount": {"amount": f"{chance.randint(1, 10**6)}.00", "currency": chance.choice(["EUR", "USD"])}}),
            (
                "close-date",
                {"close_date": f"2031-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}", "reason": "They budget by the year."},
            ),
            ("title", {"title": f"GTX {chance.randint(1, 99)}"}),
            ("next-step", {"next_step": f"Call again about {chance.randint(1, 99)}"}),
            ("owner", {"owner": str(place.members[chance.choice([Role.ACCOUNT_MANAGER, Role.SALES_MANAGER])])}),
        ]
    )
    ok(await client.post(f"/v1/deals/{chance.choice(deals)}/{change}", json=body, headers=anyway()))
