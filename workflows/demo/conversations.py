"""Conversations of the demo: what was said with whom, what was promised, and whether it was kept."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from domain.accounts import AccountRole
from domain.follow_ups import CancelFollowUp, CompleteFollowUp, FollowUpAdded, FollowUpPlan, ReassignFollowUp, RescheduleFollowUp
from domain.interactions import InteractionKind, RecordInteraction, interactions
from workflows.demo import texts
from workflows.demo.recording import Told
from workflows.demo.simulation import Act, Story
from workflows.demo.world import Account, Person, World

_MINUTES = {InteractionKind.CALL: (5, 40), InteractionKind.MEETING: (30, 90), InteractionKind.VISIT: (90, 240)}


def words(random: Random, account: Account) -> dict[str, str]:
    """What the braces in a text stand for, at an account."""
    first, boss = account.buyers[0].name, account.buyer("economic")
    line = random.randint(1, 6)
    return {
        "who": first,
        "boss": boss.name if boss else first,
        "n": str(random.randint(3, 28)),
        "line": str(line),
        "line2": str(line + random.randint(1, 3)),
        "thing": random.choice(("the vision sensor", "the monitoring", "the flow meters", "the edge gateway")),
        "industry": account.company.industry,
        "rival": random.choice(texts.RIVALS),
        "erp": random.choice(("SAP", "their ERP", "Dynamics")),
        "day": random.choice(texts.DAYS),
    }


def talk(
    world: World,
    random: Random,
    account: Account,
    by: Person,
    note: texts.Note,
    *,
    deal: UUID | None = None,
    promise: str | None = None,
) -> Generator[Act, Any, None]:
    """Record a conversation that took place a little earlier; a promise made in it becomes a follow-up."""
    kind, direction, subject, text = note
    filled = words(random, account)
    present = [account.buyers[0].id]
    if "{boss}" in text and (boss := account.buyer("economic")) and boss.id not in present:
        present.append(boss.id)
    plans: tuple[FollowUpPlan, ...] = ()
    if promise is not None:
        due = world.diary.working_day(world.today(by.zone) + timedelta(days=random.choice((1, 2, 3, 5, 7, 10, 14))))
        plans = (FollowUpPlan(text=promise.format(**filled), owner=by.id, due=due),)
    id = world.personal.at(world.now)
    least, most = _MINUTES.get(kind, (0, 0))
    command = RecordInteraction(
        kind=kind,
        happened_at=world.now - timedelta(minutes=random.randint(12, 50)),
        by=by.id,
        accounts=(account.id,),
        contacts=tuple(present),
        deal=deal,
        direction=direction,
        minutes=random.randint(least // 5, most // 5) * 5 if most else None,
        subject_line=subject.format(**filled),
        text=text.format(**filled),
        follow_ups=plans,
    )
    told: Told = yield world.do(interactions, id, command, by, new=True)
    for event in told.events:
        if isinstance(event, FollowUpAdded):
            world.begin(_kept(world, random.getrandbits(32), id, event.follow_up, by, event.due))


def _kept(world: World, chance: int, interaction: UUID, follow_up: UUID, owner: Person, due: date) -> Story:
    """A promise: kept in time, or late, put off, or given up. What falls due at the end of the history is open."""
    random = world.chance("promise", chance)
    days = (due - world.today(owner.zone)).days
    if random.random() < 0.06:
        yield world.after(owner, random.uniform(0.5, days + 1))
        yield world.do(interactions, interaction, CancelFollowUp(follow_up=follow_up, reason="Not needed any more"), owner)
        return
    if random.random() < 0.1:
        yield world.after(owner, max(0.5, days - 0.6))
        later = world.diary.working_day(max(due, world.today(owner.zone)) + timedelta(days=random.choice((3, 5, 7))))
        yield world.do(interactions, interaction, RescheduleFollowUp(follow_up=follow_up, due=later), owner)
        days = (later - world.today(owner.zone)).days
    in_time = random.random() < owner.habits.care
    yield world.after(owner, max(0.1, days + (0.1 if in_time else random.uniform(1, 9))))
    if owner.heir is not None:
        yield world.do(interactions, interaction, ReassignFollowUp(follow_up=follow_up, owner=owner.heir.id), owner.heir)
        owner = owner.heir
        yield world.after(owner, 1)
    yield world.do(interactions, interaction, CompleteFollowUp(follow_up=follow_up, outcome=random.choice(texts.OUTCOMES)), owner)


def supplied(world: World) -> Story:
    """Procurement talks to each supplier every few weeks."""
    for account in world.accounts:
        if account.company.roles[0] is AccountRole.SUPPLIER:
            world.begin(_supplied_by(world, account))
    return
    yield


def _supplied_by(world: World, account: Account) -> Story:
    random = world.chance("supply", account.company.name)
    while True:
        yield world.after(account.owner, random.uniform(12, 55))
        if account not in world.accounts:
            return
        promise = random.choice(texts.SUPPLY_PROMISES) if random.random() < 0.6 else None
        yield from talk(world, random, account, account.owner, random.choice(texts.SUPPLY), promise=promise)
