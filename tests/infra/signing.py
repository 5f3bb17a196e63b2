"""A log with a follower that signs it, and an outside witness that has seen its checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import uuid4

import psycopg

from infra.event_store.requests import Append, StoredRow
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
