"""A tenant at work: a short pipeline without gates, an owner and her manager, and a worker's parts over real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict
from temporalio.client import Client, WorkflowHandle
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from domain.accounts import AccountRole, OpenAccount, accounts
from domain.deals import AdvanceDeal, DealMoveRefused, DealStageEntered, DealStageRequested, OpenDeal, deals
from domain.deals.state import Deal
from domain.kernel import Actor, Command, Recorded, Role, natural_id
from domain.members import AddMember, members
from domain.nouns import register_all
from domain.pipelines import Category, DefinePipeline, Stage, StageKind, pipelines
from domain.values import Money
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store import Executed, Store
from infra.ids import uuid7
from infra.keys import Keys
from infra.mail import MailFolder
from infra.migrations import create_tenant, migrate
from infra.temporal import connect
from workflows.activities import Activities
from workflows.approval_trigger import ApprovalTrigger
from workflows.messages import DEAL_WORKFLOW, workflow_id
from workflows.outbox import Outbox
from workflows.starting import Starter
from workflows.take_up import TakeUp
from workflows.trigger import Trigger
from workflows.worker import carry_out, worker_of

PIPELINE, ACME = natural_id("test", "short pipeline"), natural_id("test", "acme")
ANNA, BOSS = natural_id("test", "anna"), natural_id("test", "boss")
SELLER = Actor(ANNA, frozenset({Role.ACCOUNT_MANAGER}))
ADMIN = Actor(natural_id("test", "admin"), frozenset({Role.ADMIN}))
MAX_DAYS = 30
OPEN = ("first", "second", "third")


SANDBOX = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules("domain", "infra", "pydantic", "psycopg")
)
"""Fails workflows that do what is not deterministic."""


class Clock:
    """The time that decisions see; a test moves it along with Temporal's."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def _stage(key: str, order: int, kind: StageKind, probability: int, category: Category, max_days: int | None) -> Stage:
    return Stage(key=key, name=key.title(), order=order, kind=kind, probability=probability, category=category, max_days=max_days)


STAGES = (
    *(_stage(key, n, StageKind.OPEN, 10 * n, Category.PIPELINE, MAX_DAYS) for n, key in enumerate(OPEN, 1)),
    _stage("won", 9, StageKind.WON, 100, Category.CLOSED, None),
    _stage("lost", 10, StageKind.LOST, 0, Category.OMITTED, None),
)


@dataclass
class Office:
    """One tenant, and one process's parts. `url` is what a worker process signs in with."""

    url: str
    keys_file: Path
    address: str
    tenant: Tenant
    database: Database
    store: Store
    client: Client
    clock: Clock
    mail: MailFolder
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    async def furnish(self) -> None:
        """What a deal refers to."""
        await self.do(pipelines, PIPELINE, DefinePipeline(name="Short", stages=STAGES), ADMIN)
        await self.do(members, BOSS, AddMember(name="Bo Boss", email="bo@example.org"), ADMIN)
        await self.do(members, ANNA, AddMember(name="Anna Ant", email="anna@example.org", manager=BOSS), ADMIN)
        await self.do(accounts, ACME, OpenAccount(legal_name="Acme", roles=(AccountRole.PROSPECT,)), SELLER)

    async def do(self, decider: Any, stream: UUID, command: Command, by: Actor = SELLER) -> Executed:
        return await self.store.execute(self.tenant, decider, stream, command, by=by)

    async def open_deal(self, *, closes_in: int = 60, title: str = "Saws for Acme") -> UUID:
        id = uuid7()
        money = Money(amount=Decimal(100), currency="EUR")
        close_date = (self.clock() + timedelta(days=closes_in)).date()
        await self.do(deals, id, OpenDeal(title=title, account=ACME, pipeline=PIPELINE, amount=money, close_date=close_date, owner=ANNA))
        return id

    async def open_deals(self, count: int) -> list[UUID]:
        return list(await asyncio.gather(*(self.open_deal() for _ in range(count))))

    async def ask(self, deal: UUID, to: str) -> Executed:
        """Ask for a move, as a user does. Back and lost need a reason."""
        return await self.do(deals, deal, AdvanceDeal(to=to, reason="price" if to == "lost" else "wrong_stage"))

    async def deal(self, id: UUID) -> Deal:
        found: Deal = (await self.store.load(self.tenant, deals, id)).state
        return found

    async def stage(self, id: UUID) -> str:
        return (await self.deal(id)).stage

    async def settled(self, id: UUID) -> Deal:
        """The deal, once no move of it is pending."""
        await self.until(lambda: self._settled(id))
        return await self.deal(id)

    async def _settled(self, id: UUID) -> bool:
        return (await self.deal(id)).pending is None

    async def until(self, holds: Callable[[], Any], *, within: float = 120.0) -> None:
        """Wait until it holds, looking often; fails the test when it does not in time."""
        async with asyncio.timeout(within):
            while True:
                found = holds()
                if await found if asyncio.iscoroutine(found) else found:
                    return
                mark = self.store.wakes.mark(self.tenant.slug)
                await self.store.wakes.wait(self.tenant.slug, 0.1, mark)

    async def log(self, *kinds: type) -> list[Recorded]:
        """The events of some kinds, or all, in order."""
        found = await self.store.read(self.tenant, 0, 1_000_000)
        return [r for r in found if not kinds or isinstance(r.event, kinds)]

    def handle(self, id: UUID, noun: str = DEAL_WORKFLOW) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(workflow_id(self.tenant.slug, noun, id))

    async def running(self, id: UUID, noun: str = DEAL_WORKFLOW) -> bool:
        try:
            description = await self.handle(id, noun).describe()
        except Exception:  # noqa: BLE001  not there, or no server
            return False
        return description.status is not None and description.status.name == "RUNNING"

    @asynccontextmanager
    async def trigger(self, *, background: bool = False, mail: bool = False) -> AsyncIterator[Trigger]:
        """The trigger at work; with the take-up and the outbox too, if asked for."""
        starter = Starter(self.client)
        trigger = Trigger(self.database, self.store, starter)
        tails = [trigger.tail, ApprovalTrigger(self.database, self.store, starter).tail]
        if background:
            tails.append(TakeUp(self.database, self.store, starter, lambda: trigger.quiet_for).tail)
        if mail:
            tails.append(Outbox(self.database, self.store, self.mail, patience=0.5).tail)
        async with at_work(*(tail.run() for tail in tails)):
            yield trigger

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """The Temporal worker at work."""
        client = await connect(self.address, self.client.namespace, lazy=False)
        async with worker_of(client, self.activities(), SANDBOX):
            yield

    @asynccontextmanager
    async def surviving_worker(self) -> AsyncIterator[None]:
        """As the worker process runs it: through outages."""
        async with at_work(carry_out(self.address, self.client.namespace, self.activities())):
            yield

    def activities(self) -> Activities:
        return Activities(self.database, self.store, self.clock)


@asynccontextmanager
async def at_work(*coroutines: Any) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(c) for c in coroutines]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def moves(recorded: list[Recorded]) -> tuple[list[UUID], list[UUID]]:
    """The requests among events, and those that were carried out or refused, each as often as it was."""
    from infra.event_store.envelope import event_id

    asked = [event_id(r.originator_id, r.originator_version) for r in recorded if isinstance(r.event, DealStageRequested)]
    done = [r.event.request for r in recorded if isinstance(r.event, DealStageEntered | DealMoveRefused)]
    return asked, done


@asynccontextmanager
async def office(database_url: str, folder: Path, address: str, namespace: str = "concord", slug: str = "acme") -> AsyncIterator[Office]:
    """A furnished office over an empty database, and a Temporal server that may be down."""
    register_all()
    migrate(database_url)
    tenant = create_tenant(database_url, slug)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE concord_app PASSWORD 'test'")
    parts = conninfo_to_dict(database_url)
    url = f"postgresql://concord_app:test@{parts['host']}:{parts['port']}/{parts['dbname']}"
    clock = Clock()
    database = await Database.open(url)
    keys = Keys.open(folder / "keys.db", folder / "root.key")
    store = Store(database, Codec(keys), clock)
    store.wakes.listen()
    client = await connect(address, namespace)
    made = Office(url, folder / "keys.db", address, tenant, database, store, client, clock, MailFolder(folder / "mail"))
    try:
        await made.furnish()
        yield made
    finally:
        await store.close()
        keys.close()
        await database.close()
