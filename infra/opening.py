"""Opening the store, the same way in every process: the pool, the keys, the codec; refused where commits would not be durable."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from domain.nouns import register_all
from infra.codec import Codec
from infra.database import Database, StoreUnavailable
from infra.documents import Documents, blobs_of
from infra.event_store import Store
from infra.keys import Keys, KeysUnavailable
from infra.settings import Settings


@dataclass(frozen=True, slots=True)
class Opened:
    """What every process holds while it runs."""

    settings: Settings
    database: Database
    keys: Keys
    store: Store
    documents: Documents


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Opened]:
    """Open what the settings name, and close it in the other order.

    Raises StoreUnavailable, UnsafeSettings or KeysUnavailable; each says what to do.
    """
    if settings.database_url is None:
        raise StoreUnavailable("DATABASE_URL is not set and no embedded server was named: run `concord up`, or set DATABASE_URL")
    register_all()
    async with AsyncExitStack() as closing:
        database = await Database.open(settings.database_url)
        closing.push_async_callback(database.close)
        keys = open_keys(settings)
        closing.callback(keys.close)
        store = Store(database, Codec(keys))
        closing.push_async_callback(store.close)
        store.wakes.listen()
        documents = Documents(blobs_of(settings, database), keys)
        closing.push_async_callback(documents.close)
        yield Opened(settings, database, keys, store, documents)


def open_keys(settings: Settings) -> Keys:
    """The key store that KEYS_URL names. Raises KeysUnavailable."""
    return Keys.open(*key_files(settings))


def key_files(settings: Settings) -> tuple[Path, Path]:
    """Where the key store lies, and its root key: beside it in `root.key`, or where `?root=/path` says. Raises KeysUnavailable."""
    parts = urlsplit(settings.keys_url)
    if parts.scheme != "sqlite":
        raise KeysUnavailable(f"KEYS_URL must be a file database like sqlite:////path/keys.db, not {parts.scheme}://")
    path = Path(unquote(parts.path))
    root = parse_qs(parts.query).get("root")
    return path, Path(root[0]) if root else path.with_name("root.key")
