"""How long the access log is kept, asked and told over HTTP: the setting, the sealed days, a copy of one, and what is gone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.kernel import Role
from infra.access_copies import root_of
from infra.access_days import COLUMNS, seal_days
from infra.access_retention import remove_days
from tests.api.conftest import World, anyway, ok, refused

NOW = datetime.now(UTC)
OLD = NOW.date() - timedelta(days=400)
OLDER = OLD - timedelta(days=1)
DAYS = "/v1/audit/access/days"


@pytest.fixture
async def aged(reading: World) -> World:
    """Two sealed days that are older than a year."""
    member, schema = reading.acme.members[Role.ACCOUNT_MANAGER], reading.acme.tenant.schema
    with psycopg.connect(reading.settings.migrator_url or "", autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {schema}.access_log_rest PARTITION OF {schema}.access_log DEFAULT")
        for day, target in ((OLDER, "ünïcode"), (OLDER, None), (OLD, "a thing")):
            at = datetime.combine(day, time(9, 0, 0, 123_456), UTC) + timedelta(minutes=target is None)
            row = (at, "read", "read_deal", None, member, None, "10.0.0.1", target, 200, member, 3)
            connection.execute(f"INSERT INTO {schema}.access_log ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(row))})", row)
    noon = datetime.combine(OLD + timedelta(days=1), time(12), UTC)
    assert await seal_days(reading.doors.database, reading.doors.store, reading.acme.tenant, noon) == 2
    return reading


async def remove(world: World) -> int:
    return await remove_days(world.doors.database, world.doors.store, world.acme.tenant, NOW)


def root(entries: list[dict[str, Any]]) -> str:
    def value(name: str, told: Any) -> Any:
        if name == "at":
            return datetime.fromisoformat(told)
        return UUID(told) if told and name in {"principal", "member", "key", "correlation_id"} else told

    return root_of([value(name, entry[name]) for name in COLUMNS] for entry in entries)


async def test_an_administrator_says_how_long_the_access_log_is_kept_and_nobody_below_a_year(world: World):
    async with world.client(Role.ADMIN) as admin, world.client(Role.FINANCE_CHIEF) as finance:
        assert ok(await admin.get("/v1/settings"))["item"]["access_keep_days"] is None
        refused(await finance.post("/v1/settings/access-log", json={"keep_days": 730}, headers=anyway()), "RoleMissing", 403)
        said = refused(await admin.post("/v1/settings/access-log", json={"keep_days": 364}, headers=anyway()), "RetentionTooShort", 422)
        assert said["shortest"] == 365
        refused(await admin.post("/v1/settings/access-log", json={}, headers=anyway()), "RequestMalformed", 422)
        ok(await admin.post("/v1/settings/access-log", json={"keep_days": 730}, headers=anyway()))
        assert ok(await admin.get("/v1/settings"))["item"]["access_keep_days"] == 730
        assert ok(await admin.post("/v1/settings/access-log", json={"keep_days": 730}, headers=anyway()))["position"] is None
        ok(await admin.post("/v1/settings/access-log", json={"keep_days": None}, headers=anyway()))
        assert ok(await admin.get("/v1/settings"))["item"]["access_keep_days"] is None


async def test_a_copy_of_a_day_proves_itself_before_and_after_the_day_is_removed(aged: World):
    async with aged.client(Role.AUDITOR) as auditor, aged.client(Role.ADMIN) as admin:
        copy = ok(await auditor.get(f"{DAYS}/{OLDER}"))
        assert (copy["rows"], copy["removed"], len(copy["entries"])) == (2, None, 2)
        assert root(copy["entries"]) == copy["root"]
        ok(await admin.post("/v1/settings/access-log", json={"keep_days": 400}, headers=anyway()))
        assert await remove(aged) == 1
        gone = ok(await auditor.get(f"{DAYS}/{OLDER}"))
        assert (gone["entries"], gone["root"], gone["removed"]["keep_days"]) == ([], root(copy["entries"]), 400)
        copy["entries"][0]["status"] = 403
        assert root(copy["entries"]) != gone["root"]
        listed = ok(await auditor.get(DAYS))
        assert [(one["day"], one["removed"] is None) for one in listed["items"]] == [(str(OLD), True), (str(OLDER), False)]
        first = ok(await auditor.get(DAYS, params={"limit": 1}))
        assert ok(await auditor.get(DAYS, params={"cursor": first["next"]}))["items"] == listed["items"][1:]


async def test_only_a_sealed_day_is_handed_out_and_only_to_who_reads_the_log(aged: World):
    async with aged.client(Role.AUDITOR) as auditor, aged.client(Role.ACCOUNT_MANAGER) as seller:
        refused(await auditor.get(f"{DAYS}/{NOW.date()}"), "NotFound", 404)
        refused(await auditor.get(f"{DAYS}/soon"), "RequestMalformed", 422)
        refused(await seller.get(f"{DAYS}/{OLD}"), "RoleMissing", 403)
        refused(await seller.get(DAYS), "RoleMissing", 403)


async def test_a_search_in_a_removed_span_says_so_and_any_other_is_quiet(aged: World):
    async with aged.client(Role.AUDITOR) as auditor, aged.client(Role.ADMIN) as admin:

        async def told(since: date, until: date) -> list[str]:
            asked = {"since": f"{since}T00:00:00Z", "until": f"{until}T00:00:00Z"}
            return list(ok(await auditor.get("/v1/audit/access", params=asked))["removed"])

        assert await told(OLDER, OLD) == []
        ok(await admin.post("/v1/settings/access-log", json={"keep_days": 400}, headers=anyway()))
        assert await remove(aged) == 1
        [event] = ok(await auditor.get("/v1/audit/access/days"))["items"][1:]
        sentence = f"Entries before {OLD} were removed under the retention of 400 days, the latest of them on {event['removed']['on']}."
        assert await told(OLDER, OLD) == [sentence]
        assert await told(OLD, OLD + timedelta(days=9)) == []
        assert ok(await auditor.get("/v1/audit/access"))["removed"] == [sentence]
