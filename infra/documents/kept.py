"""Documents sealed and opened: what lies in a table or a bucket can be read with this process's keys only."""

from __future__ import annotations

import asyncio
import os
from hashlib import sha256 as digest_of

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.documents import document_id
from domain.kernel import Refused
from infra.database import Tenant
from infra.documents.blobs import Blobs
from infra.keys import Keys

_NONCE = 12


class DocumentGone(Refused):
    """The document was erased: its key is forgotten, and nobody can read it any more."""

    status = 410


class Documents:
    """One per process. Hashing and encryption run in threads."""

    def __init__(self, blobs: Blobs, keys: Keys) -> None:
        self._blobs = blobs
        self._keys = keys

    async def put(self, tenant: Tenant, content: bytes) -> str:
        """Keep `content`; returns its SHA-256 in hexadecimal digits. Raises DocumentGone where it was erased, StoreUnavailable."""
        if self._keys.bare(tenant.slug):
            await self._check_readable(tenant, digest_of(content).hexdigest())
        sha256, sealed = await asyncio.to_thread(self._sealed, tenant, content)
        await self._blobs.put(tenant, sha256, sealed)
        return sha256

    async def get(self, tenant: Tenant, sha256: str) -> bytes | None:
        """The bytes, or None if they were never kept here. Raises DocumentGone where they were erased, StoreUnavailable."""
        sealed = await self._blobs.get(tenant, sha256)
        return None if sealed is None else await asyncio.to_thread(self._opened, tenant, sha256, sealed)

    async def close(self) -> None:
        await self._blobs.close()

    async def _check_readable(self, tenant: Tenant, sha256: str) -> None:
        """What came along sealed stays so: under a new key it would be kept a second time and never read."""
        if self._keys.get(tenant.slug, document_id(sha256)) is None and await self._blobs.get(tenant, sha256) is not None:
            raise DocumentGone(
                "This very document came here with the tenant, without its key: it stays unreadable. Keep it in another form, such as a new print.",
                sha256=sha256,
            )

    def _key(self, tenant: Tenant, sha256: str) -> AESGCM:
        key = self._keys.get(tenant.slug, document_id(sha256))
        if key is None:
            raise DocumentGone("This document was erased; what is left of it is its SHA-256.", sha256=sha256)
        return AESGCM(key)

    def _sealed(self, tenant: Tenant, content: bytes) -> tuple[str, bytes]:
        sha256 = digest_of(content).hexdigest()
        # the key is durable before anything is sealed with it
        self._keys.obtain(tenant.slug, [document_id(sha256)])
        nonce = os.urandom(_NONCE)
        return sha256, nonce + self._key(tenant, sha256).encrypt(nonce, content, _bound(self._keys.origin(tenant.slug), sha256))

    def _opened(self, tenant: Tenant, sha256: str, sealed: bytes) -> bytes:
        try:
            return self._key(tenant, sha256).decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(self._keys.origin(tenant.slug), sha256))
        except InvalidTag as error:
            raise DocumentAltered(f"the document {sha256} was altered where it is kept") from error


class DocumentAltered(Exception):  # noqa: N818  names the state
    """What is kept is not what was stored."""


def _bound(origin: str, sha256: str) -> bytes:
    return origin.encode() + b"\0" + bytes.fromhex(sha256)
