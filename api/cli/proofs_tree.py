"""An operator's commands on a log's tree: compare it with the log, and make its tiles anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from api.cli.formats import count, plain
from api.cli.here import of_this_machine
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.servers import reached

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from infra.proofs.notes import VerifierKey
    from infra.proofs.signer import Signer


T = TypeVar("T")
PATIENCE = 60.0
"""Seconds to wait for the signer."""


@told
@of_this_machine
def check(tenant: TenantName = None, as_json: Json = False) -> None:
    """Hash every signed event anew and compare it with the tree. If all is well, a signer that stopped goes on.

    Example:
      concord proofs check --tenant acme
    """
    slug, compared = _at_work(tenant, lambda signer, known: signer.compare(known), frees=True)
    if as_json:
        say_json({"tenant": slug, "compared": compared})
    else:
        out.print(f"All {count(compared, 'event')} that were signed are as they were signed.")


@told
@of_this_machine
def rebuild(tenant: TenantName = None, as_json: Json = False) -> None:
    """Make the published tiles anew from the log, if they lead to the checkpoint that was signed.

    Example:
      concord proofs rebuild
    """
    slug, rebuilt = _at_work(tenant, lambda signer, known: signer.rebuild(known), frees=False)
    if as_json:
        say_json({"tenant": slug, "rebuilt": rebuilt})
    else:
        out.print(f"The tiles of {count(rebuilt, 'event')} are made anew, and lead to the checkpoint that was signed.")


@told
@of_this_machine
def restart(
    tenant: TenantName = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Begin a new log of checkpoints under another name: after a restore to an earlier instant, whose log does not continue the old one.

    What was published is put aside and stays true of what was there then. Tell whoever keeps checkpoints of yours why.

    Example:
      concord proofs restart --tenant acme
    """
    import asyncio

    from api.operators import operator_of
    from api.provisioning import tenant_of
    from infra.opening import opened
    from infra.proofs.keeping import PrivateKeys
    from infra.proofs.restarting import restart as begin_again

    if not yes and not typer.confirm("Checkpoints that were signed before will not be continued. Begin again?", err=True):
        raise Ended("Nothing was changed.", Exit.FAILED)

    async def run() -> tuple[str, str]:
        settings = reached()
        async with opened(settings) as process:
            chosen = await tenant_of(process, tenant or settings.tenant)
            private = PrivateKeys(process.keys, settings.proofs_keys)
            by = await operator_of(process.store, chosen)
            return chosen.slug, await _patiently(lambda: begin_again(process.database, process.store, private, settings, chosen, by=by))

    slug, name = asyncio.run(run())
    if as_json:
        say_json({"tenant": slug, "origin": name})
    else:
        out.print(f"The log of {plain(slug)} is signed as {plain(name)} from now on.")


def _at_work(tenant: str | None, work: Callable[[Signer, list[VerifierKey]], Awaitable[int]], *, frees: bool) -> tuple[str, int]:
    """Do it with the tenant's signer; what contradicts the log is told, and stops the signer."""
    import asyncio

    from api.provisioning import tenant_of
    from domain.proof_keys import PROOF_KEYS, proof_keys
    from infra.codec import UndecodableEvent
    from infra.embedded.process import LockHeld
    from infra.opening import opened
    from infra.proofs import standing
    from infra.proofs.follower import published_of, signer_of, verifier_keys
    from infra.proofs.signer import Contradicted
    from infra.proofs.tiles import TilesDamaged

    async def run() -> tuple[str, int]:
        settings = reached()
        async with opened(settings) as process:
            chosen = await tenant_of(process, tenant or settings.tenant)
            try:
                known = verifier_keys((await process.store.load(chosen, proof_keys, PROOF_KEYS)).state)
            except UndecodableEvent:
                known = published_of(settings, chosen).keys()
            signer = signer_of(process.database, settings, chosen)
            try:
                done = await _patiently(lambda: work(signer, known))
            except Contradicted as found:
                async with process.database.tenant(chosen) as cursor:
                    await standing.park(cursor, found.position, str(found))
                data = {"altered": found.altered, "missing": found.missing}
                raise Ended(f"{_first_upper(found)}. No checkpoint is signed until this is looked into.", Exit.REFUSED, data=data) from None
            except TilesDamaged as damaged:
                raise Ended(f"{_first_upper(damaged)}: `concord proofs rebuild` makes it anew.", Exit.FAILED) from None
            except LockHeld:
                raise Ended("The signer does not come to an end; try again later.", Exit.FAILED) from None
            if frees:
                async with process.database.tenant(chosen) as cursor:
                    await standing.freed(cursor)
            return chosen.slug, done

    return asyncio.run(run())


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Once the signer of the running Concord pauses. Raises LockHeld if it does not."""
    import asyncio
    import time

    from infra.embedded.process import LockHeld

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await work()
        except LockHeld:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.1)


def _first_upper(error: Exception) -> str:
    return f"{str(error)[:1].upper()}{str(error)[1:]}"
