"""Who comes and who goes at the demo's company, and what becomes of the deals and accounts of those who go."""

from __future__ import annotations

from domain.deals import AssignOwner, deals
from domain.kernel import Role
from domain.members import ChangeMember, DeactivateMember, members
from workflows.demo.calendar import Region
from workflows.demo.customers import handed_over
from workflows.demo.market import heirs
from workflows.demo.simulation import Story
from workflows.demo.staff import Hiring
from workflows.demo.world import Person, World


def turned_over(world: World, hiring: Hiring) -> Story:
    """One salesperson joins after four tenths of the time, one leaves after six."""
    admin = world.having(Role.ADMIN)
    yield world.office(days=world.plan.days * 0.25)
    someone = world.sellers(Region.WEST)[-1]
    yield world.do(members, someone.id, ChangeMember(zone="Europe/Lisbon"), admin)
    yield world.office(days=world.plan.days * 0.15)
    manager = next(p for p in world.people if Role.SALES_MANAGER in p.roles and p.region is Region.NORTH)
    new = hiring.seller(Region.NORTH, 7, manager)
    new.active = False
    yield hiring.add(new, admin)
    new.active = True
    yield world.office(days=world.plan.days * 0.2)
    yield from _leaves(world, world.sellers(Region.NORTH)[1], admin)


def _leaves(world: World, leaving: Person, admin: Person) -> Story:
    """Deals go over at once; accounts are entered some days later, dated back to the day it was agreed."""
    taking = heirs(world, leaving)
    leaving.heir = taking[-1]
    leaving.active = False
    manager = next(p for p in world.people if p.id == leaving.manager)
    theirs = [id for id, deal in world.deals.items() if deal.open and deal.owner == leaving.id]
    if theirs:
        yield tuple(world.do(deals, id, AssignOwner(owner=taking[n % len(taking)].id), manager) for n, id in enumerate(theirs))
    yield world.office(days=4)
    accounts = [a for a in world.accounts if a.owner is leaving]
    if accounts:
        yield tuple(handed_over(world, a, taking[n % len(taking)], days_ago=4) for n, a in enumerate(accounts))
    yield world.office(days=10)
    late = [id for id, deal in world.deals.items() if deal.open and deal.owner == leaving.id]
    if late:
        yield tuple(world.do(deals, id, AssignOwner(owner=leaving.heir.id), manager) for id in late)
    yield world.do(members, leaving.id, DeactivateMember(), admin)
