"""Reading through the doors: lists, board, forecast, as of any moment, one's own writes, and nobody else's rows."""

from uuid import UUID

from domain.accounts import OpenAccount, accounts
from domain.deals import OpenDeal, deals
from domain.default_pipeline import default_pipeline
from domain.kernel import SYSTEM, Role
from domain.pipelines import DEFAULT_PIPELINE, pipelines
from domain.values import Money
from infra.ids import uuid7
from tests.api.conftest import NEXT_YEAR, World, anyway, key, ok, opening, refused


async def test_a_write_can_be_read_back_at_once(reading: World):
    async with reading.client(Role.ACCOUNT_MANAGER) as client:
        for n in range(20):
            made = ok(await client.post("/v1/deals", json=opening(reading.acme, title=f"Deal {n}"), headers=key()), 201)
            response = await client.get("/v1/deals", params={"at_least": made["position"], "sort": "-opened_at", "limit": 1})
            body = ok(response)
            assert body["items"][0]["id"] == made["id"]
            assert body["position"] >= made["position"]
            assert response.headers["Concord-Position"] == str(body["position"])
            board = ok(await client.get("/v1/deals/board", params={"at_least": made["position"]}))
            assert board["columns"][0]["count"] == n + 2


async def test_a_position_ahead_of_the_log_is_refused_and_a_late_read_model_says_so(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        refused(await client.get("/v1/deals", params={"at_least": 10**9}), "AheadOfLog", 422)
        refused(await client.get("/v1/deals", params={"as_of": str(10**9)}), "AheadOfLog", 422)
        # no projector runs here
        response = await client.get("/v1/deals", params={"at_least": await world.events()})
        refused(response, "ProjectionBehind", 503)
        assert response.headers["Retry-After"] == "1"


async def test_pages_follow_one_another_without_gap_or_repetition(reading: World):
    async with reading.client(Role.ACCOUNT_MANAGER) as client:
        for n in range(23):
            made = ok(await client.post("/v1/deals", json=opening(reading.acme, title=f"Deal {n % 5}"), headers=key()), 201)
        for sort in ("title", "-amount", "opened_at"):
            seen: list[str] = []
            cursor = None
            while True:
                params = {"sort": sort, "limit": 5, "at_least": made["position"]} | ({"cursor": cursor} if cursor else {})
                body = ok(await client.get("/v1/deals", params=params))
                seen += [item["id"] for item in body["items"]]
                cursor = body["next"]
                if cursor is None:
                    break
            assert len(seen) == len(set(seen)) == 24
        refused(await client.get("/v1/deals", params={"limit": 201}), "RequestMalformed", 422)
        refused(await client.get("/v1/deals", params={"sort": "owner; DROP TABLE deals"}), "RequestMalformed", 422)
        refused(await client.get("/v1/deals", params={"cursor": "bm90IG91cnM"}), "Invalid", 422)


async def test_any_earlier_moment_can_be_asked_for(reading: World):
    async with reading.client(Role.ACCOUNT_MANAGER) as client:
        before = await reading.events()
        path = f"/v1/deals/{reading.acme.deal}"
        changed = ok(await client.post(f"{path}/amount", json={"amount": {"amount": "77.00", "currency": "EUR"}}, headers=anyway()))
        for params, amount in (({}, "77.00"), ({"as_of": str(before)}, "1000.00"), ({"as_of": str(changed["position"])}, "77.00")):
            params |= {"at_least": str(changed["position"])}
            one = await client.get(path, params=params)
            assert ok(one)["item"]["amount"]["amount"] == amount
            assert ("ETag" in one.headers) == ("as_of" not in params)
            listed = ok(await client.get("/v1/deals", params=params))
            assert float(listed["items"][0]["amount"]) == float(amount)
            assert listed["basis"] == "known"
            forecast = ok(await client.get("/v1/forecast", params=params))
            assert float(forecast["totals"][0]["categories"]["pipeline"]["single"]) == float(amount)
        at = ok(await client.get(f"{path}/history"))[0]["recorded_at"]
        for basis in ("known", "happened"):
            body = ok(await client.get(path, params={"as_of": at, "basis": basis}))
            assert (body["item"]["amount"]["amount"], body["basis"]) == ("1000.00", basis)
        refused(await client.get(path, params={"as_of": "2000-01-01T00:00:00Z"}), "NotFound", 404)
        for odd in ("last week", "2026-13-01", "2026-13-01T00:00:00Z", "-1", ""):
            assert (await client.get(path, params={"as_of": odd})).status_code == 422


async def test_a_history_is_every_event_in_order(reading: World):
    async with reading.client(Role.ACCOUNT_MANAGER) as client:
        ok(await client.post(f"/v1/deals/{reading.acme.deal}/title", json={"title": "Renamed"}, headers=anyway()))
        history = ok(await client.get(f"/v1/deals/{reading.acme.deal}/history"))
        assert [entry["topic"] for entry in history] == ["deal.opened", "deal.renamed"]
        assert history[1]["actor"] == str(reading.acme.members[Role.ACCOUNT_MANAGER])
        assert history[1]["data"]["title"] == "Renamed"


async def test_every_list_and_roll_up_holds_only_what_single_reads_allow(reading: World):
    """S20: what a role sees in lists, board and forecast is what it may read one by one."""
    world, store = reading, reading.doors.store
    tenant, roles = world.acme.tenant, (Role.ACCOUNT_MANAGER, Role.SALES_MANAGER, Role.SALES_CHIEF, Role.FINANCE)
    made: list[UUID] = []
    for n, owner in enumerate(roles * 3):
        account, deal = uuid7(), uuid7()
        member = world.acme.members[owner]
        await store.execute(
            tenant,
            accounts,
            account,
            OpenAccount(legal_name=f"A{n}", roles=("supplier" if n % 2 else "customer",), owner=member),
            by=SYSTEM,
        )
        opened = OpenDeal(title=f"D{n}", account=account, owner=member, close_date=NEXT_YEAR, amount=Money(amount=1 + n, currency="EUR"))
        await store.execute(tenant, deals, deal, opened, by=SYSTEM)
        made.append(deal)
    head = await world.events()
    for role in Role:
        async with world.client(role) as client:
            for noun in ("deals", "accounts"):
                listing = await client.get(f"/v1/{noun}", params={"at_least": head, "limit": 200})
                if listing.status_code == 403:
                    continue
                listed = {item["id"] for item in ok(listing)["items"]}
                everything = [*made, world.acme.deal] if noun == "deals" else await _accounts(world)
                readable = {str(id) for id in everything if (await client.get(f"/v1/{noun}/{id}")).status_code == 200}
                assert listed == readable, (role, noun)
                past = ok(await client.get(f"/v1/{noun}", params={"as_of": head, "limit": 200}))
                assert {item["id"] for item in past["items"]} == readable, (role, noun)
                if noun == "deals":
                    board = ok(await client.get("/v1/deals/board", params={"at_least": head}))
                    assert sum(column["count"] for column in board["columns"]) == len(readable)
                    totals = ok(await client.get("/v1/forecast", params={"at_least": head}))["totals"]
                    assert sum(cell["deals"] for row in totals for cell in row["categories"].values()) == len(readable)


async def _accounts(world: World) -> list[UUID]:
    async with world.client(Role.ADMIN) as client:
        return [UUID(item["id"]) for item in ok(await client.get("/v1/accounts", params={"limit": 200}))["items"]]


async def test_todays_rights_decide_about_the_past(reading: World):
    chief, manager = reading.client(Role.SALES_CHIEF), reading.client(Role.ACCOUNT_MANAGER)
    async with chief, manager:
        before = await reading.events()
        given = {"owner": str(reading.acme.members[Role.SALES_CHIEF])}
        moved = ok(await chief.post(f"/v1/deals/{reading.acme.deal}/owner", json=given, headers=anyway()))
        params = {"as_of": before, "at_least": moved["position"]}
        assert ok(await manager.get("/v1/deals", params=params))["items"] == []
        refused(await manager.get(f"/v1/deals/{reading.acme.deal}", params=params), "NotFound", 404)
        assert len(ok(await chief.get("/v1/deals", params=params))["items"]) == 1


async def test_configuration_is_read_from_the_log_itself(world: World):
    async with world.client(Role.ADMIN) as client:
        for path in ("/v1/pipelines", "/v1/teams", "/v1/members?limit=2"):
            body = ok(await client.get(path))
            assert body["items"], path
        first = ok(await client.get("/v1/members", params={"limit": 10}))
        second = ok(await client.get("/v1/members", params={"limit": 10, "cursor": first["next"]}))
        assert len({m["id"] for m in first["items"] + second["items"]}) == len(Role)
        before = ok(await client.get("/v1/settings"))
        changed = await client.post("/v1/settings", json={"currency": "CHF"}, headers=key(**{"If-Match": f'"{before["version"]}"'}))
        ok(changed)
        assert ok(await client.get("/v1/settings"))["item"]["currency"] == "CHF"
        position = int(changed.headers["Concord-Position"]) - 1
        assert ok(await client.get("/v1/settings", params={"as_of": position}))["item"]["currency"] == "EUR"
        rates = {"base": "EUR", "quote": "USD", "source": "ECB", "rates": [{"day": "2026-03-02", "rate": "1.0842"}]}
        ok(await client.post("/v1/rates", json=rates, headers=key()), 201)
        assert ok(await client.get("/v1/rates", params={"base": "EUR", "quote": "USD"}))["rates"] == [
            {"day": "2026-03-02", "rate": "1.0842"}
        ]
        field = {"noun": "deal", "key": "risk", "label": "Risk", "type": "choice", "options": ["low", "high"]}
        ok(await client.post("/v1/attributes/deal/define", json=field, headers=anyway()))
        assert ok(await client.get("/v1/attributes/deal"))["item"]["fields"][0]["key"] == "risk"


async def test_without_a_pipeline_the_board_is_of_the_one_with_most_open_deals_and_says_which(reading: World):
    """As `concord deals board` shows it: an imported pipeline comes before the empty one that every tenant starts with."""
    store, tenant, owner = reading.doors.store, reading.acme.tenant, reading.acme.members[Role.ACCOUNT_MANAGER]
    imported, unused = uuid7(), uuid7()
    for id, name in ((imported, "Theirs"), (unused, "Unused")):
        await store.execute(tenant, pipelines, id, default_pipeline().model_copy(update={"name": name}), by=SYSTEM)
    for n in range(2):
        opened = OpenDeal(
            title=f"Brought {n}",
            account=reading.acme.account,
            owner=owner,
            pipeline=imported,
            close_date=NEXT_YEAR,
            amount=Money(amount=1, currency="EUR"),
        )
        await store.execute(tenant, deals, uuid7(), opened, by=SYSTEM)
    path, head = "/v1/deals/board", {"at_least": await reading.events()}
    async with reading.client(Role.ACCOUNT_MANAGER) as client:
        shown = ok(await client.get(path, params=head))
        assert (shown["pipeline"], shown["name"], shown["others"]) == (str(imported), "Theirs", [str(DEFAULT_PIPELINE)])
        assert sum(column["count"] for column in shown["columns"]) == 2
        # what narrows the deals narrows the choice
        first = ok(await client.get(path, params={**head, "text": "First"}))
        assert (first["pipeline"], first["others"]) == (str(DEFAULT_PIPELINE), [])
        nothing = ok(await client.get(path, params={**head, "text": "no such deal"}))
        assert (nothing["pipeline"], nothing["others"]) == (str(DEFAULT_PIPELINE), [])
        asked = ok(await client.get(path, params={**head, "pipeline": str(unused)}))
        assert (asked["name"], asked["others"]) == ("Unused", [str(imported), str(DEFAULT_PIPELINE)])
