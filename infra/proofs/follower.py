"""Follows every tenant's log and publishes checkpoints on a schedule: a task of the projector, apart from every append.

Several processes may follow the same logs: the folder has one writer at a time, and its lock is the lease. A tenant whose signer
stops is parked in its tracking row, where `concord proofs status` and `concord doctor` find the cause.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from domain.kernel import SYSTEM, Refused
from domain.proof_keys import PROOF_KEYS, AddProofKey, ProofKeys, proof_keys
from infra.codec import UndecodableEvent
from infra.database import Database, StoreUnavailable, Tenant
from infra.embedded.process import LockHeld
from infra.event_store import Store
from infra.keys import KeysUnavailable
from infra.proofs import standing
from infra.proofs.checkpoints import Checkpoint
from infra.proofs.keeping import PrivateKeys
from infra.proofs.notes import SigningKey, VerifierKey
from infra.proofs.published import Published
from infra.proofs.signer import Contradicted, Signer
from infra.proofs.tiles import TilesDamaged
from infra.settings import Settings

UNSIGNED = 1_000
"""Events after which a checkpoint does not wait for its time."""
POLL = 1.0
"""Seconds between looks at the heads."""
QUIET = 60.0
"""Seconds after which a log is compared with its tree although nothing is new."""

_log = logging.getLogger("concord.proofs")


@dataclass(slots=True)
class Pace:
    """`signed`: the size of the last checkpoint, -1 where it is not known; `looked`: when the log was looked at last, in seconds."""

    signed: int = -1
    looked: float = -QUIET


def due(pace: Pace, head: int, now: float, every: float) -> bool:
    """Whether a log that ends at `head` has to be signed, or looked at again. Asked each `POLL`, no event waits longer than `every`."""
    waited = now - pace.looked
    soon = waited >= every - POLL or 0 <= pace.signed <= head - UNSIGNED
    return waited >= QUIET or (soon and head != pace.signed)


class Follower:
    """Publishes until cancelled."""

    def __init__(self, database: Database, store: Store, private: PrivateKeys, settings: Settings) -> None:
        self._database, self._store, self._private, self._settings = database, store, private, settings
        self._paces: dict[str, Pace] = {}
        self._signers: dict[str, Signer] = {}

    async def run(self) -> None:
        """Keep every tenant's checkpoint up with its log. Survives the database and a full disk: it tries again."""
        while True:
            try:
                for tenant, head in await self._heads():
                    pace = self._paces.setdefault(tenant.slug, Pace())
                    if due(pace, head, time.monotonic(), self._settings.proofs_every):
                        await self._attempt(tenant, head, pace)
            except (psycopg.Error, StoreUnavailable) as error:
                _log.warning("the database does not answer, trying again: %s", error)
            await asyncio.sleep(POLL)

    async def step(self, tenant: Tenant) -> Checkpoint | None:
        """Publish what is new of one tenant; None if nothing is. Raises what `Signer.step` raises, and KeysUnavailable."""
        try:
            keys = await known_keys(self._store, self._private, self._settings, tenant)
        except UndecodableEvent:
            # by the keys that are published, every event that was altered is named, the one that told of a key among them
            await self.signer(tenant).compare(published_of(self._settings, tenant).keys())
            raise
        signed = await self.signer(tenant).step(self._signing(tenant, keys), verifier_keys(keys))
        if signed is not None:
            async with self._database.tenant(tenant) as cursor:
                await standing.reached(cursor, signed.size)
        return signed

    def signer(self, tenant: Tenant) -> Signer:
        """The tenant's."""
        if tenant.slug not in self._signers:
            self._signers[tenant.slug] = signer_of(self._database, self._settings, tenant)
        return self._signers[tenant.slug]

    async def _attempt(self, tenant: Tenant, head: int, pace: Pace) -> None:
        """Sign what is there; a failure is told where people look, and stops nobody else's checkpoints."""
        pace.signed, pace.looked = -1, time.monotonic()
        try:
            async with self._database.tenant(tenant) as cursor:
                parked = await standing.parked(cursor)
                held = await standing.held(cursor)
            if not parked and not held:
                while True:
                    signed = await self.step(tenant)
                    if signed is None or signed.size >= head:
                        pace.signed = signed.size if signed else head
                        break
        except LockHeld:
            pass  # another process publishes it
        except Contradicted as found:
            _log.critical(
                "tenant %s: NO CHECKPOINT IS SIGNED ANY MORE: %s; run `concord proofs check`, or after a restore `concord proofs restart`",
                tenant.slug,
                found,
            )
            async with self._database.tenant(tenant) as cursor:
                await standing.park(cursor, found.position, str(found))
        except (KeysUnavailable, TilesDamaged, UndecodableEvent, OSError, Refused) as error:
            _log.error("tenant %s: no checkpoint could be published, trying again: %s", tenant.slug, error)
            async with self._database.tenant(tenant) as cursor:
                await standing.stumbled(cursor, str(error))
        except (psycopg.Error, StoreUnavailable):
            raise
        except Exception:  # noqa: BLE001  told with its stack
            # another tenant's checkpoints do not wait for whatever this is
            _log.exception("tenant %s: no checkpoint could be published, trying again", tenant.slug)

    def _signing(self, tenant: Tenant, keys: ProofKeys) -> Sequence[SigningKey]:
        """The private keys that sign now, the newest last. One that retires may be lost, the newest not."""
        newest = keys.keys[-1]
        found = [self._private.find(tenant.slug, newest.number, newest.vkey)]
        for key in keys.keys[-2::-1]:
            if key.signs(datetime.now(UTC)):
                try:
                    found.insert(0, self._private.find(tenant.slug, key.number, key.vkey))
                except KeysUnavailable as missing:
                    _log.warning("tenant %s: %s", tenant.slug, missing)
        return found

    async def _heads(self) -> list[tuple[Tenant, int]]:
        """Every tenant that has events, and its last position; one query, a step down an index for each."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute("SELECT slug, simulated FROM concord.tenants ORDER BY slug")).fetchall()
            tenants = {slug: Tenant(slug, simulated) for slug, simulated in rows}
            if not tenants:
                return []
            heads = sql.SQL(" UNION ALL ").join(
                sql.SQL("SELECT {}, max(position) FROM {}.events").format(sql.Literal(t.slug), sql.Identifier(t.schema))
                for t in tenants.values()
            )
            return [(tenants[slug], head) for slug, head in await (await connection.execute(heads)).fetchall() if head]


async def known_keys(store: Store, private: PrivateKeys, settings: Settings, tenant: Tenant) -> ProofKeys:
    """The log's keys; the first one is made here."""
    state: ProofKeys = (await store.load(tenant, proof_keys, PROOF_KEYS)).state
    if not state.keys:
        made = private.make(tenant.slug, 1, f"{settings.proofs_origin}/{tenant.slug}")
        await store.execute(tenant, proof_keys, PROOF_KEYS, AddProofKey(vkey=str(made.verifier)), by=SYSTEM)
        state = (await store.load(tenant, proof_keys, PROOF_KEYS)).state
    return state


def verifier_keys(keys: ProofKeys) -> list[VerifierKey]:
    """Every key of the log, oldest first."""
    return [VerifierKey.parse(key.vkey) for key in keys.keys]


def published_of(settings: Settings, tenant: Tenant) -> Published:
    """Where a tenant's checkpoints and tiles are published."""
    return Published(settings.proofs_folder / tenant.slug)


def signer_of(database: Database, settings: Settings, tenant: Tenant) -> Signer:
    """A tenant's signer; what it signed last it keeps below CONCORD_HOME, out of what is served."""
    return Signer(database, tenant, published_of(settings, tenant), memory_of(settings, tenant.slug))


def memory_of(settings: Settings, slug: str) -> Path:
    """The folder of what a tenant's signer signed last."""
    return settings.home / "signed" / slug
