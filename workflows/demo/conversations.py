"""Conversations of the demo: what was said with whom, what was promised, and whether it was kept."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from domain.accounts import AccountRole
from domain.follow_ups import CancelFollowUp, CompleteFollowUp, FollowUpAdded, FollowUpPlan, ReassignFollowUp, RescheduleFollowUp
from domain.interactions import InteractionKind, RecordInteraction, interactions
from domain.kernel import Role
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
    due: date | None = None,
) -> Generator[Act, Any, None]:
    """Record a conversation that took place a little earlier; a promise made in it becomes a follow-up, open to the end if `due` is given."""
    kind, direction, subject, text = note
    filled = words(random, account)
    present = [account.buyers[0].id]
    if "{boss}" in text and (boss := account.buyer("economic")) and boss.id not in present:
        present.append(boss.id)
    plans: tuple[FollowUpPlan, ...] = ()
    if promise is not None:
        day = due or world.diary.working_day(world.today(by.zone) + timedelta(days=random.choice((1, 2, 3, 5, 7, 10, 14))))
        plans = (FollowUpPlan(text=promise.format(**filled), owner=by.id, due=day),)
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
        if isinstance(event, FollowUpAdded) and due is None:
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


def left_to_do(world: World) -> Story:
    """What is on the desk of a salesperson and of a buyer as the history ends: due on its last day, and overdue."""
    for role, notes, promises in (
        (Role.ACCOUNT_MANAGER, texts.TALKS["discover"], texts.PROMISES),
        (Role.PROCUREMENT, texts.SUPPLY, texts.SUPPLY_PROMISES),
    ):
        person = world.having(role)
        for number, days in enumerate((-1, -1, 0, 0, 0, 2)):
            world.begin(
                _left(
                    world,
                    person,
                    number,
                    world.plan.end + timedelta(days=days),
                    notes[number % len(notes)],
                    promises[number % len(promises)],
                )
            )
    return
    yield


def _left(world: World, person: Person, number: int, due: date, note: texts.Note, promise: str) -> Story:
    end = datetime.combine(world.plan.end, time(), UTC)
    first = datetime.combine(world.diary.working_day_before(world.plan.end - timedelta(days=2)), time(), UTC)
    yield world.after(person, (first - world.now).total_seconds() / 86400 + number / 100)
    theirs = [a for a in world.accounts if a.owner is person] or world.accounts
    if world.now < end:
        yield from talk(
            world, world.chance("left", person.id, number), theirs[number % len(theirs)], person, note, promise=promise, due=due
        )


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
