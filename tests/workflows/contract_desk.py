"""Contracts of the office: registered, owed by, and driven through years of days, as the time-skipping server makes them pass."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from temporalio.client import Client, WorkflowHandle
from temporalio.testing import TimeSkipper

from domain.contract_dates import NoticeRule, NoticeUnit, Renewal, RenewalKind, begins
from domain.contracts import Contract, contracts
from domain.contracts.commands import RecordAlert, RecordDates, RecordNoticeWindow, RecordTermEnd, RegisterContract
from domain.contracts.obligation_commands import AddObligation, RecordObligations
from domain.contracts.terms import Party, Side, SignedPaper, Terms, ValuePer
from domain.default_pipeline import default_pipeline
from domain.kernel import Context
from domain.notifications import NotificationRaised
from domain.obligation_dates import DueRule, Recurrence
from domain.pipelines import DEFAULT_PIPELINE, pipelines
from domain.settings import SETTINGS_ID, settings
from domain.stages import EvidenceKind
from domain.values import Money
from infra.ids import uuid7
from tests.workflows.office import ACME, ADMIN, ANNA, Office, at_work
from workflows.contract_clocks import next_due
from workflows.contract_trigger import ContractTrigger
from workflows.messages import CONTRACT_WORKFLOW
from workflows.starting import Starter

PAPER = SignedPaper(reference="contracts/1.pdf", sha256="ab" * 32)
THREE_MONTHS = NoticeRule(count=3, unit=NoticeUnit.MONTHS)
YEARLY = Renewal(kind=RenewalKind.AUTO_RENEW, months=12)
CLOCK = (RecordDates(), RecordObligations(), RecordAlert(), RecordNoticeWindow(), RecordTermEnd())


def today(desk: Office) -> date:
    return desk.clock().date()


async def furnish_deals(desk: Office) -> None:
    """The pipeline that renewal deals are opened in."""
    await desk.do(pipelines, DEFAULT_PIPELINE, default_pipeline(), ADMIN)


async def register(desk: Office, *, ends_in: int, id: UUID | None = None, **terms: Any) -> UUID:
    """A yearly contract of ours whose term ends in so many days."""
    made, end = id or uuid7(), today(desk) + timedelta(days=ends_in)
    said: dict[str, Any] = {
        "start": end - timedelta(days=364),
        "end": end,
        "value": Money(amount=Decimal(5000), currency="EUR"),
        "value_per": ValuePer.YEAR,
        "renewal": YEARLY,
        "notice": THREE_MONTHS,
    }
    command = RegisterContract(
        title="Saws for Acme",
        side=Side.SELL,
        party=ACME,
        owner=ANNA,
        terms=Terms(**(said | terms)),
        signed_on=min(said["start"], today(desk)),
        paper=PAPER,
    )
    await desk.do(contracts, made, command)
    return made


async def owe(desk: Office, contract: UUID, *, months: int, first: date, **changes: Any) -> None:
    """The other party owes a report every so many months."""
    command = AddObligation(
        title="Report",
        by=Party.THEM,
        due=DueRule(on=first),
        recurrence=Recurrence(every=months),
        lead_days=10,
        grace_days=5,
        proof=EvidenceKind.DOCUMENT,
        **changes,
    )
    await desk.do(contracts, contract, command)


async def contract_of(desk: Office, id: UUID) -> Contract:
    found: Contract = (await desk.store.load(desk.tenant, contracts, id)).state
    return found


def handle(desk: Office, id: UUID) -> WorkflowHandle[Any, Any]:
    return desk.handle(id, CONTRACT_WORKFLOW)


async def running(desk: Office, id: UUID) -> bool:
    return await desk.running(id, CONTRACT_WORKFLOW)


@asynccontextmanager
async def trigger(desk: Office, client: Client | None = None) -> AsyncIterator[None]:
    """What takes contracts up, at work."""
    tail = ContractTrigger(desk.database, desk.store, Starter(client or desk.client), lambda: 60.0).tail
    async with at_work(tail.run()):
        yield


async def told(desk: Office) -> list[tuple[str, UUID]]:
    """Kind and member of all that was told."""
    return [(r.event.kind, r.event.member) for r in await desk.log(NotificationRaised) if isinstance(r.event, NotificationRaised)]


async def recorded(desk: Office, kind: type, contract: UUID) -> int:
    return sum(1 for r in await desk.log(kind) if r.originator_id == contract)


class Years:
    """Goes from one day that counts to the next, on both clocks; decisions see the time first, as in life."""

    def __init__(self, desk: Office, skipper: TimeSkipper, contract: UUID) -> None:
        self.desk, self.skipper, self.contract = desk, skipper, contract

    async def begun(self) -> None:
        """Wait until the workflow has looked, and sleeps."""
        await self.desk.until(self._sleeps)

    async def _sleeps(self) -> bool:
        found = (await handle(self.desk, self.contract).fetch_history()).events
        timers = {e.event_id for e in found if e.HasField("timer_started_event_attributes")}
        over = {e.timer_fired_event_attributes.started_event_id for e in found} | {
            e.timer_canceled_event_attributes.started_event_id for e in found
        }
        return bool(timers - over)

    async def until(self, day: date) -> None:
        """Let the days pass up to the morning of `day`, stopping where the contract's clocks run out."""
        while True:
            now = self.desk.clock()
            state = await contract_of(self.desk, self.contract)
            due = next_due(state, now) if state.watched else None
            goal = begins(day, state.zone) + timedelta(minutes=5)
            stop = min(goal, due + timedelta(minutes=5)) if due is not None else goal
            if stop <= now:
                return
            await self._pass(stop - now)
            if stop == goal:
                return

    async def _pass(self, ahead: timedelta) -> None:
        self.desk.clock.ahead += ahead
        if await running(self.desk, self.contract):
            await self.skipper.fast_forward(handle(self.desk, self.contract), ahead)
            await self.desk.until(self._looked)

    async def _looked(self) -> bool:
        """Whether nothing that is due now is left, or the workflow has ended."""
        state, now = await contract_of(self.desk, self.contract), self.desk.clock()
        if not state.watched:
            return not await running(self.desk, self.contract)
        return await self._quiet(now) and await self._sleeps()

    async def _quiet(self, now: Any) -> bool:
        state = await contract_of(self.desk, self.contract)
        known = (await self.desk.store.load(self.desk.tenant, settings, SETTINGS_ID)).state
        ctx = Context(now=now, facts={SETTINGS_ID: known}, stream=self.contract)
        return not any(contracts.decide(state, command, ctx) for command in CLOCK)
