"""The demo company as a tenant of its own: its history, and people in whose place a visitor signs in.

The sign-ins lie in CONCORD_HOME/demo.json (mode 0600), where the screen of `concord up` finds them.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from api.credential import USUAL_DEMO as USUAL_TENANT
from api.credential import api_address
from api.operators import provide
from api.provisioning import make_tenant
from domain.kernel import Role
from infra.database import Tenant
from infra.embedded.process import ServerDown, write_privately
from infra.identity import Identity
from infra.opening import opened
from infra.papers.press import Press
from infra.papers.sealer import Sealer
from infra.settings import USUAL_HTTP_PORT, Settings
from workflows.demo import Plan, Telling, Visitor, tell, visitors
from workflows.demo.papers import Desk, write_papers
from workflows.demo.world import COMPANY

SIGNING_IN = {
    Role.ACCOUNT_MANAGER: "account manager",
    Role.SALES_MANAGER: "sales manager",
    Role.PROCUREMENT: "procurement",
    Role.SUPPLIER: "a supplier's person",
    Role.FINANCE: "finance",
    Role.AUDITOR: "auditor",
    Role.ADMIN: "administrator",
}
"""The roles that a visitor may take, as the screen names them."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A way into the demo."""

    role: str
    name: str
    password: str
    tenant: str


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What there is to be looked at."""

    telling: Telling
    address: str
    sign_ins: tuple[SignIn, ...]


async def demonstrate(
    settings: Settings, slug: str, plan: Plan, progress: Callable[[float, int], None] = lambda _share, _events: None
) -> Demonstration:
    """Make the demo; repeatable: what was told stays, sign-ins and the operator's credential are there afterwards.

    `settings` carry the database's address. Raises ValueError when the tenant is there and is none for demos, DemoDiffers when
    it holds another history, StoreUnavailable, KeysUnavailable.
    """
    tenant = await asyncio.to_thread(make_tenant, settings, slug, simulated=True)
    async with opened(settings) as process:
        telling = await tell(process.database, process.store, tenant, plan, progress)
        people = await visitors(process.database, process.store, tenant, *SIGNING_IN)
        sign_ins = await _let_in(Identity(process.database), tenant, people, _read(settings))
    _write(settings, sign_ins)
    address = _address(settings)
    await provide(settings, tenant, address, name=COMPANY)
    async with opened(settings) as process:
        press, sealer = Press(process.store, process.documents), Sealer(process.documents, process.keys)
        await write_papers(Desk(process.database, process.store, press, sealer, tenant), datetime.now(UTC))
    return Demonstration(telling, address, sign_ins)


async def _let_in(identity: Identity, tenant: Tenant, people: list[Visitor], known: list[SignIn]) -> tuple[SignIn, ...]:
    passwords = {entry.name: entry.password for entry in known}

    async def let_in(visitor: Visitor) -> SignIn:
        name = _sign_in_name(visitor.email, tenant)
        password = passwords.get(name) or secrets.token_urlsafe(12)
        principal = await identity.person_named(name)
        if principal is None:
            principal = await identity.add_person(name, password)
        elif name not in passwords:
            await identity.set_password(principal, name, password)
        if tenant.slug not in await identity.memberships(principal):
            await identity.join(principal, tenant, visitor.member)
        return SignIn(SIGNING_IN[visitor.role], name, password, tenant.slug)

    return tuple(await asyncio.gather(*(let_in(visitor) for visitor in people)))


def _sign_in_name(email: str, tenant: Tenant) -> str:
    """The person's address; in a second demo, which has the same people, with the tenant's name in it."""
    if tenant.slug == USUAL_TENANT:
        return email
    local, _, domain = email.partition("@")
    return f"{local}+{tenant.slug}@{domain}"


def _address(settings: Settings) -> str:
    try:
        return api_address(settings)
    except ServerDown:
        # nobody has said where the API is: where it is by default
        return f"http://{settings.http_host}:{settings.http_port or USUAL_HTTP_PORT}"


def _read(settings: Settings) -> list[SignIn]:
    try:
        written: dict[str, Any] = json.loads((settings.home / "demo.json").read_text(encoding="utf-8"))
        return [SignIn(**entry) for entry in written["sign_ins"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _write(settings: Settings, sign_ins: tuple[SignIn, ...]) -> None:
    """Beside those of other demos."""
    others = [entry for entry in _read(settings) if entry.tenant not in {s.tenant for s in sign_ins}]
    text = {"sign_ins": [asdict(entry) for entry in (*sign_ins, *others)]}
    write_privately(settings.home / "demo.json", json.dumps(text, indent=2))
