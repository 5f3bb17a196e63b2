"""A tenant brought in from elsewhere, whole: its log, then its read models, then the way in for this machine's operator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from psycopg.conninfo import conninfo_to_dict

from api.credential import Credential, api_address, credentials
from api.operators import OPERATOR_MEMBER, operator_key, operator_of, write_credential
from api.provisioning import build_read_models
from domain.members import members
from infra.database import Tenant
from infra.embedded.process import ServerDown
from infra.identity import Identity
from infra.opening import opened
from infra.proofs.keeping import PrivateKeys
from infra.proofs.restarting import begin_here
from infra.settings import Settings
from infra.transfer.importing import bring_in
from infra.transfer.shapes import Stated
from projections.catalogue import read_models
from projections.rebuild import rebuild


class BroughtIn(NamedTuple):
    """`signed_as`: the name under which the log is signed here; None where it never was signed before."""

    tenant: Tenant
    stated: Stated
    signed_as: str | None


def bring_in_whole(
    settings: Settings,
    folder: Path,
    *,
    named: str | None = None,
    passphrase: str | None = None,
    report: Callable[[int], None] = lambda _: None,
) -> BroughtIn:
    """Import a tenant; `settings` reach the database. Raises what `bring_in` raises; then nothing is to be seen of it.

    A log that was signed where it came from gets one event more: the key that signs it here.
    """
    signed_as: list[str | None] = []

    async def fold(tenant: Tenant) -> None:
        assert settings.migrator_url is not None
        async with opened(settings) as process:
            await rebuild(settings.migrator_url, process.store, tenant, read_models())
            by = await operator_of(process.store, tenant)
            private = PrivateKeys(process.keys, settings.proofs_keys)
            signed_as.append(await begin_here(process.store, private, settings, tenant, by=by))

    def make_ready(tenant: Tenant) -> None:
        build_read_models(settings, tenant)
        asyncio.run(fold(tenant))

    login = str(conninfo_to_dict(settings.database_url or "").get("user") or "concord_app")
    tenant, stated = bring_in(settings, folder, named=named, passphrase=passphrase, login=login, make_ready=make_ready, report=report)
    asyncio.run(_let_operator_in(settings, tenant))
    return BroughtIn(tenant, stated, *signed_as)


async def _let_operator_in(settings: Settings, tenant: Tenant) -> None:
    """A key for the operator of this machine, where the log knows an operator: nothing is added to the log for it."""
    async with opened(settings) as process:
        if (await process.store.load(tenant, members, OPERATOR_MEMBER)).state is None:
            return
        key = await operator_key(process.store, Identity(process.database), tenant, credentials(settings).get("keys", {}).get(tenant.slug))
    try:
        write_credential(settings, Credential(api_address(settings), tenant.slug, key))
    except ServerDown:
        return  # no API was started here yet: `concord up` leaves the credential
