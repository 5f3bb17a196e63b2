"""Who works at the demo's company: its people, chosen from the seed, and the story of how they and their teams are entered."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from domain.kernel import Role, natural_id
from domain.members import AddMember, SetTeam, members
from domain.teams import FormTeam, teams
from workflows.demo.calendar import Region
from workflows.demo.people import Namer, mailbox
from workflows.demo.recording import Do
from workflows.demo.simulation import Story
from workflows.demo.world import MAIL, Habits, Person, World

SALES = natural_id("team", "demo", "sales")
BUYING = natural_id("team", "demo", "procurement")
MONEY = natural_id("team", "demo", "finance")

_LEADERS = (
    (Role.EXECUTIVE,),
    (Role.SALES_CHIEF,),
    (Role.SALES_DIRECTOR,),
    (Role.FINANCE_CHIEF,),
    (Role.PROCUREMENT_HEAD,),
)
"""Each reports to the one at `_ABOVE`."""
_ABOVE = (None, 0, 1, 0, 0)
_SPECIALISTS = (
    (Role.DEAL_DESK, 2),
    (Role.DEAL_DESK, 2),
    (Role.LEGAL, 0),
    (Role.FINANCE, 3),
    (Role.AP_CLERK, 3),
    (Role.CATEGORY_LEAD, 4),
    (Role.PROCUREMENT, 4),
    (Role.PROCUREMENT, 4),
    (Role.AUDITOR, 0),
)
"""Role, and the leader they report to."""
_COUNTRIES = {
    Region.NORTH: ("DE", "SE", "DE", "PL", "NL"),
    Region.WEST: ("GB", "FR", "IT", "ES"),
    Region.OVERSEAS: ("US", "US", "SG", "US"),
}
_ZONES = {
    "GB": "Europe/London",
    "FR": "Europe/Paris",
    "IT": "Europe/Rome",
    "ES": "Europe/Madrid",
    "US": "America/New_York",
    "SG": "Asia/Singapore",
    "SE": "Europe/Stockholm",
    "PL": "Europe/Warsaw",
    "NL": "Europe/Amsterdam",
    "DE": "Europe/Berlin",
}
_HABITS = (
    Habits(wins=1.15, pace=0.95, hope=0.5, care=0.9),
    Habits(wins=1.45, pace=0.85, hope=0.25, care=0.95),
    Habits(wins=0.65, pace=1.2, hope=0.9, care=0.55),
    Habits(wins=1.0, pace=1.0, hope=0.6, care=0.75),
    Habits(wins=0.85, pace=1.1, hope=0.35, care=0.85),
)
"""From the sure hand who says little to the optimist whose dates slip."""


class Hiring:
    """Makes people up, and the commands that bring them in."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._namer = Namer(world.chance("staff"))

    def person(self, *roles: Role, country: str = "DE", region: Region = Region.NORTH, manager: Person | None = None) -> Person:
        name = self._namer.name(country)
        found = Person(
            id=self._world.personal.at(self._world.now),
            name=name,
            email=f"{mailbox(name)}@{MAIL}",
            roles=roles,
            region=region,
            zone=_ZONES[country],
            team=self._world.teams.get(region) if Role.ACCOUNT_MANAGER in roles else None,
            manager=manager.id if manager else None,
        )
        self._world.people.append(found)
        return found

    def seller(self, region: Region, number: int, manager: Person) -> Person:
        """The salesperson `number` of a region; each has habits of their own."""
        countries = _COUNTRIES[region]
        found = self.person(Role.ACCOUNT_MANAGER, country=countries[number % len(countries)], region=region, manager=manager)
        offset = list(Region).index(region)
        luck = self._world.chance("habits", region, number).uniform(0.9, 1.1)
        habits = _HABITS[(number + 2 * offset) % len(_HABITS)]
        found.habits = replace(habits, wins=habits.wins * luck)
        return found

    def add(self, person: Person, by: Person | None) -> Do:
        command = AddMember(
            name=person.name, email=person.email, roles=person.roles, team=person.team, manager=person.manager, zone=person.zone
        )
        return self._world.do(members, person.id, command, by, new=True)


def staffed(world: World, hiring: Hiring) -> Story:
    """Everybody who is there at the beginning, and their teams. Those who sell come last, into teams that are formed."""
    admin = hiring.person(Role.ADMIN)
    yield hiring.add(admin, None)
    leaders: list[Person] = []
    for roles, above in zip(_LEADERS, _ABOVE, strict=True):
        leaders.append(hiring.person(*roles, manager=None if above is None else leaders[above]))
        yield hiring.add(leaders[-1], admin)
    specialists = [hiring.person(role, manager=leaders[above]) for role, above in _SPECIALISTS]
    managers = {
        region: hiring.person(Role.SALES_MANAGER, country=_COUNTRIES[region][0], region=region, manager=leaders[2]) for region in Region
    }
    yield tuple(hiring.add(p, admin) for p in (*specialists, *managers.values()))
    yield world.do(teams, SALES, FormTeam(name="Sales", manager=leaders[2].id), admin, new=True)
    formed = {region: natural_id("team", "demo", region.value) for region in Region}
    yield (
        world.do(teams, BUYING, FormTeam(name="Procurement", manager=leaders[4].id), admin, new=True),
        world.do(teams, MONEY, FormTeam(name="Finance", manager=leaders[3].id), admin, new=True),
        *(
            world.do(teams, id, FormTeam(name=region.value, parent=SALES, manager=managers[region].id), admin, new=True)
            for region, id in formed.items()
        ),
    )
    world.teams.update(formed)
    for region, manager in managers.items():
        manager.team = formed[region]
    for person in (*leaders, *specialists):
        person.team = _team(person)
    yield tuple(
        world.do(members, p.id, SetTeam(team=p.team), admin) for p in (*managers.values(), *leaders, *specialists) if p.team is not None
    )
    for region, manager in managers.items():
        count = world.plan.scaled(len(_COUNTRIES[region]), least=2)
        yield tuple(hiring.add(hiring.seller(region, n, manager), admin) for n in range(count))


def _team(person: Person) -> UUID | None:
    roles = set(person.roles)
    if roles & {Role.PROCUREMENT, Role.CATEGORY_LEAD, Role.PROCUREMENT_HEAD}:
        return BUYING
    if roles & {Role.FINANCE, Role.FINANCE_CHIEF, Role.AP_CLERK}:
        return MONEY
    return SALES if roles & {Role.SALES_CHIEF, Role.SALES_DIRECTOR, Role.DEAL_DESK} else None
