"""An operator's commands about tenants and the people who sign in to them."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import keys, members, tenant_files
from api.cli.client import calling
from api.cli.formats import plain, table, words
from api.cli.here import of_this_machine
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.references import ACCOUNT, find
from api.cli.servers import reached
from api.cli.tree import group


@told
@of_this_machine
def create(
    slug: Annotated[str, typer.Argument(metavar="TENANT", help="Its short name: lower-case letters, digits and _.")],
    name: Annotated[str | None, typer.Option("--name", help="The business's name.")] = None,
    as_json: Json = False,
) -> None:
    """Create a tenant and leave this machine's operator a credential for it; one that was left half made is completed.

    Example:
      concord tenant create acme --name "Acme Werkzeuge GmbH"
    """
    import asyncio

    from api.credential import api_address, credentials
    from api.provisioning import make_tenant, provide
    from infra.migrations import list_tenants

    settings = reached()
    assert settings.database_url is not None
    # asked for before anything is made
    address = api_address(settings)
    complete = slug in credentials(settings)["keys"] and slug in {t.slug for t in list_tenants(settings.database_url)}
    asyncio.run(provide(settings, make_tenant(settings, slug), address, name=name))
    if as_json:
        say_json({"tenant": slug, "created": not complete})
        return
    out.print(f"Tenant {slug} {'was there already' if complete else 'is ready'}. Use it with --tenant {slug} or CONCORD_TENANT={slug}.")


@told
@of_this_machine
def show(as_json: Json = False) -> None:
    """Every tenant of this database.

    Example:
      concord tenant list --json
    """
    from infra.migrations import list_tenants

    settings = reached()
    assert settings.database_url is not None
    found = list_tenants(settings.database_url)
    if as_json:
        say_json([{"slug": t.slug, "simulated": t.simulated} for t in found])
        return
    shown = table("tenant", "kind")
    for t in found:
        shown.add_row(t.slug, "simulated" if t.simulated else "")
    out.print(shown)


@told
@of_this_machine
def add(
    email: Annotated[str, typer.Argument(help="The mail address to sign in with.")],
    name: Annotated[str, typer.Option("--name", help="The person's name.")],
    role: Annotated[list[str], typer.Option("--role", help="A role; repeat for several.")],
    account: Annotated[
        str | None, typer.Option("--account", help="Of a supplier's or customer's person: the account they speak for.")
    ] = None,
    tenant_name: TenantName = None,
    as_json: Json = False,
) -> None:
    """Let a person sign in to a tenant, with a password made now and shown once.

    A person from outside (role supplier or customer) speaks for one account, and sees what is with it and nothing else.

    Examples:
      concord user add ana@example.com --name "Ana Souza" --role account_manager
      concord user add jo@kolbe.example --name "Jo Kolbe" --role supplier --account "Kolbe KG"
    """
    import asyncio
    import secrets
    from uuid import UUID

    from api.provisioning import tenant_of
    from domain.authority import SetMemberAccount
    from domain.kernel import SYSTEM, Role
    from domain.members import AddMember
    from domain.members import members as registered
    from infra.identity import Identity
    from infra.ids import uuid7
    from infra.opening import opened

    unknown = [r for r in role if r not in set(Role)]
    if unknown:
        raise ValueError(f"There is no role {', '.join(unknown)}; there are {', '.join(sorted(Role))}.")
    if (account is None) != set(role).isdisjoint({"supplier", "customer", "partner"}):
        raise ValueError("--account goes with the roles supplier, customer and partner: it says for which account the person speaks.")
    if account is not None:
        with calling(tenant_name) as client:
            account = find(client, ACCOUNT, account)["id"]
    password = secrets.token_urlsafe(15)

    async def make() -> None:
        settings = reached()
        async with opened(settings) as process:
            chosen = await tenant_of(process, tenant_name or settings.tenant)
            identity = Identity(process.database)
            principal = await identity.person_named(email)
            fresh = principal is None
            if principal is None:
                principal = await identity.add_person(email, password)
            elif chosen.slug in await identity.memberships(principal):
                raise Ended(f"{email} is a member of {chosen.slug} already.", Exit.REFUSED)
            member = uuid7()
            command = AddMember(name=name, email=email, roles=tuple(Role(r) for r in role))
            await process.store.execute(chosen, registered, member, command, by=SYSTEM, expected_version=0)
            if account is not None:
                await process.store.execute(chosen, registered, member, SetMemberAccount(account=UUID(account)), by=SYSTEM)
            await identity.join(principal, chosen, member)
        if as_json:
            say_json({"tenant": chosen.slug, "member": str(member), "email": email, "password": password if fresh else None})
            return
        said = f"password {password} (shown only now)" if fresh else "the password they have"
        out.print(f"{name} signs in to {chosen.slug} as {email} with {said}.", markup=False)

    asyncio.run(make())


@told
def members_(tenant: TenantName = None, as_json: Json = False) -> None:
    """Everybody in a tenant: roles, teams, whether they are active.

    Example:
      concord user list --tenant acme
    """
    with calling(tenant) as client:
        found = client.page("/v1/members", most=0, everything=True)
        teams = {t["id"]: t["item"]["name"] for t in client.page("/v1/teams", most=0, everything=True)["items"]}
    if as_json:
        say_json(found)
        return
    shown = table("member", "mail", "roles", "team", "")
    for member in found["items"]:
        item = member["item"]
        roles = ", ".join(words(role) for role in item["roles"])
        shown.add_row(
            plain(item["name"]), plain(item["email"]), roles, plain(teams.get(item["team"])), "" if item["active"] else "inactive"
        )
    out.print(shown)


def add_to(app: typer.Typer) -> None:
    commands = ("create", create), ("list", show), ("export", tenant_files.export), ("import", tenant_files.import_)
    group(app, "tenant", "Tenants: businesses that use this Concord, each with a log of its own", *commands)
    group(app, "user", "People who sign in to a tenant", ("add", add), ("list", members_), *members.COMMANDS)
    keys.add_to(app)
