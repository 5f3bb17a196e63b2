"""A tenant's personal keys in a file of their own, under a passphrase: scrypt (RFC 7914) and AES-256-GCM."""

from __future__ import annotations

import base64
import os
import sqlite3
from contextlib import closing
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from infra.key_layout import bound, bound_secret, tenant_key, unwrapped, wrapped
from infra.keys import Keys
from infra.opening import key_files, open_keys
from infra.proofs.keeping import KEPT_AS
from infra.root_key import RootKey
from infra.settings import Settings
from infra.transfer.shapes import OtherKeysHere, PassphraseWrong

_COST = {"n": 2**17, "r": 8, "p": 1}
"""128 MiB and about half a second for each guess."""
_BOUND = b"concord keys 1"


def seal_keys(settings: Settings, tenant: str, passphrase: str) -> bytes:
    """All keys and secrets of the tenant but those that sign checkpoints, and what it has erased, as the bytes of a file.

    Raises KeysUnavailable.
    """
    with closing(open_keys(settings)) as keys, closing(_connected(settings)) as store:
        _, seal = tenant_key(store, _root(settings), tenant)
        held = store.execute("SELECT subject, wrapped FROM keys WHERE tenant = ? AND wrapped IS NOT NULL", (tenant,)).fetchall()
        secrets = store.execute("SELECT name, wrapped FROM secrets WHERE tenant = ?", (tenant,)).fetchall()
        content = {
            "keys": {str(UUID(bytes=s)): _b64(unwrapped(seal, k, bound(tenant, UUID(bytes=s)))) for s, k in held},
            "secrets": {name: _b64(unwrapped(seal, k, bound_secret(tenant, name))) for name, k in secrets if not name.startswith(KEPT_AS)},
            "erased": [{"subject": str(one.subject), "case": one.case} for one in keys.forgotten(tenant)],
            "bare": keys.bare(tenant),
        }
        store.rollback()
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed = AESGCM(_derived(passphrase, salt, _COST)).encrypt(nonce, orjson.dumps(content), _BOUND)
    return orjson.dumps({"format": 1, "kdf": "scrypt", **_COST, "salt": _b64(salt), "nonce": _b64(nonce), "sealed": _b64(sealed)}) + b"\n"


def open_sealed(file: bytes, passphrase: str) -> dict[str, Any]:
    """What `seal_keys` sealed. Raises PassphraseWrong, also where the file was altered."""
    try:
        said = orjson.loads(file)
        cost = {name: int(said[name]) for name in _COST}
        if cost != _COST:
            raise ValueError(cost)  # noqa: TRY301  a file must not choose what a guess costs us
        key = _derived(passphrase, base64.b64decode(said["salt"]), cost)
        found: dict[str, Any] = orjson.loads(AESGCM(key).decrypt(base64.b64decode(said["nonce"]), base64.b64decode(said["sealed"]), _BOUND))
    except (InvalidTag, ValueError, KeyError, TypeError) as error:
        raise PassphraseWrong("The keys do not open: the passphrase is another, or the file was altered.") from error
    return found


def receive_keys(settings: Settings, tenant: str, origin: str, content: dict[str, Any] | None) -> int:
    """Put what was sealed elsewhere under this store's own keys, for a tenant that is not open yet; how many keys. Repeatable.

    `origin` is noted in any case: it is the name under which the tenant's data is sealed; and whether keys are missing. Raises
    KeysUnavailable; OtherKeysHere where the store has another key for one of these people, of an earlier tenant of this name.
    """
    with closing(open_keys(settings)) as keys:
        with closing(_connected(settings)) as store:
            store.execute("INSERT OR REPLACE INTO origins (tenant, origin) VALUES (?, ?)", (tenant, origin))
            if content is None or content.get("bare"):
                store.execute("INSERT OR IGNORE INTO bare (tenant) VALUES (?)", (tenant,))
            else:
                store.execute("DELETE FROM bare WHERE tenant = ?", (tenant,))
            if content:
                _, seal = tenant_key(store, _root(settings), tenant)
                brought = {UUID(text): _raw(key) for text, key in content["keys"].items()}
                _check_alike(store, seal, tenant, brought)
                held = [(tenant, id.bytes, wrapped(seal, key, bound(tenant, id))) for id, key in brought.items()]
                own = {name: _raw(key) for name, key in content["secrets"].items() if not name.startswith(KEPT_AS)}
                secrets = [(tenant, name, wrapped(seal, secret, bound_secret(tenant, name))) for name, secret in own.items()]
                store.executemany("INSERT OR IGNORE INTO keys (tenant, subject, wrapped) VALUES (?, ?, ?)", held)
                store.executemany("INSERT OR IGNORE INTO secrets (tenant, name, wrapped) VALUES (?, ?, ?)", secrets)
            store.commit()
        if content:
            _forget(keys, tenant, content)
    return len(content["keys"]) if content else 0


def _check_alike(store: sqlite3.Connection, seal: AESGCM, tenant: str, brought: dict[UUID, bytes]) -> None:
    there = store.execute("SELECT subject, wrapped FROM keys WHERE tenant = ? AND wrapped IS NOT NULL", (tenant,)).fetchall()
    for subject, kept in there:
        id = UUID(bytes=subject)
        if id in brought and unwrapped(seal, kept, bound(tenant, id)) != brought[id]:
            raise OtherKeysHere(
                f"The key store holds keys of another tenant named {tenant}, of before: import under another name with --as.", tenant=tenant
            )


def _forget(keys: Keys, tenant: str, content: dict[str, Any]) -> None:
    cases: dict[str, list[UUID]] = {}
    for entry in content["erased"]:
        cases.setdefault(entry["case"], []).append(UUID(entry["subject"]))
    for case, subjects in cases.items():
        keys.forget(tenant, subjects, case)


def _connected(settings: Settings) -> sqlite3.Connection:
    return sqlite3.connect(key_files(settings)[0], timeout=30)


def _root(settings: Settings) -> RootKey:
    return RootKey(key_files(settings)[1])


def _derived(passphrase: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return Scrypt(salt=salt, length=32, **cost).derive(passphrase.encode())


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _raw(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
