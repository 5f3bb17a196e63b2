"""A log with a follower that signs it, and an outside witness that has seen its checkpoints."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg

from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.event_store.requests import Append, StoredRow
from infra.keys import Keys
from infra.proofs.checkpoints import Checkpoint, opened
from infra.proofs.follower import Follower, published_of
from infra.proofs.keeping import PrivateKeys
from infra.proofs.merkle import verify_consistency
from infra.settings import Settings


class Fork(Exception):  # noqa: N818
    """The log denies what it once signed."""


@dataclass
class Witness:
    """Keeps the last checkpoint it accepted, and accepts another only with a proof that it continues that one."""

    known: list
    last: Checkpoint | None = None
    seen: list[Checkpoint] = field(default_factory=list)

    def observe(self, note: str, tree) -> Checkpoint:
        checkpoint = opened(note, self.known)
        if self.last is not None:
            if checkpoint.size < self.last.size:
                raise Fork(f"{checkpoint.size} after {self.last.size}")
            proof = tree.consistency(self.last.size, checkpoint.size)
            if not verify_consistency(self.last.size, checkpoint.size, self.last.root, checkpoint.root, proof):
                raise Fork(f"{checkpoint.size} does not continue {self.last.size}")
        self.last = checkpoint
        self.seen.append(checkpoint)
        return checkpoint


@dataclass
class SignedLog:
    """One tenant's log under a follower. `url` signs in as a superuser: somebody who may alter every row."""

    store: object
    database: object
    tenant: object
    keys: object
    settings: Settings
    url: str

    def __post_init__(self):
        self.follower = Follower(self.database, self.store, PrivateKeys(self.keys, self.settings.proofs_keys), self.settings)
        self.published = published_of(self.settings, self.tenant)

    async def write(self, count: int) -> None:
        rows = [StoredRow(uuid4(), 1, "test.added", b"", b'{"n":%d}' % n) for n in range(count)]
        await self.store.append(self.tenant, Append(uuid4(), rows))

    async def sign(self) -> Checkpoint | None:
        return await self.follower.step(self.tenant)

    def witness(self) -> Witness:
        return Witness(self.published.keys())

    def alter(self, statement: str, *values) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.replace("events", f"{self.tenant.schema}.events"), values)


async def sign_for_ever(url: str, home: Path) -> None:
    """A signer that does nothing else, until it is killed."""
    database = await Database.open(url)
    store = Store(database, Codec())
    keys = Keys.open(home / "keys.db", home / "root.key")
    log = SignedLog(store, database, Tenant("acme"), keys, Settings(home=home), url)
    while True:
        await log.sign()
        await asyncio.sleep(0.02)


def main() -> None:
    """Starts a signer for each line that it reads, and writes its process id: a process that has imported everything forks fast."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    url, home = sys.argv[1:]
    for _ in sys.stdin:
        if (pid := os.fork()) == 0:
            asyncio.run(sign_for_ever(url, Path(home)))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
