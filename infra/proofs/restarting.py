"""Beginning again under another name, when a log no longer continues what was signed: after a restore to an earlier instant, say.

A log that was brought in from elsewhere begins again, too: where it came from it may go on, and two logs that are signed under one
name look like one that was altered.
"""

from __future__ import annotations

import re
import secrets
from itertools import count

from domain.kernel import SYSTEM, Actor, NotFound
from domain.proof_keys import PROOF_KEYS, AddProofKey, ProofKeys, name_of, proof_keys
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.proofs import standing
from infra.proofs.follower import known_keys, published_of, signer_of
from infra.proofs.keeping import PrivateKeys
from infra.settings import Settings


async def restart(database: Database, store: Store, private: PrivateKeys, settings: Settings, tenant: Tenant, *, by: Actor = SYSTEM) -> str:
    """Let a new key begin a log of another name, put what was published aside, and return the name. An event says so.

    What was signed under the old name stays true of what was there then, and is signed under it no more: its signer still remembers.
    Raises NotFound where nothing was signed, LockHeld, KeysUnavailable, OSError.
    """
    published, signer = published_of(settings, tenant), signer_of(database, settings, tenant)
    with published.writing():
        # a restore has put aside what was published; the signer's memory stays
        if published.checkpoint() is None and not signer.remembers():
            raise NotFound("Nothing was signed yet, so there is nothing to begin again.")
        keys = await known_keys(store, private, settings, tenant)
        names = _names(keys)
        first = re.sub(r"/[0-9]+$", "", names[-1])
        free = (f"{first}/{number}" for number in count(len(names) + 1))
        listed = published.keys()
        # a name that was begun after the instant to which the log was restored has signed another log
        taken = {key.name for key in listed}
        name = next(name for name in free if name not in taken and not signer.remembers(name))
        name = await _begin(store, private, tenant, keys, name, by)
        if published.checkpoint() is not None:
            places = (published.folder.with_name(f"{tenant.slug}.{number}") for number in count(1))
            published.folder.rename(next(place for place in places if not place.exists()))
    async with database.tenant(tenant) as cursor:
        await standing.begun_again(cursor)
    return name


async def begin_here(store: Store, private: PrivateKeys, settings: Settings, tenant: Tenant, *, by: Actor = SYSTEM) -> str | None:
    """Let a key of this installation sign a log that came from elsewhere, under a name of its own, from the next checkpoint on.

    Returns the name; None where nobody ever signed it, so that its first key is made as everywhere. Raises KeysUnavailable.
    """
    keys: ProofKeys = (await store.load(tenant, proof_keys, PROOF_KEYS)).state
    if not keys.keys:
        return None
    name = f"{settings.proofs_origin}/{tenant.slug}"
    return await _begin(store, private, tenant, keys, f"{name}/{secrets.token_hex(4)}" if name in _names(keys) else name, by)


def _names(keys: ProofKeys) -> list[str]:
    return list(dict.fromkeys(name_of(key.vkey) for key in keys.keys))


async def _begin(store: Store, private: PrivateKeys, tenant: Tenant, keys: ProofKeys, name: str, by: Actor) -> str:
    made = private.make(tenant.slug, len(keys.keys) + 1, name)
    command = AddProofKey(vkey=str(made.verifier), overlap_days=0, new_log=True)
    await store.execute(tenant, proof_keys, PROOF_KEYS, command, by=by)
    return made.name
