"""The demo's world while it is simulated: who works where, whom they deal with, and how each deal stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from domain.approvals import Approval
from domain.deals import Deal, deals
from domain.kernel import SYSTEM, Actor, Command, Decider, Role
from domain.settings import Settings
from domain.values import zone
from workflows.demo.calendar import HOME_ZONE, Diary, Region
from workflows.demo.catalogue import PriceList
from workflows.demo.companies import Company
from workflows.demo.ids import PersonalIds, SeededIds, chance
from workflows.demo.plan import Plan
from workflows.demo.recording import Do, Recorder, Told
from workflows.demo.simulation import Simulation, Story, Wait

COMPANY = "Veltrona Industrial Sensors"
MAIL = "veltrona.example"
"""`.example` is reserved (RFC 2606): whatever is sent there reaches nobody."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a salesperson works. `wins`: how often they win against the average; `pace`: how long a stage takes them against it.

    `hope`: how readily they call a deal committed; `care`: how surely they keep promises and dates. Both from 0 to 1.
    """

    wins: float = 1.0
    pace: float = 1.0
    hope: float = 0.5
    care: float = 0.8


@dataclass(slots=True)
class Person:
    """A member of the demo's company."""

    id: UUID
    name: str
    email: str
    roles: tuple[Role, ...]
    region: Region = Region.NORTH
    zone: str = HOME_ZONE
    team: UUID | None = None
    manager: UUID | None = None
    habits: Habits = field(default_factory=Habits)
    active: bool = True
    heir: Person | None = None
    """Who took over when this person left."""

    @property
    def actor(self) -> Actor:
        return Actor(id=self.id, roles=frozenset(self.roles))


@dataclass(frozen=True, slots=True)
class Buyer:
    """A person at another company. `part`: champion, economic, buying, legal or supply."""

    id: UUID
    name: str
    part: str


@dataclass(slots=True)
class Account:
    """An account of the demo's company, with the people known there."""

    id: UUID
    company: Company
    owner: Person
    weight: float
    buyers: list[Buyer] = field(default_factory=list)
    customer: bool = False

    def buyer(self, part: str) -> Buyer | None:
        return next((b for b in self.buyers if b.part == part), None)


class World:
    """Everything that stories share."""

    def __init__(self, plan: Plan, recorder: Recorder, obtain_keys: Callable[[list[UUID]], None]) -> None:
        self.plan = plan
        self.diary = Diary(plan)
        self.ids = SeededIds(plan.founding)
        self.personal = PersonalIds(plan.founding, obtain_keys)
        self.simulation = Simulation(recorder, SeededIds(f"{plan.founding}:commands"), plan.begin, plan.until, self._heard)
        self.prices = PriceList()
        self.rates: dict[str, Decimal] = {"EUR": Decimal(1)}
        self.people: list[Person] = []
        self.teams: dict[Region, UUID] = {}
        self.accounts: list[Account] = []
        self.deals: dict[UUID, Deal] = {}
        self.approvals: dict[UUID, Approval] = {}
        """By deal."""
        self.settings = Settings()
        self.wins = 0
        """How often a deal was won so far."""
        self.changed: Callable[[UUID, Deal], None] = lambda _id, _deal: None
        """Told of each deal that changed."""

    # --- time and chance ----------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.simulation.now

    def today(self, zone_name: str = HOME_ZONE) -> date:
        """The date it is in a zone."""
        return self.now.astimezone(zone(zone_name)).date()

    def chance(self, *what: object) -> Random:
        """Chance of its own for each matter, so that one story's throws do not change another's."""
        return chance(self.plan.seed, self.plan.size, *what)

    def after(self, person: Person, days: float) -> Wait:
        """Wait for the person's first slot after so many days."""
        return Wait(self.diary.slot(person.region, self.now + timedelta(days=days)))

    def next_slot(self, person: Person) -> Wait:
        """Wait for the person's next slot; an instant of its own, never the present one."""
        return Wait(self.diary.slot(person.region, self.now + timedelta(minutes=30)))

    def office(self, days: float = 0.0) -> Wait:
        """Wait until administration writes, after so many days."""
        return Wait(self.diary.office(self.now + timedelta(days=days)))

    # --- people -------------------------------------------------------------------------------------------------------

    def having(self, role: Role) -> Person:
        """The first active person with a role."""
        return next(p for p in self.people if role in p.roles and p.active)

    def person(self, id: UUID) -> Person:
        return next(p for p in self.people if p.id == id)

    def sellers(self, region: Region) -> list[Person]:
        """Who sells in a region now."""
        return [p for p in self.people if p.active and p.region is region and Role.ACCOUNT_MANAGER in p.roles]

    # --- commands -----------------------------------------------------------------------------------------------------

    def do(self, decider: Decider[Any], stream: UUID, command: Command, by: Person | None = None, **more: Any) -> Do:
        """A command by a person; by Concord itself where there is none."""
        return Do(decider, stream, command, SYSTEM if by is None else by.actor, **more)

    def begin(self, story: Story, at: datetime | None = None) -> None:
        self.simulation.begin(story, at)

    def _heard(self, do: Do, told: Told) -> None:
        if do.decider is not deals or not told.events:
            return
        deal = deals.fold(told.events, self.deals.get(do.stream))
        assert deal is not None
        self.deals[do.stream] = deal
        self.changed(do.stream, deal)
