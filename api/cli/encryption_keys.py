"""`concord keys rotate`: new keys in the place of those that seal people's data, told in the log."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.formats import count
from api.cli.here import of_this_machine
from api.cli.options import Json
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.tree import group


@told
@of_this_machine
def rotate(
    root: Annotated[bool, typer.Option("--root", help="The root key, which wraps every tenant's.")] = False,
    tenant: Annotated[str | None, typer.Option("--tenant", help="This tenant's key, which wraps its people's.")] = None,
    as_json: Json = False,
) -> None:
    """Make a new key and wrap anew what was under the old one, in one step. Everything goes on meanwhile; the log says who did it.

    Back up the key store and the root key afterwards: a root fits only the stores that were written under it.

    Examples:
      concord keys rotate --tenant acme
      concord keys rotate --root
    """
    from contextlib import closing

    from infra.opening import open_keys
    from infra.settings import Settings

    if root == (tenant is not None):
        raise Ended("Say which key: --root, or --tenant NAME.", Exit.USAGE)
    with closing(open_keys(Settings.from_environment())) as keys:
        if tenant is not None and tenant not in keys.tenants():
            raise Ended(f"No keys are kept for a tenant {tenant}; there are {', '.join(keys.tenants()) or 'none yet'}.", Exit.NOT_FOUND)
        wrapped = keys.rotate_root() if tenant is None else keys.rotate_tenant(tenant)
    recorded = _tell()
    if as_json:
        say_json({"rotated": tenant or "root", "wrapped": wrapped, "told": recorded})
        return
    whose = (
        f"{tenant}'s key is new; {count(wrapped, 'key')} of people and secrets"
        if tenant
        else f"The root key is new; {count(wrapped, 'tenant key')}"
    )
    out.print(f"{whose} {'is' if wrapped == 1 else 'are'} under it.", markup=False)
    if not recorded:
        out.print("The database does not answer: the log will say so once Concord is started.", style="yellow")


def _tell() -> bool:
    """Let the logs say what was rotated; whether they could be reached. What they do not say yet is kept for the next start."""
    import asyncio

    from api.cli.servers import reached
    from api.rotations import tell_rotations
    from infra.database import StoreUnavailable
    from infra.embedded.process import ServerDown
    from infra.migrations import list_tenants
    from infra.opening import opened

    async def go() -> None:
        settings = reached()
        async with opened(settings) as process:
            await tell_rotations(process, list_tenants(settings.database_url or ""))

    try:
        asyncio.run(go())
    except (ServerDown, StoreUnavailable):
        return False
    return True


def add_to(app: typer.Typer) -> None:
    group(app, "keys", "The keys that seal people's data: make new ones", ("rotate", rotate))
