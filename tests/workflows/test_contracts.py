"""Contracts over years: alerts, deadlines, silence, renewals and what is owed, each recorded once and told to those concerned."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from domain.contract_dates import Renewal, RenewalKind
from domain.contract_rules import AlertBand, ChangeContractRules
from domain.contracts import contracts, dispute_of
from domain.contracts import events as e
from domain.contracts import obligation_events as o
from domain.contracts.chain import dispute_after
from domain.contracts.commands import GiveNotice, OpenContractFromDeal, TerminateContract
from domain.contracts.obligation_commands import DisputeBreach
from domain.contracts.refusals import DealHasContract
from domain.contracts.terms import ContractStatus, EndCause, RenewalWay, RenewedBy
from domain.deals import AdvanceDeal, DealOpened, deals
from domain.disputes import disputes
from domain.disputes.commands import VoidDispute
from domain.disputes.events import DisputeOpened
from domain.settings import SETTINGS_ID, settings
from domain.values import Money
from infra.ids import uuid7
from tests.workflows.contract_desk import (
    Years,
    contract_of,
    furnish_deals,
    owe,
    recorded,
    register,
    running,
    today,
    told,
    trigger,
)
from tests.workflows.office import ACME, ADMIN, ANNA, BOSS, Office
from workflows import contract_clocks

STILL = TimeSkippingConfig(enabled=False)
"""Time passes as it does, until a test says that some has passed."""


async def test_five_years_of_silence_are_told_and_kept_small(desk: Office, monkeypatch: pytest.MonkeyPatch):
    # looks in vain, of which there are sixty in five years, are seen to in a test of their own
    monkeypatch.setattr(contract_clocks, "LONGEST", timedelta(days=400))
    skipper = TimeSkipper(desk.client, config=STILL)
    await furnish_deals(desk)
    await desk.do(settings, SETTINGS_ID, ChangeContractRules(alerts=(AlertBand(above=Decimal(0), days=(30, 7)),)), ADMIN)
    first = today(desk)
    id = await register(desk, ends_in=300)
    await owe(desk, id, months=12, first=first + timedelta(days=60))
    years = Years(desk, skipper, id)
    async with desk.worker(), trigger(desk, skipper.client):
        await desk.until(lambda: running(desk, id))
        await years.begun()
        await years.until(first + timedelta(days=5 * 365))
        contract = await contract_of(desk, id)
        assert contract.status is ContractStatus.ACTIVE
        assert contract.dates is not None
        assert contract.dates.term_end is not None
        assert contract.dates.term_end > today(desk)
    renewed = [r.event for r in await desk.log(e.ContractRenewed)]
    assert [event.by for event in renewed] == [RenewedBy.SILENCE] * 5
    assert [event.previous_end for event in renewed[1:]] == [event.term_end for event in renewed[:-1]], "no gap between the terms"
    assert await recorded(desk, e.NoticeWindowMissed, id) == 5
    alerts = [r.event.days for r in await desk.log(e.ContractAlertRaised)]
    assert alerts == [30, 7] * 5
    opened = await desk.log(DealOpened)
    started = [r.event for r in await desk.log(e.ContractRenewalStarted)]
    assert len(opened) == len(started)
    assert {event.way for event in started} == {RenewalWay.DEAL}
    breaches = await recorded(desk, o.ObligationBreached, id)
    assert (
        breaches == await recorded(desk, o.ObligationFellDue, id) == len({r.event.occurrence for r in await desk.log(o.ObligationBreached)})
    )
    assert breaches == 5
    everything = await told(desk)
    for kind, count in (("contract_renewed", 5), ("notice_window_missed", 5), ("obligation_breached", 5)):
        assert everything.count((kind, ANNA)) == everything.count((f"{kind}_manager", BOSS)) == count
    assert everything.count(("contract_alert", ANNA)) == len(alerts)
    assert everything.count(("contract_alert_manager", BOSS)) == len(alerts) // 2, "from fourteen days on"


async def test_a_notice_stops_the_alerts_and_the_workflow_ends_with_the_contract(desk: Office):
    skipper = TimeSkipper(desk.client, config=STILL)
    id = await register(desk, ends_in=300)
    years = Years(desk, skipper, id)
    async with desk.worker(), trigger(desk, skipper.client):
        await desk.until(lambda: running(desk, id))
        await years.begun()
        await desk.do(contracts, id, GiveNotice(sent_on=today(desk)))
        await desk.until(years._looked)
        await years.until(today(desk) + timedelta(days=302))
        await desk.until(lambda: _over(desk, id))
    assert (await contract_of(desk, id)).status is ContractStatus.EXPIRED
    assert await recorded(desk, e.ContractAlertRaised, id) == 0
    assert await told(desk) == [("contract_expired", ANNA)]


async def _over(desk: Office, id) -> bool:
    return not await running(desk, id)


async def test_where_no_deal_can_be_opened_a_review_has_to_do_and_says_why(desk: Office):
    id = await register(desk, ends_in=150)
    async with desk.worker(), trigger(desk):
        await desk.until(lambda: _started(desk, id))
        await desk.until(lambda: _told(desk, "contract_renewal"))
    ((started,),) = [[r.event for r in await desk.log(e.ContractRenewalStarted)]]
    assert started.way is RenewalWay.REVIEW
    assert "pipeline" in started.note


async def _started(desk: Office, id) -> bool:
    return await recorded(desk, e.ContractRenewalStarted, id) == 1


async def _told(desk: Office, kind: str) -> bool:
    return (kind, ANNA) in await told(desk)


async def test_what_had_come_before_we_knew_is_recorded_and_told_to_no_one(desk: Office):
    id = await register(desk, ends_in=20)
    async with desk.worker(), trigger(desk):
        await desk.until(lambda: _missed(desk, id))
        await desk.until(lambda: running(desk, id))
    assert await told(desk) == []


async def _missed(desk: Office, id) -> bool:
    return await recorded(desk, e.NoticeWindowMissed, id) == 1


async def test_a_contract_that_ran_out_before_we_knew_starts_nothing_that_stays(desk: Office):
    day = today(desk)
    fixed = await register(desk, ends_in=-400, renewal=Renewal(kind=RenewalKind.FIXED), notice=None)
    ended = await register(desk, ends_in=100)
    await desk.do(contracts, ended, TerminateContract(on=today(desk) - timedelta(days=1), cause=EndCause.MUTUAL))
    async with desk.worker(), trigger(desk):
        await desk.until(lambda: _expired(desk, fixed))
        await desk.until(lambda: _over(desk, fixed))
    assert (await contract_of(desk, fixed)).ended_on == day - timedelta(days=400)
    assert not await running(desk, ended)


async def _expired(desk: Office, id) -> bool:
    return (await contract_of(desk, id)).status is ContractStatus.EXPIRED


async def test_terms_that_nobody_looked_at_for_years_are_gone_through_in_order(desk: Office):
    id = await register(desk, ends_in=-20 * 365)
    async with desk.worker(), trigger(desk):
        await desk.until(lambda: _current(desk, id))
    ends: list[date] = [r.event.term_end for r in await desk.log(e.ContractRenewed)]
    assert ends == sorted(ends)
    assert len(ends) in {20, 21}


async def _current(desk: Office, id) -> bool:
    dates = (await contract_of(desk, id)).dates
    return dates is not None and dates.term_end is not None and dates.term_end >= today(desk)


async def breached(desk: Office, **owed: Any) -> tuple[UUID, UUID, date]:
    """A contract with a report that was due a week ago; its breach is recorded."""
    id, due = await register(desk, ends_in=200), today(desk) - timedelta(days=7)
    await owe(desk, id, months=12, first=due, since=due, **owed)
    await desk.until(lambda: _breached(desk, id))
    ((obligation, occurrence), *_) = (await contract_of(desk, id)).occurrences
    return id, obligation, occurrence


async def _breached(desk: Office, id) -> bool:
    return await recorded(desk, o.ObligationBreached, id) == 1


async def case_of(desk: Office, id: UUID, obligation: UUID, occurrence: date) -> Any:
    return (await desk.store.load(desk.tenant, disputes, dispute_of(id, obligation, occurrence))).state


async def test_a_breach_that_is_claimed_opens_its_case_in_one_step(desk: Office):
    async with desk.worker(), trigger(desk):
        id, obligation, occurrence = await breached(desk, penalty=Money(amount=Decimal(500), currency="EUR"))
        claim = DisputeBreach(obligation=obligation, occurrence=occurrence, note="the second time")
        await desk.do(contracts, id, claim)
        await desk.until(lambda: case_of(desk, id, obligation, occurrence))
        await desk.do(contracts, id, claim)
    case = await case_of(desk, id, obligation, occurrence)
    assert (case.account, case.owner, case.contract, case.obligation) == (ACME, ANNA, id, obligation)
    assert str(case.ledger.gross.open) == "500.00"
    (breach,) = await desk.log(o.ObligationBreached)
    (opened,) = await desk.log(DisputeOpened)
    assert opened.correlation_id == breach.correlation_id, "one story"
    assert opened.on_behalf_of == ANNA


async def test_a_breach_is_claimed_after_the_end_of_the_contract_too_and_anew_once_its_case_is_void(desk: Office):
    async with desk.worker(), trigger(desk):
        id, obligation, occurrence = await breached(desk)
        await desk.do(contracts, id, TerminateContract(on=today(desk) - timedelta(days=1), cause=EndCause.FOR_CAUSE))
        await desk.until(lambda: _over(desk, id))
        claim = DisputeBreach(obligation=obligation, occurrence=occurrence, claim=Money(amount=Decimal(40), currency="EUR"))
        await desk.do(contracts, id, claim)
        await desk.until(lambda: case_of(desk, id, obligation, occurrence))
        first = dispute_of(id, obligation, occurrence)
        await desk.do(disputes, first, VoidDispute(reason="Mistyped"))
        await desk.do(contracts, id, claim)
        await desk.until(lambda: _again(desk, first))
    cases = await desk.log(DisputeOpened)
    assert {opened.originator_id for opened in cases} == {first, dispute_after(first)}
    assert {opened.correlation_id for opened in cases} == {first}, "one story"


async def _again(desk: Office, first: UUID) -> bool:
    return (await desk.store.load(desk.tenant, disputes, dispute_after(first))).state is not None


async def test_of_twenty_that_want_the_contract_of_a_won_deal_at_once_one_gets_it(desk: Office):
    deal = await desk.open_deal()
    await desk.do(deals, deal, AdvanceDeal(to="won", signed_on=today(desk)))
    async with desk.worker(), desk.trigger():
        await desk.settled(deal)
    command = OpenContractFromDeal(
        deal=deal, start=today(desk), end=today(desk) + timedelta(days=364), renewal=Renewal(kind=RenewalKind.FIXED)
    )
    ids = [uuid7() for _ in range(20)]
    outcomes = await asyncio.gather(*(desk.do(contracts, id, command) for id in ids), return_exceptions=True)
    (winner,) = [id for id, outcome in zip(ids, outcomes, strict=True) if not isinstance(outcome, BaseException)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert {type(outcome) for outcome in refused} == {DealHasContract}
    assert {outcome.data["contract"] for outcome in refused if isinstance(outcome, DealHasContract)} == {str(winner)}
    (drafted,) = await desk.log(e.ContractDrafted)
    assert (drafted.originator_id, drafted.event.terms.value) == (winner, (await desk.deal(deal)).amount)
