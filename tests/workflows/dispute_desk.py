"""Disputes at an office: a supplier, a buyer with a lead, a head, an executive and a lawyer, and time that passes for cases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from temporalio.client import Client, WorkflowHandle
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from domain.accounts import AccountRole, OpenAccount, accounts
from domain.disputes import commands as c
from domain.disputes import disputes
from domain.disputes.state import Dispute
from domain.disputes.timing import due, next_due
from domain.kernel import Actor, Command, Recorded, Role, natural_id
from domain.members import AddMember, members
from domain.notifications import NotificationRaised
from domain.settings import Settings
from infra.ids import uuid7
from tests.domain.dispute_world import claim, line
from tests.workflows.office import ADMIN, Office, at_work
from workflows.dispute_trigger import DisputeTrigger
from workflows.messages import DISPUTE_WORKFLOW
from workflows.starting import Starter

SUPPLIER = natural_id("test", "supplier account")
BEA, LEAD, HEAD, EXEC, LEGAL = (natural_id("test", name) for name in ("bea", "lead", "head", "exec", "legal"))
BUYER = Actor(BEA, frozenset({Role.PROCUREMENT}))
THEIRS = Actor(natural_id("test", "sam"), frozenset({Role.SUPPLIER}))
STILL = TimeSkippingConfig(enabled=False)
"""Time passes as it does, until a test says that some has passed."""
_AT_ONCE = 20


async def furnish(desk: Office) -> None:
    """The people that a case concerns, each above the one before."""
    await desk.do(accounts, SUPPLIER, OpenAccount(legal_name="Acme Steel", roles=(AccountRole.SUPPLIER,)))
    above: UUID | None = None
    posts = ((EXEC, Role.EXECUTIVE), (HEAD, Role.PROCUREMENT_HEAD), (LEAD, Role.CATEGORY_LEAD), (BEA, Role.PROCUREMENT))
    for id, role in posts:
        await desk.do(members, id, AddMember(name=f"Member {role}", roles=(role,), manager=above), ADMIN)
        above = id
    await desk.do(members, LEGAL, AddMember(name="Lex", roles=(Role.LEGAL,)), ADMIN)


async def raise_claim(desk: Office, number: int = 1, **other: Any) -> UUID:
    id = uuid7()
    said: dict[str, Any] = {"account": SUPPLIER, "owner": BEA} | other
    await desk.do(disputes, id, claim(line(number), **said), BUYER)
    return id


async def do(desk: Office, case: UUID, command: Command, by: Actor = BUYER) -> None:
    await desk.do(disputes, case, command, by)


async def case_of(desk: Office, id: UUID) -> Dispute:
    found: Dispute = (await desk.store.load(desk.tenant, disputes, id)).state
    return found


def handle(desk: Office, id: UUID) -> WorkflowHandle[Any, Any]:
    return desk.handle(id, DISPUTE_WORKFLOW)


async def running(desk: Office, id: UUID) -> bool:
    return await desk.running(id, DISPUTE_WORKFLOW)


@asynccontextmanager
async def trigger(desk: Office, client: Client | None = None) -> AsyncIterator[None]:
    """What takes cases up, at work."""
    tail = DisputeTrigger(desk.database, desk.store, Starter(client or desk.client), lambda: 60.0).tail
    async with at_work(tail.run()):
        yield


async def told(desk: Office) -> list[tuple[str, UUID]]:
    """Kind and member of all that was told."""
    return [(r.event.kind, r.event.member) for r in await desk.log(NotificationRaised) if isinstance(r.event, NotificationRaised)]


async def of_case(desk: Office, case: UUID, kind: type) -> list[Recorded]:
    return [r for r in await desk.log(kind) if r.originator_id == case]


class Days:
    """Lets time pass for some cases, on both clocks; decisions see the time first, as in life."""

    def __init__(self, desk: Office, cases: Sequence[UUID]) -> None:
        self.desk, self.cases = desk, cases
        self.skipper = TimeSkipper(desk.client, config=STILL)

    async def begun(self) -> None:
        """Start the workflows, so that time can pass for them, and wait until each has looked and sleeps."""
        starter = Starter(self.skipper.client)
        for few in self._few():
            await asyncio.gather(*(starter.ask(self.desk.tenant, DISPUTE_WORKFLOW, case) for case in few))
            await self.seen(few)

    def _few(self) -> Iterator[Sequence[UUID]]:
        """A look may take so long at most, and two processors take care of so many at once."""
        return (self.cases[start : start + _AT_ONCE] for start in range(0, len(self.cases), _AT_ONCE))

    async def to_next(self) -> datetime | None:
        """Go just past the next instant at which something falls due in the first case; None where nothing will."""
        at = next_due(await case_of(self.desk, self.cases[0]), Settings(), self.desk.clock())
        if at is not None:
            await self.pass_(at - self.desk.clock() + timedelta(seconds=2))
        return at

    async def pass_(self, ahead: timedelta) -> None:
        self.desk.clock.ahead += ahead
        for few in self._few():
            await asyncio.gather(*(self._forward(case, ahead) for case in few))
            await self.seen(few)

    async def _forward(self, case: UUID, ahead: timedelta) -> None:
        if await running(self.desk, case):
            await self.skipper.fast_forward(handle(self.desk, case), ahead)

    async def seen(self, cases: Sequence[UUID] | None = None) -> None:
        """Wait until everything that is due is recorded, and each workflow sleeps or has ended."""
        for case in cases or self.cases:
            await self.desk.until(lambda case=case: self._seen(case))  # type: ignore[misc]

    async def _seen(self, case: UUID) -> bool:
        state, now = await case_of(self.desk, case), self.desk.clock()
        if due(state, Settings(), now):
            return False
        # without anything to come a workflow sleeps without a timer
        return next_due(state, Settings(), now) is None or await self._sleeps(case) or not await running(self.desk, case)

    async def _sleeps(self, case: UUID) -> bool:
        found = (await handle(self.desk, case).fetch_history()).events
        timers = {e.event_id for e in found if e.HasField("timer_started_event_attributes")}
        over = {e.timer_fired_event_attributes.started_event_id for e in found if e.HasField("timer_fired_event_attributes")}
        over |= {e.timer_canceled_event_attributes.started_event_id for e in found if e.HasField("timer_canceled_event_attributes")}
        return bool(timers - over)


def answer(text: str = "We look into it.") -> c.Comment:
    return c.Comment(text=text)
