"""The accounts of the demo's company and the people there: how they are opened, and how they change over the years."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from random import Random
from uuid import UUID

from domain.accounts import (
    AccountRole,
    AssignAccountOwner,
    ChangeAccount,
    CloseAccount,
    MergeAccount,
    OpenAccount,
    Registration,
    Relationship,
    SetAccountRoles,
    accounts,
)
from domain.contacts import AddContact, ChangeContact, Channel, Consent, LeavePosition, RecordConsent, TakePosition, contacts
from domain.kernel import Role
from workflows.demo.companies import Company, customers, resellers, suppliers
from workflows.demo.people import TITLES, Namer, language, mailbox
from workflows.demo.recording import Do
from workflows.demo.simulation import Story
from workflows.demo.world import Account, Buyer, Person, World

_AT_FIRST = 0.7
"""The share of customers that are known when the history begins; the others come one by one."""
_ROLE_NAMES = {"champion": "user", "economic": "decision maker", "buying": "purchasing", "legal": "legal", "supply": "sales"}
_SYSTEMS = ("SAP", "SAP", "Microsoft Dynamics", "Oracle", "proALPHA", "other")
_ORIGINS = ("Trade fair form", "Web form", "Phone call", "Signed order form")


class Registry:
    """Opens accounts, and makes up the people there."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._namer = Namer(world.chance("contacts"))
        self._ids: dict[str, UUID] = {}

    def chosen(self) -> list[Company]:
        """The companies of this world; a subsidiary whose parent is not among them stands for itself."""
        world = self._world
        found: list[Company] = []
        for table in (customers(), suppliers(), resellers()):
            found += table[: world.plan.scaled(len(table), least=4)]
        names = {c.name for c in found}
        return [replace(c, parent=c.parent if c.parent in names else None) for c in found]

    def opening(self, company: Company) -> tuple[Account, Do]:
        """An account that comes to be, and the command."""
        world, random = self._world, self._world.chance("account", company.name)
        owner = self._owner(company, random)
        account = Account(world.ids.at(world.now), company, owner, weight=random.paretovariate(1.3))
        self._ids[company.name] = account.id
        registration = Registration(country=company.country, registry=company.land.registry, number=f"{random.randrange(10_000, 999_999)}")
        command = OpenAccount(
            legal_name=company.name,
            domain=company.domain,
            country=company.country,
            industry=company.industry,
            relationship=Relationship.BASIC,
            cadence_days=random.choice((30, 45, 60, 90)),
            registration=registration,
            roles=company.roles,
            owner=owner.id,
            team=owner.team,
            parent=self._ids.get(company.parent) if company.parent else None,
            attributes={"production_sites": str(random.randint(1, 9)), "erp_system": random.choice(_SYSTEMS)},
        )
        return account, world.do(accounts, account.id, command, owner, new=True)

    def _owner(self, company: Company, random: Random) -> Person:
        if company.roles[0] is AccountRole.SUPPLIER:
            return random.choice([p for p in self._world.people if Role.PROCUREMENT in p.roles])
        sellers = self._world.sellers(company.land.region)
        # whoever has been there longest has the most
        return random.choices(sellers, [1.8, *(1.0 for _ in sellers[1:])])[0]

    def people(self, account: Account) -> Iterable[Do]:
        """The commands that add the first people of an account."""
        random = self._world.chance("people", account.company.name)
        selling = account.company.roles[0] is AccountRole.SUPPLIER
        parts = ["supply", "supply"] if selling else ["champion", "economic", "buying", *(["legal"] if random.random() < 0.4 else [])]
        return [self.person(account, part, random) for part in parts]

    def person(self, account: Account, part: str, random: Random) -> Do:
        """One more person at an account; the one known longest for a part stands first."""
        world, company = self._world, account.company
        name = self._namer.name(company.country)
        buyer = Buyer(world.personal.at(world.now), name, part)
        account.buyers.append(buyer)
        command = AddContact(
            name=name,
            email=f"{mailbox(name)}@{company.domain}",
            phone=f"+{company.land.dial} {random.randint(100, 999)} {random.randint(100_000, 999_999)}",
            title=random.choice(TITLES[part]),
            account=account.id,
            roles=(_ROLE_NAMES[part],),
            attributes={"language": language(company.country)},
        )
        return world.do(contacts, buyer.id, command, account.owner, new=True)


def known_at_first(world: World, registry: Registry) -> Story:
    """The accounts that are entered when the history begins; then those that come later, and what changes, begin."""
    companies = registry.chosen()
    late = world.chance("late")
    later = [c for c in companies if c.parent is None and AccountRole.PROSPECT in c.roles and late.random() > _AT_FIRST]
    tops = [c for c in companies if c.parent is None and c not in later]
    for batch in (tops, [c for c in companies if c.parent in {t.name for t in tops}]):
        opened = [registry.opening(c) for c in batch]
        yield tuple(do for _, do in opened)
        world.accounts += [account for account, _ in opened]
    yield tuple(do for account in world.accounts for do in registry.people(account))
    for account in world.accounts:
        world.begin(_consents(world, account))
    waiting = [*later, *(c for c in companies if c.parent in {t.name for t in later})]
    world.begin(_found_later(world, registry, waiting))
    world.begin(_moves(world, registry))
    world.begin(_twice(world))


def _consents(world: World, account: Account) -> Story:
    """Most people allow e-mail, some take it back later."""
    random = world.chance("consent", account.company.name)
    by = account.owner
    for buyer in list(account.buyers):
        yield world.office(days=random.uniform(0, 40))
        if random.random() < 0.75:
            by = account.owner
            channel = random.choice((Channel.EMAIL, Channel.EMAIL, Channel.PHONE))
            given = RecordConsent(channel=channel, consent=Consent.GIVEN, origin=random.choice(_ORIGINS))
            yield world.do(contacts, buyer.id, given, by)
            if random.random() < 0.06:
                yield world.office(days=random.uniform(60, 300))
                taken = RecordConsent(channel=channel, consent=Consent.WITHDRAWN, origin="E-mail")
                yield world.do(contacts, buyer.id, taken, account.owner)


def _found_later(world: World, registry: Registry, waiting: list[Company]) -> Story:
    """New prospects come to the list all the time."""
    if not waiting:
        return
    pause = world.plan.days * 0.85 / len(waiting)
    for company in waiting:
        yield world.office(days=pause)
        account, do = registry.opening(company)
        yield do
        yield tuple(registry.people(account))
        world.accounts.append(account)
        world.begin(_consents(world, account))


def _moves(world: World, registry: Registry) -> Story:
    """People change places: now and then a champion leaves and another one follows."""
    random = world.chance("moves")
    while True:
        yield world.office(days=random.uniform(12, 30) * 100 / world.plan.size)
        buying = [a for a in world.accounts if a.buyers and a.company.roles[0] is not AccountRole.SUPPLIER]
        account = random.choice(buying)
        gone = account.buyers[0]
        if random.random() < 0.4:
            yield world.do(contacts, gone.id, ChangeContact(title=f"Senior {random.choice(TITLES[gone.part])}"), account.owner)
            continue
        yield world.do(contacts, gone.id, LeavePosition(account=account.id), account.owner)
        account.buyers.remove(gone)
        yield registry.person(account, gone.part, random)
        account.buyers.insert(0, account.buyers.pop())
        elsewhere = random.choice(buying)
        if random.random() < 0.3 and elsewhere is not account:
            yield world.office(days=20)
            yield world.do(contacts, gone.id, TakePosition(account=elsewhere.id, roles=(_ROLE_NAMES[gone.part],)), elsewhere.owner)


def _twice(world: World) -> Story:
    """One company is entered twice and merged; one that owes its end to the times is closed."""
    admin = world.having(Role.ADMIN)
    yield world.office(days=world.plan.days * 0.3)
    original = next(a for a in world.accounts if AccountRole.PROSPECT in a.company.roles)
    double = world.ids.at(world.now)
    command = OpenAccount(legal_name=original.company.short, country=original.company.country, roles=(AccountRole.PROSPECT,))
    yield world.do(accounts, double, command, original.owner, new=True)
    yield world.office(days=9)
    yield world.do(accounts, double, MergeAccount(into=original.id), admin)
    yield world.office(days=world.plan.days * 0.4)
    busy = {deal.account for deal in world.deals.values() if deal.open}
    idle = [a for a in world.accounts if a.id not in busy and a.company.roles[0] is AccountRole.SUPPLIER]
    closed = idle[-1]
    world.accounts.remove(closed)
    yield world.do(accounts, closed.id, CloseAccount(reason="Insolvent; contracts ended by the administrator"), admin)


def became_customer(world: World, account: Account) -> Story:
    """After the first win: a customer, and closer to us."""
    if account.customer:
        return
    account.customer = True
    yield world.office()
    roles = {*account.company.roles, AccountRole.CUSTOMER} - {AccountRole.PROSPECT}
    yield world.do(accounts, account.id, SetAccountRoles(roles=tuple(sorted(roles))), account.owner)
    yield world.do(accounts, account.id, ChangeAccount(relationship=Relationship.ACCOUNTABLE), account.owner)
    yield world.office(days=world.chance("closer", account.company.name).uniform(120, 260))
    yield world.do(accounts, account.id, ChangeAccount(relationship=Relationship.PROACTIVE), account.owner)


def handed_over(world: World, account: Account, to: Person, days_ago: int) -> Do:
    """The account gets another owner; administration enters it some days after it was agreed."""
    since = datetime.combine(world.today() - timedelta(days=days_ago), time(8), UTC)
    account.owner = to
    command = AssignAccountOwner(owner=to.id, team=to.team)
    return world.do(accounts, account.id, command, world.having(Role.ADMIN), effective_at=since)
