"""Telling a demo's history into its tenant's log: from the beginning, or from where an earlier run was stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import sql

from domain.kernel import SYSTEM, Role
from domain.members import MemberJoined
from domain.tenants import TENANT_ID, CreateTenant, tenants
from infra.database import Database, Tenant
from infra.event_store import Store
from workflows.demo.breaching import Claims
from workflows.demo.buying import bought
from workflows.demo.contracting import Contracting
from workflows.demo.conversations import left_to_do, supplied
from workflows.demo.customers import Registry, known_at_first
from workflows.demo.disputing import Desk
from workflows.demo.founding import founded
from workflows.demo.keeping import Keeping
from workflows.demo.market import Market
from workflows.demo.plan import DemoDiffers, Plan
from workflows.demo.recording import Recorder, Told, recall, simulated_store
from workflows.demo.simulation import Story
from workflows.demo.staff import Hiring
from workflows.demo.turnover import turned_over
from workflows.demo.watching import Watch
from workflows.demo.world import COMPANY, World
from workflows.holding import hold, release

Progress = Callable[[float, int], None]


@dataclass(frozen=True, slots=True)
class Telling:
    """What is in the log. `fresh`: events that this run added; none where all was told before."""

    plan: Plan
    events: int
    fresh: int


@dataclass(frozen=True, slots=True)
class Visitor:
    """A member of the demo's company in whose place a visitor may sign in."""

    role: Role
    member: UUID
    name: str
    email: str


async def tell(database: Database, store: Store, tenant: Tenant, plan: Plan, progress: Progress = lambda _share, _events: None) -> Telling:
    """Tell the whole history; quiet where it is told, and going on where an earlier run was stopped.

    A history that was begun keeps the end and the length it was begun with, whatever day it is by now. `progress` is told the
    share of the time that is told, and the events so far. Raises DemoDiffers where the log holds another seed's history or
    anything else, DemoRefused where a rule contradicts the generator, StoreUnavailable.
    """
    plan = await _begun(store, tenant, plan)
    if await _finished(database, tenant, plan):
        head = await store.head(tenant)
        await release(database, tenant, head)
        return Telling(plan, head, 0)
    await hold(database, tenant)
    known = await recall(database, store, tenant)
    before = sum(len(told.events) for told in known.values())
    async with simulated_store(database.url, store.codec) as simulated:
        events = await _tell(simulated, tenant, plan, known, progress)
    # the one command that waits for the disk, and with it for all before it; changes nothing, and says that all is told
    made = CreateTenant(slug=tenant.slug, name=COMPANY, simulated=True)
    await store.execute(tenant, tenants, TENANT_ID, made, by=SYSTEM, command_id=plan.finished)
    await release(database, tenant, events)
    return Telling(plan, events, events - before)


async def _tell(store: Store, tenant: Tenant, plan: Plan, known: dict[UUID, Told], progress: Progress) -> int:
    recorder = Recorder(store, tenant, known)
    world = World(plan, recorder, lambda ids: store.codec.obtain(tenant.slug, ids))
    keeping = Keeping(world, Watch(world))
    desk = Desk(world)
    Claims(world, keeping, desk)
    world.begin(_all(world, tenant.slug, Contracting(world, keeping), desk))
    seconds = (plan.until - plan.begin).total_seconds()

    days = set()

    def told(at: datetime, events: int) -> None:
        if at.date() not in days:
            days.add(at.date())
            progress(min((at - plan.begin).total_seconds() / seconds, 1.0), events)

    await world.simulation.run(told)
    await recorder.check()
    return recorder.events


def _all(world: World, slug: str, contracting: Contracting, desk: Desk) -> Story:
    hiring, registry, market = Hiring(world), Registry(world), Market(world, contracting.sold)
    yield from founded(world, slug, hiring)
    yield from known_at_first(world, registry)
    buying = (desk.invited(), bought(world, desk.found), desk.newest())
    for story in (
        supplied(world),
        left_to_do(world),
        *buying,
        market.opens(),
        market.rests(),
        turned_over(world, hiring),
        *contracting.stories(),
    ):
        world.begin(story)


async def _begun(store: Store, tenant: Tenant, plan: Plan) -> Plan:
    """The plan that the log was begun with; the one asked for where it is empty."""
    first = await store.read(tenant, 0, 1)
    if not first:
        return plan
    begun = Plan.read(first[0].command_id)
    if (begun.seed, begun.size) != (plan.seed, plan.size):
        raise DemoDiffers(
            f"Tenant {tenant.slug} holds the demo of seed {begun.seed}, which stays; for seed {plan.seed} name another tenant with --tenant.",
            seed=begun.seed,
        )
    return begun


async def _finished(database: Database, tenant: Tenant, plan: Plan) -> bool:
    query = sql.SQL("SELECT FROM {}.commands WHERE id = %s").format(sql.Identifier(tenant.schema))
    async with database.connection() as connection:
        return (await connection.execute(query, (plan.finished,))).rowcount > 0


async def visitors(database: Database, store: Store, tenant: Tenant, *roles: Role) -> list[Visitor]:
    """The first member of each role, who stays to the end."""
    query = sql.SQL("SELECT position FROM {}.events WHERE topic LIKE 'member.%%' AND topic = %s ORDER BY position LIMIT 100").format(
        sql.Identifier(tenant.schema)
    )
    async with database.connection() as connection:
        rows = await (await connection.execute(query, (MemberJoined.topic,))).fetchall()
    found: dict[Role, Visitor] = {}
    for recorded in await store.at(tenant, [position for (position,) in rows]):
        joined = recorded.event
        assert isinstance(joined, MemberJoined)
        for role in joined.roles:
            found.setdefault(role, Visitor(role, recorded.originator_id, joined.name, joined.email or ""))
    return [found[role] for role in roles]
