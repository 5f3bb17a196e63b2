"""Sealed bytes by name, in the tenant's own table: a document is then in the same backup as the events that name it."""

from __future__ import annotations

from typing import Protocol

from infra.database import Database, Tenant
from infra.documents.bucket import BucketBlobs
from infra.settings import Settings


class Blobs(Protocol):
    """A place for sealed bytes. Raises StoreUnavailable where it cannot be reached."""

    async def put(self, tenant: Tenant, sha256: str, sealed: bytes) -> None:
        """Keep them durably; quiet where something is kept under this name already."""

    async def get(self, tenant: Tenant, sha256: str) -> bytes | None:
        """What is kept under this name, if anything."""

    async def close(self) -> None:
        """Let go of connections."""


class TableBlobs:
    """The table `documents` of each tenant's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, tenant: Tenant, sha256: str, sealed: bytes) -> None:
        async with self._database.tenant(tenant) as cursor:
            insert = "INSERT INTO documents (sha256, sealed) VALUES (%s, %s) ON CONFLICT DO NOTHING"
            await cursor.execute(insert, (bytes.fromhex(sha256), sealed))

    async def get(self, tenant: Tenant, sha256: str) -> bytes | None:
        async with self._database.tenant(tenant, read_only=True) as cursor:
            await cursor.execute("SELECT sealed FROM documents WHERE sha256 = %s", (bytes.fromhex(sha256),))
            row = await cursor.fetchone()
            return None if row is None else bytes(row[0])

    async def close(self) -> None:
        """The pool is the process's."""


def blobs_of(settings: Settings, database: Database) -> Blobs:
    """The bucket that DOCUMENTS_URL names, else the tenants' tables."""
    return BucketBlobs.at(settings.documents_url) if settings.documents_url else TableBlobs(database)
