"""Making a restored database ready before anybody opens it: this version's shape, and every read model folded anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from api.provisioning import migrate_all
from infra.opening import opened
from infra.settings import Settings
from projections.catalogue import read_models
from projections.rebuild import rebuild
from workflows.erasures import replay_erased


def make_ready(settings: Settings, step: Callable[[str], None] = lambda _: None) -> None:
    """Migrate, forget again whom the erased list names, and rebuild all read models: what was erased since reads as erased in them, too.

    Raises StoreUnavailable, KeysUnavailable, psycopg.Error.
    """
    tenants, _ = migrate_all(settings)

    async def fold() -> None:
        assert settings.migrator_url is not None
        async with opened(settings) as process:
            for tenant in tenants:
                step(f"Rebuilding the read models of {tenant.slug}")
                await rebuild(settings.migrator_url, process.store, tenant, read_models())

    asyncio.run(replay_erased(settings))
    asyncio.run(fold())
