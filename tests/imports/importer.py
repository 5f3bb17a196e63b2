"""What a process does that imports a folder and may be killed at any moment."""

from __future__ import annotations

import asyncio
from pathlib import Path

from domain.nouns import register_all
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.keys import Keys
from workflows.imports import Overrides, run

register_all()
OVERRIDES = Overrides(currency="EUR", source="vendor")


def import_folder(url: str, keys_path: Path, tenant: str, folder: Path, rejected: Path, result: Path) -> None:
    """Import the folder; the result is in `result` once it is done."""
    result.write_text(asyncio.run(_import(url, keys_path, tenant, folder, rejected)))


async def _import(url: str, keys_path: Path, tenant: str, folder: Path, rejected: Path) -> str:
    database = await Database.open(url)
    keys = Keys.open(keys_path, keys_path.with_name("root.key"))
    store = Store(database, Codec(keys))
    done = await run(store, Tenant(tenant), [folder], OVERRIDES, rejected_to=rejected)
    await store.close()
    keys.close()
    await database.close()
    return done.model_dump_json()
