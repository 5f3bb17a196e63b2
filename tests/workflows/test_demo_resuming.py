"""A demo that is stopped goes on; one that is told stays; one that is disturbed says how to start over."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.deals import AdvanceDeal, DealStageEntered, DealStageRequested, RenameDeal, deals
from domain.kernel import SYSTEM
from domain.tenants import TENANT_ID, CreateTenant, tenants
from infra.ids import uuid7
from tests.workflows.demo_worlds import END, TINY, Site, fingerprint, folded, site
from workflows import approval_trigger, outbox, take_up, trigger
from workflows.demo import DemoDiffers, DemoRefused, Plan, tell
from workflows.demo.recording import Do, Recorder, simulated_store
from workflows.messages import SweepRun
from workflows.sweep import sweep_page

PROCESS = """
import asyncio, sys
from datetime import date
from pathlib import Path
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.keys import Keys
from domain.nouns import register_all
from workflows.demo import Plan, tell

async def main(url, keys, seed, end, days, size):
    register_all()
    database = await Database.open(url, max_size=4)
    store = Store(database, Codec(Keys.open(Path(keys), Path(keys).with_name("root.key"))))
    await tell(database, store, Tenant("demo", True), Plan(int(seed), date.fromisoformat(end), int(days), int(size)))

asyncio.run(main(*sys.argv[1:]))
"""


class Killed(BaseException):
    """Ends a telling wherever it is, as a kill does to whoever asked for it."""


def killed_at(events: int, database_url: str, arguments: list[str]) -> None:
    """Let a process tell, and kill it when the log has so many events."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        process = subprocess.Popen([sys.executable, "-c", PROCESS, *arguments])
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if connection.execute("SELECT count(*) FROM t_demo.events").fetchone()[0] >= events:
                break
            time.sleep(0.005)
        process.kill()
        process.wait()


async def stopped_at(made: Site, tenant, plan: Plan, share: float) -> int:
    """Tell until that share of the time is told; returns the events in the log."""

    def progress(reached: float, _events: int) -> None:
        if reached > share:
            raise Killed

    with pytest.raises(Killed):
        await tell(made.database, made.store, tenant, plan, progress)
    return await made.store.head(tenant)


async def test_a_killed_process_is_followed_by_one_that_tells_the_same_history(database_url: str, tmp_path: Path):
    async with site(database_url, tmp_path) as made:
        tenant, whole = made.tenant("demo"), made.tenant("whole")
        told = (await tell(made.database, made.store, whole, TINY)).events
        arguments = [made.url, str(made.keys_file), str(TINY.seed), TINY.end.isoformat(), str(TINY.days), str(TINY.size)]
        for aim in (told // 4, told // 2, told * 3 // 4):
            await asyncio.to_thread(killed_at, aim, database_url, arguments)
        reached = await made.store.head(tenant)
        assert 0 < reached < told
        telling = await tell(made.database, made.store, tenant, TINY)
        assert telling.events == told
        assert 0 < telling.fresh < told
        assert fingerprint(await made.log(tenant)) == fingerprint(await made.log(whole))


async def test_a_history_stopped_between_a_request_and_its_move_goes_on_with_the_move(database_url: str, tmp_path: Path):
    async with site(database_url, tmp_path) as made:
        tenant, whole = made.tenant("demo"), made.tenant("whole")
        await tell(made.database, made.store, whole, TINY)
        log = await made.log(whole)
        cut = next(r for r in log if isinstance(r.event, DealStageRequested))
        carried_out = Recorder.carry_out
        asked = []

        async def stopping(self, asks, at):
            if asked:
                raise Killed
            found = await carried_out(self, asks, at)
            if any(t.command == cut.command_id for t in found):
                asked.append(at)
            return found

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Recorder, "carry_out", stopping)
            with pytest.raises(Killed):
                await tell(made.database, made.store, tenant, TINY)
        left = await made.log(tenant)
        assert len([r for r in left if isinstance(r.event, DealStageRequested)]) == 1
        assert not [r for r in left if isinstance(r.event, DealStageEntered)]
        await tell(made.database, made.store, tenant, TINY)
        assert fingerprint(await made.log(tenant)) == fingerprint(log)


async def test_a_told_history_stays_whatever_day_or_length_is_asked_for_next(database_url: str, tmp_path: Path):
    async with site(database_url, tmp_path) as made:
        tenant = made.tenant("demo")
        first = await tell(made.database, made.store, tenant, TINY)
        later = Plan(TINY.seed, TINY.end + timedelta(days=9), TINY.days + 30, TINY.size)
        again = await tell(made.database, made.store, tenant, later)
        assert (again.plan, again.events, again.fresh) == (TINY, first.events, 0)
        assert await made.store.head(tenant) == first.events


async def test_a_history_that_was_stopped_ends_on_the_day_it_was_begun_for(database_url: str, tmp_path: Path):
    async with site(database_url, tmp_path) as made:
        tenant = made.tenant("demo")
        await stopped_at(made, tenant, TINY, 0.3)
        told = await tell(made.database, made.store, tenant, Plan(TINY.seed, TINY.end + timedelta(days=2), 200, TINY.size))
        assert told.plan == TINY
        assert (await made.log(tenant))[-1].recorded_at <= TINY.until


async def test_workflows_see_nothing_of_a_history_until_it_is_whole(database_url: str, tmp_path: Path):
    async with site(database_url, tmp_path) as made:
        tenant = made.tenant("demo")
        head = await stopped_at(made, tenant, TINY, 0.5)
        assert min((await made.tracking(tenant)).values()) > head * 1000
        page = await sweep_page(made.database, made.store, SweepRun(tenant=tenant.slug), lambda: TINY.until + timedelta(days=99))
        assert (page.upto, page.counts.deals, await made.store.head(tenant)) == (None, 0, head)
        await tell(made.database, made.store, tenant, TINY)
        head = await made.store.head(tenant)
        tracking = await made.tracking(tenant)
        assert [tracking[tail.NAME] for tail in (trigger, outbox, approval_trigger, take_up)] == [head, head, head, 0]
        assert set(tracking.values()) == {head, 0}
        page = await sweep_page(made.database, made.store, SweepRun(tenant=tenant.slug), lambda: TINY.until)
        assert page.counts.deals > 0


async def test_telling_again_does_not_set_back_what_has_gone_on_since(database_url: str, tmp_path: Path):
    async with site(database_url, tmp_path) as made:
        tenant = made.tenant("demo")
        await tell(made.database, made.store, tenant, TINY)
        async with made.database.tenant(tenant) as cursor:
            await cursor.execute("UPDATE tracking SET position = 5 WHERE name = %s", (take_up.NAME,))
        await tell(made.database, made.store, tenant, TINY)
        assert (await made.tracking(tenant))[take_up.NAME] == 5


async def test_a_history_into_which_somebody_else_wrote_is_not_continued(database_url: str, tmp_path: Path):
    async with site(database_url, tmp_path) as made:
        tenant = made.tenant("demo")
        await stopped_at(made, tenant, TINY, 0.5)
        deal = next(iter(folded(await made.log(tenant))))
        await made.store.execute(tenant, deals, deal, RenameDeal(title="Mine now"), by=SYSTEM)
        with pytest.raises(DemoDiffers, match="another tenant"):
            await tell(made.database, made.store, tenant, TINY)


async def test_another_seed_or_a_tenant_at_work_is_refused_and_left_alone(database_url: str, tmp_path: Path):
    async with site(database_url, tmp_path) as made:
        tenant, working = made.tenant("demo"), made.tenant("acme", simulated=False)
        await tell(made.database, made.store, tenant, TINY)
        with pytest.raises(DemoDiffers, match="seed 7"):
            await tell(made.database, made.store, tenant, Plan(8, END, TINY.days, TINY.size))
        command = CreateTenant(slug="acme", name="Acme")
        await made.store.execute(working, tenants, TENANT_ID, command, by=SYSTEM)
        with pytest.raises(DemoDiffers, match="not begun as a demo"):
            await tell(made.database, made.store, working, TINY)
        assert await made.store.head(working) == 1


async def test_a_refused_command_ends_the_telling_and_is_counted_by_its_rule(database_url: str, tmp_path: Path):
    async with site(database_url, tmp_path) as made:
        tenant = made.tenant("demo")
        await tell(made.database, made.store, tenant, TINY)
        open_deals = [id for id, deal in folded(await made.log(tenant)).items() if deal.open and not deal.approvals]
        async with simulated_store(made.url, made.store.codec) as store:
            recorder = Recorder(store, tenant, {})
            asks = [(uuid7(), Do(deals, id, AdvanceDeal(to="won"), SYSTEM)) for id in open_deals[:3]]
            asks.append((uuid7(), Do(deals, open_deals[3], RenameDeal(title="Fine"), SYSTEM)))
            with pytest.raises(DemoRefused, match="GateNotMet 3 times") as refused:
                await recorder.carry_out(asks, TINY.until)
        assert refused.value.data == {"counts": {"GateNotMet": 3}}


@given(
    st.integers(0, 2**48 - 1),
    st.dates(date(2000, 1, 1), date(2999, 12, 31)),
    st.integers(150, 4095),
    st.integers(10, 100),
)
def test_the_founding_commands_id_holds_the_plan(seed: int, end: date, days: int, size: int):
    plan = Plan(seed, end, days, size)
    assert Plan.read(plan.founding) == plan
    assert (plan.founding.version, plan.founding.variant) == (8, "specified in RFC 4122")


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 2**48}, {"days": 149}, {"days": 5000}, {"size": 9}, {"size": 101}])
def test_a_plan_that_no_history_can_be_made_of_is_refused(wrong):
    with pytest.raises(ValueError, match=r"not -?\d"):
        Plan(**{"seed": 1, "end": END} | wrong)


def test_an_id_that_is_no_plan_is_refused():
    with pytest.raises(DemoDiffers):
        Plan.read(uuid7())
