"""Disputes over time: warnings, levels, pauses, corrective dates; nothing is lost when nobody looks, and it ends when the case does."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from domain.disputes import commands as c
from domain.disputes import disputes
from domain.disputes.clock_events import DisputeClockWarned, DisputeEscalated
from domain.disputes.corrective_events import CorrectiveStepMissed
from domain.disputes.events import DisputeInvestigationStarted
from domain.disputes.terms import ClockKind, Status
from domain.disputes.terms import SettlementKind as Kind
from domain.kernel import SYSTEM, natural_id
from domain.suppliers import supplier_id, suppliers
from domain.suppliers.commands import QualifySupplier, RecordOrder
from domain.suppliers.events import SupplierQualificationLapsed, SupplierScored
from domain.suppliers.terms import Qualification
from infra.ids import uuid7
from tests.conftest import brief_folder
from tests.domain.dispute_world import claim
from tests.domain.test_disputes_endings import NEW
from tests.workflows.dispute_desk import (
    BEA,
    EXEC,
    HEAD,
    LEAD,
    LEGAL,
    SUPPLIER,
    THEIRS,
    Days,
    answer,
    case_of,
    do,
    furnish,
    handle,
    of_case,
    raise_claim,
    running,
    told,
    trigger,
)
from tests.workflows.office import Office, office
from tests.workflows.servers import Dev
from workflows.attending_disputes import attend_dispute
from workflows.messages import DisputeRun, SweepRun
from workflows.reconcile import reconcile
from workflows.sweep import sweep_page

CASES = int(os.environ.get("CONCORD_DISPUTES", "8"))
"""`make chaos` takes 500."""


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, temporal: str) -> AsyncIterator[Office]:
    async with office(database_url, tmp_path, temporal) as made:
        await furnish(made)
        yield made


def credit(amount: str, number: str, on) -> c.RecordSettlement:
    return c.RecordSettlement(kind=Kind.CREDIT_NOTE, amount=Decimal(amount), number=number, on=on)


async def test_a_claim_that_nobody_answers_climbs_level_by_level_each_told_once(desk: Office):
    case = await raise_claim(desk)
    days = Days(desk, [case])
    async with desk.worker():
        await days.begun()
        while await days.to_next():
            pass
        await desk.until(lambda: _heard(desk, "dispute_escalated", 3))
    raised = [r.event.level for r in await of_case(desk, case, DisputeEscalated)]
    assert raised == [1, 2, 3]
    heard = await told(desk)
    assert [m for k, m in heard if k == "dispute_escalated"] == [LEAD, HEAD, EXEC]
    assert [m for k, m in heard if k == "dispute_contract_notice"] == [LEGAL]
    assert [m for k, m in heard if k == "dispute_escalated_own"] == [BEA] * 3
    warned = [(r.event.clock, r.event.percent) for r in await of_case(desk, case, DisputeClockWarned)]
    assert warned[:4] == [(k, p) for k in (ClockKind.ACKNOWLEDGE, ClockKind.FIRST_ANSWER) for p in (50, 75)]
    assert heard.count(("dispute_warned", BEA)) == len(warned)
    assert len(await of_case(desk, case, DisputeInvestigationStarted)) == 1


# the SDK warns of a local activity that ends while its workflow leaves the cache; the workflow looks again
@pytest.mark.filterwarnings("ignore:Cannot find activity to cancel:UserWarning")
async def test_no_escalation_of_many_cases_is_lost_through_breach_after_breach(desk: Office):
    """The long form drives 500; each passes three levels, warnings between, and the time in one jump over several of them."""
    cases = [await raise_claim(desk, number) for number in range(CASES)]
    days = Days(desk, cases)
    async with desk.worker():
        await days.begun()
        for ahead in (5, 4, 15, 25):
            await days.pass_(timedelta(days=ahead))
        await desk.until(lambda: _heard(desk, "dispute_escalated", 3 * CASES), within=120.0 + CASES)
    escalated = await desk.log(DisputeEscalated)
    for case in cases:
        assert [r.event.level for r in escalated if r.originator_id == case] == [1, 2, 3]
    heard = await told(desk)
    for member in (LEAD, HEAD, EXEC):
        assert heard.count(("dispute_escalated", member)) == CASES


async def test_the_trigger_takes_a_case_up_and_its_workflow_ends_with_it(desk: Office):
    async with desk.worker(), trigger(desk):
        case = await raise_claim(desk)
        await desk.until(lambda: running(desk, case))
        await do(desk, case, credit("119.00", "CN-1", desk.clock().date()), THEIRS)
        await desk.until(lambda: _ended(desk, case))
        assert (await case_of(desk, case)).status is Status.SETTLED
        await do(desk, case, c.CloseDispute(root_cause="supplier_pricing"))
        await do(desk, case, c.ReopenDispute(reason="Again.", evidence=(NEW,)))
        await desk.until(lambda: running(desk, case))
        await desk.until(lambda: _heard(desk, "dispute_answered", 1))


async def _heard(desk: Office, kind: str, count: int) -> bool:
    return sum(k == kind for k, _ in await told(desk)) >= count


async def _ended(desk: Office, case: UUID) -> bool:
    return not await running(desk, case)


async def test_while_the_other_side_is_awaited_our_clock_warns_nobody(desk: Office):
    case = await raise_claim(desk)
    days = Days(desk, [case])
    async with desk.worker(), trigger(desk, days.skipper.client):
        await do(desk, case, answer(), THEIRS)
        await do(desk, case, c.InvestigateDispute())
        await do(desk, case, c.AwaitSupplier(question="Which price list?"))
        await days.begun()
        await days.pass_(timedelta(days=60))
        warned = await of_case(desk, case, DisputeClockWarned)
        assert {r.event.clock for r in warned} <= {ClockKind.REPLY}
        escalated = await of_case(desk, case, DisputeEscalated)
        assert {r.event.clock for r in escalated} == {ClockKind.REPLY}
        await do(desk, case, answer("That of May."), THEIRS)
        await days.seen()
        await days.pass_(timedelta(days=16))
    assert {r.event.clock for r in await of_case(desk, case, DisputeClockWarned)} >= {ClockKind.RESOLVE}


async def test_the_dates_of_a_corrective_action_outlast_the_case(desk: Office):
    first = await raise_claim(desk, 1)
    case = await raise_claim(desk, 2)
    days = Days(desk, [case])
    async with desk.worker():
        await days.begun()
        await do(desk, case, credit("119.00", "CN-1", desk.clock().date()), THEIRS)
        await do(desk, case, c.CloseDispute(root_cause="supplier_pricing"))
        await days.pass_(timedelta(days=31))
        assert [r.event.step for r in await of_case(desk, case, CorrectiveStepMissed)] == ["d3", "d4", "d5"]
        await desk.until(lambda: _heard(desk, "corrective_step_missed", 3))
    heard = await told(desk)
    assert heard.count(("corrective_step_missed", BEA)) == 3
    assert heard.count(("corrective_action_demanded", BEA)) == 1
    assert (await case_of(desk, first)).corrective is None


async def test_what_an_import_brings_overdue_is_recorded_and_told_to_no_one(desk: Office):
    case, long_ago = uuid7(), desk.clock() - timedelta(days=100)
    said = claim(account=SUPPLIER, owner=BEA, evidence=()).model_dump()
    told_of = c.ImportDispute(**said, source="old", source_id="7", run=natural_id("run", "1"))
    await desk.store.execute(desk.tenant, disputes, case, told_of, by=SYSTEM, effective_at=long_ago)
    await desk.do(disputes, case, c.SetPaymentTerms(documents=()), SYSTEM)
    async with desk.worker(), trigger(desk):
        await desk.until(lambda: _level(desk, case, 3))
        await desk.until(lambda: running(desk, case))
    assert await told(desk) == []


async def _level(desk: Office, case: UUID, level: int) -> bool:
    return (await case_of(desk, case)).level == level


async def test_seeing_to_a_case_twice_at_once_records_and_tells_once(desk: Office):
    case = await raise_claim(desk)
    desk.clock.ahead = timedelta(days=9)
    activities = desk.activities()
    run = DisputeRun(tenant=desk.tenant.slug, dispute=case)
    looks = (attend_dispute(desk.store, activities._directory, run, desk.clock) for _ in range(5))
    standings = await asyncio.gather(*looks)
    assert all(standing.open and standing.next_due is not None for standing in standings)
    assert [r.event.level for r in await of_case(desk, case, DisputeEscalated)][:1] == [1]
    heard = await told(desk)
    assert len(heard) == len(set(heard))
    again = await attend_dispute(desk.store, activities._directory, run, desk.clock)
    assert again.told == (await case_of(desk, case)).version
    assert await told(desk) == heard


@pytest.mark.usefixtures("patient")
async def test_reconciling_takes_up_every_case_that_is_worked_on_and_no_other(desk: Office):
    going, over = await raise_claim(desk, 1), await raise_claim(desk, 2)
    await do(desk, over, c.WithdrawDispute(reason="Ours."))
    found = await reconcile(desk.database, desk.store, desk.client, desk.tenant)
    assert found.disputes == 1
    assert await running(desk, going)
    assert not await running(desk, over)
    again = await reconcile(desk.database, desk.store, desk.client, desk.tenant)
    assert again.disputes == 1


async def test_the_daily_sweep_records_what_is_due_and_judges_suppliers(desk: Office):
    case = await raise_claim(desk)
    today = desk.clock().date()
    ordered = RecordOrder(account=SUPPLIER, order="PO-1", on=today)
    qualified = QualifySupplier(
        account=SUPPLIER, commodity="steel", region="emea", status=Qualification.QUALIFIED, until=today + timedelta(days=3)
    )
    for command in (ordered, qualified):
        await desk.do(suppliers, supplier_id(SUPPLIER), command)
    desk.clock.ahead = timedelta(days=20)
    for _ in range(2):
        await sweep_page(desk.database, desk.store, SweepRun(tenant=desk.tenant.slug), desk.clock)
    assert (await case_of(desk, case)).level == 3
    (scored,) = await desk.log(SupplierScored)
    assert (scored.event.score, scored.event.band) == (Decimal(0), "blocked")
    assert len(await desk.log(SupplierQualificationLapsed)) == 1


async def test_a_case_continues_as_new_without_telling_anything_twice(database_url: str, tmp_path: Path, hasty: str):
    """On a server that suggests to begin anew after 20 events."""
    async with office(database_url, tmp_path, hasty) as desk:
        await furnish(desk)
        async with desk.worker(), trigger(desk):
            case = await raise_claim(desk)
            for number in range(12):
                before = (await case_of(desk, case)).version
                await do(desk, case, answer(f"Word {number}."), THEIRS)
                await desk.until(lambda n=number: _heard(desk, "dispute_answered", n + 1))  # type: ignore[misc]
                assert (await case_of(desk, case)).version > before
            description = await handle(desk, case).describe()
            assert description.run_id != description.raw_description.workflow_execution_info.first_run_id
        heard = await told(desk)
        assert heard == [("dispute_answered", BEA)] * 12


@pytest.fixture(scope="module")
def hasty():
    with tempfile.TemporaryDirectory(prefix="concord-temporal-", dir=brief_folder()) as folder:
        server = Dev(Path(folder), "limit.historyCount.suggestContinueAsNew=20")
        try:
            yield server.start().address
        finally:
            server.stop()
