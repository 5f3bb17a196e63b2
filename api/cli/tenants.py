"""An operator's commands about tenants and the people who sign in to them."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Annotated

import typer
from rich.table import Table

from api.cli.operate import Json, TenantName
from api.cli.outcomes import out, told
from infra.embedded.services import connected
from infra.settings import Settings

tenant = typer.Typer(help="Tenants: businesses that use this Concord, each with a log of its own.", no_args_is_help=True)
user = typer.Typer(help="People who sign in to a tenant.", no_args_is_help=True)


@tenant.command("create")
@told
def create(slug: str, name: Annotated[str | None, typer.Option("--name", help="The business's name.")] = None) -> None:
    """Create a tenant and leave this machine's operator a credential for it."""
    from api.operators import read_credential
    from api.provisioning import make_tenant, provide

    settings = connected(Settings.from_environment())
    made = make_tenant(settings, slug)
    asyncio.run(provide(settings, made, read_credential(settings).address, name=name))
    out.print(f"Tenant {slug} is ready. Use it with --tenant {slug} or CONCORD_TENANT={slug}.")


@tenant.command("list")
@told
def show(as_json: Json = False) -> None:
    """Every tenant of this database."""
    from infra.migrations import list_tenants

    settings = connected(Settings.from_environment())
    assert settings.database_url is not None
    found = list_tenants(settings.database_url)
    if as_json:
        print(json.dumps([{"slug": t.slug, "simulated": t.simulated} for t in found]))
        return
    table = Table(box=None)
    table.add_column("tenant")
    table.add_column("kind")
    for t in found:
        table.add_row(t.slug, "simulated" if t.simulated else "")
    out.print(table)


@user.command("add")
@told
def add(
    email: str,
    name: Annotated[str, typer.Option("--name", help="The person's name.")],
    role: Annotated[list[str], typer.Option("--role", help="A role; repeat for several.")],
    tenant_name: TenantName = None,
) -> None:
    """Let a person sign in to a tenant, with a password made now and shown once."""
    from api.provisioning import tenant_of
    from domain.kernel import SYSTEM, Role
    from domain.members import AddMember, members
    from infra.identity import Identity
    from infra.ids import uuid7
    from infra.opening import opened

    unknown = [r for r in role if r not in set(Role)]
    if unknown:
        raise ValueError(f"There is no role {', '.join(unknown)}; there are {', '.join(sorted(Role))}.")
    password = secrets.token_urlsafe(15)

    async def make() -> None:
        settings = connected(Settings.from_environment())
        async with opened(settings) as process:
            chosen = await tenant_of(process, tenant_name or settings.tenant)
            identity = Identity(process.database)
            principal = await identity.person_named(email)
            fresh = principal is None
            if principal is None:
                principal = await identity.add_person(email, password)
            elif chosen.slug in await identity.memberships(principal):
                raise ValueError(f"{email} is a member of {chosen.slug} already.")
            member = uuid7()
            command = AddMember(name=name, email=email, roles=tuple(Role(r) for r in role))
            await process.store.execute(chosen, members, member, command, by=SYSTEM, expected_version=0)
            await identity.join(principal, chosen, member)
        said = f"password {password} (shown only now)" if fresh else "the password they have"
        out.print(f"{name} signs in to {chosen.slug} as {email} with {said}.", markup=False)

    asyncio.run(make())


def add_to(app: typer.Typer) -> None:
    app.add_typer(tenant, name="tenant")
    app.add_typer(user, name="user")
