"""Beginning again under another name, when a log no longer continues what was signed: after a restore to an earlier instant, say."""

from __future__ import annotations

from itertools import count

from domain.kernel import SYSTEM, NotFound
from domain.proof_keys import PROOF_KEYS, AddProofKey, name_of, proof_keys
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.proofs import standing
from infra.proofs.follower import known_keys, published_of
from infra.proofs.keeping import PrivateKeys
from infra.settings import Settings


async def restart(database: Database, store: Store, private: PrivateKeys, settings: Settings, tenant: Tenant) -> str:
    """Let a new key begin a log of another name, put what was published aside, and return the name. An event says so.

    What was signed under the old name stays true of what was there then, and is signed under it no more: its signer still remembers.
    Raises NotFound where nothing was signed, LockHeld, KeysUnavailable, OSError.
    """
    published = published_of(settings, tenant)
    with published.writing():
        if published.checkpoint() is None:
            raise NotFound("Nothing was signed yet, so there is nothing to begin again.")
        keys = await known_keys(store, private, settings, tenant)
        names = list(dict.fromkeys(name_of(key.vkey) for key in keys.keys))
        made = private.make(tenant.slug, len(keys.keys) + 1, f"{names[0]}/{len(names) + 1}")
        command = AddProofKey(vkey=str(made.verifier), overlap_days=0, new_log=True)
        await store.execute(tenant, proof_keys, PROOF_KEYS, command, by=SYSTEM)
        places = (published.folder.with_name(f"{tenant.slug}.{number}") for number in count(1))
        published.folder.rename(next(place for place in places if not place.exists()))
    async with database.tenant(tenant) as cursor:
        await standing.begun_again(cursor)
    return made.name
