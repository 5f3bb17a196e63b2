"""The whole application in this process, over a real PostgreSQL, with a member and a key for every role in two tenants."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from api.app import create_app
from api.doors import Doors
from api.openapi import routes_of
from api.operators import found_tenant
from api.provisioning import make_tenant
from domain.accounts import OpenAccount, accounts
from domain.authority import SetMemberAccount
from domain.deals import OpenDeal, deals
from domain.kernel import SYSTEM, Role, natural_id
from domain.members import AddMember, members
from domain.teams import FormTeam, teams
from domain.values import Money
from infra.database import Tenant
from infra.identity_passwords import Passwords
from infra.settings import Settings
from projections.catalogue import read_models
from projections.runner import Runner
from tests.api.databases import closed, migrated, settings_of
from tests.api.transfers import exported, origin, place
from tests.api.up_home import Home
from tests.conftest import fresh_database

__all__ = ["exported", "migrated", "origin", "place"]

NEXT_YEAR = "2030-03-29"


@dataclass
class Place:
    """A tenant with a member for each role, one deal and account of the account manager, and a supplier of procurement.

    Who is from outside speaks for an account: the supplier and the partner for the supplier, the customer for the account.
    """

    tenant: Tenant
    team: UUID
    members: dict[Role, UUID] = field(default_factory=dict)
    keys: dict[Role, str] = field(default_factory=dict)
    account: UUID = field(default_factory=uuid4)
    deal: UUID = field(default_factory=uuid4)
    supplier: UUID = field(default_factory=uuid4)


@dataclass
class World:
    """The application, and those who call it."""

    app: FastAPI
    settings: Settings
    doors: Doors
    acme: Place
    other: Place
    transport: ASGITransport

    def client(self, who: Role | str | None = None, place: Place | None = None) -> AsyncClient:
        """A client with the key of a role in a tenant, or with a given token, or with none."""
        token = (place or self.acme).keys[who] if isinstance(who, Role) else who
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return AsyncClient(transport=self.transport, base_url="https://concord.test", headers=headers)

    async def events(self, place: Place | None = None) -> int:
        return await self.doors.store.head((place or self.acme).tenant)


def key(**more: str) -> dict[str, str]:
    """Headers of a new intention."""
    return {"Idempotency-Key": str(uuid4()), **more}


def anyway() -> dict[str, str]:
    """Headers of a change to whatever is there."""
    return key(**{"If-Match": "*"})


def opening(place: Place, **more: Any) -> dict[str, Any]:
    """A deal that the account manager may open."""
    return {
        "title": "GTX for the new line",
        "account": str(place.account),
        "owner": str(place.members[Role.ACCOUNT_MANAGER]),
        "close_date": NEXT_YEAR,
        "amount": {"amount": "12500.00", "currency": "EUR"},
        **more,
    }


def ok(response: Response, status: int = 200) -> Any:
    assert response.status_code == status, (response.status_code, response.text)
    return response.json()


def refused(response: Response, rule: str, status: int) -> dict[str, Any]:
    body = response.json()
    assert (response.status_code, body.get("rule")) == (status, rule), (response.status_code, response.text)
    assert response.headers["content-type"] == "application/problem+json"
    assert body["type"] == f"/problems/{rule}"
    return body  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Furnished:
    """Two tenants in a database that nobody connects to any more, and the home with their keys: each test has a copy of both."""

    database: str
    home: Path
    acme: Place
    other: Place


@pytest.fixture(scope="session")
def furnished(server: str, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    with fresh_database(server, migrated) as url:
        settings = settings_of(url, tmp_path_factory.mktemp("furnished"))
        acme, other = asyncio.run(_furnish_both(settings))
        yield Furnished(closed(server, url), settings.home, acme, other)


def _quick() -> Passwords:
    return Passwords(hasher=PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))


async def _furnish_both(settings: Settings) -> tuple[Place, Place]:
    app = create_app(settings, passwords=_quick(), freeze=False)
    async with app.router.lifespan_context(app):
        return await furnish(app.state.doors, settings, "acme"), await furnish(app.state.doors, settings, "other")


@pytest.fixture
def database_url(server: str, furnished: Furnished) -> Iterator[str]:
    """A superuser's URL of a database with the two tenants, dropped after the test."""
    with fresh_database(server, furnished.database) as url:
        yield url


@pytest.fixture
def settings(database_url: str, furnished: Furnished, tmp_path: Path) -> Settings:
    shutil.copytree(furnished.home, tmp_path, dirs_exist_ok=True)
    return settings_of(database_url, tmp_path)


async def furnish(doors: Doors, settings: Settings, slug: str) -> Place:
    tenant = make_tenant(settings, slug)
    await found_tenant(doors.store, tenant, slug)
    place = Place(tenant, uuid4())
    store = doors.store
    await store.execute(tenant, teams, place.team, FormTeam(name="North"), by=SYSTEM)

    async def hire(role: Role) -> None:
        member = place.members[role] = natural_id("test member", slug, role)
        team = place.team if role in {Role.ACCOUNT_MANAGER, Role.SALES_MANAGER} else None
        await store.execute(tenant, members, member, AddMember(name=role.value, roles=(role,), team=team), by=SYSTEM)
        principal = await doors.identity.add_machine()
        await doors.identity.join(principal, tenant, member)
        place.keys[role], _ = await doors.identity.issue_key(principal, tenant, role.value)

    await asyncio.gather(*(hire(role) for role in Role))
    owner = place.members[Role.ACCOUNT_MANAGER]
    opened = OpenAccount(legal_name=f"Customer of {slug}", roles=("customer",), owner=owner)
    await store.execute(tenant, accounts, place.account, opened, by=SYSTEM)
    bought = OpenAccount(legal_name=f"Supplier of {slug}", roles=("supplier",), owner=place.members[Role.PROCUREMENT])
    await store.execute(tenant, accounts, place.supplier, bought, by=SYSTEM)
    for role, account in ((Role.SUPPLIER, place.supplier), (Role.PARTNER, place.supplier), (Role.CUSTOMER, place.account)):
        await store.execute(tenant, members, place.members[role], SetMemberAccount(account=account), by=SYSTEM)
    deal = OpenDeal(title="First", account=place.account, owner=owner, close_date=NEXT_YEAR, amount=Money(amount=1000, currency="EUR"))
    await store.execute(tenant, deals, place.deal, deal, by=SYSTEM)
    return place


@cache
def _document() -> dict[str, Any]:
    """What every application says of itself; it is made in seconds, so these tests make it once."""
    return create_app(Settings(home=Path("nowhere"), database_url="postgresql://nobody@localhost/nothing"), freeze=False).openapi()


@pytest.fixture
async def world(settings: Settings, furnished: Furnished) -> AsyncIterator[World]:
    app = create_app(settings, passwords=_quick(), freeze=False)
    app.openapi = _document  # type: ignore[method-assign]
    async with app.router.lifespan_context(app):
        acme, other = deepcopy((furnished.acme, furnished.other))
        yield World(app, settings, app.state.doors, acme, other, ASGITransport(app=app))


@pytest.fixture
async def reading(world: World) -> AsyncIterator[World]:
    """The world, with a projector running, for which reads wait as long as a slow machine takes."""
    doors = world.doors
    doors.reader.positions.patience = 60.0
    task = asyncio.create_task(Runner(doors.database, doors.store, doors.store.wakes, read_models()).run())
    yield world
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def world_document(tmp_path: Path) -> list[Any]:
    """Every route with its method and its entry in the OpenAPI document; needs no database."""
    app = create_app(Settings(home=tmp_path, database_url="postgresql://nobody@localhost/nothing"), freeze=False)
    app.openapi = _document  # type: ignore[method-assign]
    return list(routes_of(app))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One CONCORD_HOME for the tests of a module."""
    home = Home(tmp_path_factory.mktemp("private") / "a home with spaces")
    yield home
    home.end()
