"""A tenant's personal keys in a file of their own, under a passphrase: scrypt (RFC 7914) and AES-256-GCM."""

from __future__ import annotations

import base64
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from infra.key_layout import bound, bound_secret, tenant_key, unwrapped, wrapped
from infra.keys import Keys
from infra.opening import open_keys
from infra.root_key import RootKey
from infra.settings import Settings
from infra.transfer.shapes import PassphraseWrong

_COST = {"n": 2**17, "r": 8, "p": 1}
"""128 MiB and about half a second for each guess."""
_BOUND = b"concord keys 1"


def seal_keys(settings: Settings, tenant: str, passphrase: str) -> bytes:
    """All keys and secrets of the tenant, and what it has erased, as the bytes of a file. Raises KeysUnavailable."""
    with closing(open_keys(settings)) as keys, closing(_connected(settings)) as store:
        _, seal = tenant_key(store, _root(settings), tenant)
        held = store.execute("SELECT subject, wrapped FROM keys WHERE tenant = ? AND wrapped IS NOT NULL", (tenant,)).fetchall()
        secrets = store.execute("SELECT name, wrapped FROM secrets WHERE tenant = ?", (tenant,)).fetchall()
        content = {
            "keys": {str(UUID(bytes=s)): _b64(unwrapped(seal, k, bound(tenant, UUID(bytes=s)))) for s, k in held},
            "secrets": {name: _b64(unwrapped(seal, k, bound_secret(tenant, name))) for name, k in secrets},
            "erased": [{"subject": str(one.subject), "case": one.case} for one in keys.forgotten(tenant)],
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

    `origin` is noted in any case: it is the name under which the tenant's data is sealed. Raises KeysUnavailable.
    """
    with closing(open_keys(settings)) as keys:
        with closing(_connected(settings)) as store:
            store.execute("INSERT OR REPLACE INTO origins (tenant, origin) VALUES (?, ?)", (tenant, origin))
            if content:
                _, seal = tenant_key(store, _root(settings), tenant)
                held = [
                    (tenant, (id := UUID(text)).bytes, wrapped(seal, _raw(key), bound(tenant, id))) for text, key in content["keys"].items()
                ]
                secrets = [(tenant, name, wrapped(seal, _raw(key), bound_secret(tenant, name))) for name, key in content["secrets"].items()]
                store.executemany("INSERT OR IGNORE INTO keys (tenant, subject, wrapped) VALUES (?, ?, ?)", held)
                store.executemany("INSERT OR IGNORE INTO secrets (tenant, name, wrapped) VALUES (?, ?, ?)", secrets)
            store.commit()
        if content:
            _forget(keys, tenant, content)
    return len(content["keys"]) if content else 0


def _forget(keys: Keys, tenant: str, content: dict[str, Any]) -> None:
    cases: dict[str, list[UUID]] = {}
    for entry in content["erased"]:
        cases.setdefault(entry["case"], []).append(UUID(entry["subject"]))
    for case, subjects in cases.items():
        keys.forget(tenant, subjects, case)


def _connected(settings: Settings) -> sqlite3.Connection:
    return sqlite3.connect(_store(settings), timeout=30)


def _store(settings: Settings) -> Path:
    return Path(unquote(urlsplit(settings.keys_url).path))


def _root(settings: Settings) -> RootKey:
    return RootKey(_store(settings).with_name("root.key"))


def _derived(passphrase: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return Scrypt(salt=salt, length=32, **cost).derive(passphrase.encode())


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _raw(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
