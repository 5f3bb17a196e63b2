"""Links by which people without a sign-in reach one paper each: random, kept as a hash, for one signatory, until a day.

A link says who looks and at which paper, never what may be done: that is the paper's own decision.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from infra.database import Database, Tenant

READABLE_AFTER = timedelta(days=30)
"""How long after the last day for signing a link still shows the paper, so that its signed copy can be fetched."""
_TOKEN = re.compile(r"sg_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class SigningLink:
    """Whose link it is, and to what."""

    tenant: Tenant
    paper: UUID
    signatory: UUID


class SigningLinks:
    """The table `identity.signing_links`, outside tenants: a token says nothing of whose it is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def issue(self, tenant: Tenant, paper: UUID, signatory: UUID, expires_at: datetime, *, instead: bool = False) -> str:
        """A new link's token, shown this once. Links issued before go on working, or with `instead` those of this signatory end."""
        token = f"sg_{secrets.token_urlsafe(32)}"
        async with self._database.connection() as connection:
            await connection.execute(
                "INSERT INTO identity.signing_links (token_hash, tenant, paper, signatory, expires_at) VALUES (%s, %s, %s, %s, %s)",
                (_hashed(token), tenant.slug, paper, signatory, expires_at + READABLE_AFTER),
            )
            if instead:
                await connection.execute(
                    "DELETE FROM identity.signing_links WHERE tenant = %s AND paper = %s AND signatory = %s AND token_hash <> %s",
                    (tenant.slug, paper, signatory, _hashed(token)),
                )
            await connection.execute("DELETE FROM identity.signing_links WHERE expires_at < clock_timestamp()")
        return token

    async def find(self, token: str) -> SigningLink | None:
        """Whose link this is; None for one that was never issued or is over."""
        if not _TOKEN.fullmatch(token):
            return None
        async with self._database.connection() as connection:
            found = await connection.execute(
                "SELECT t.slug, t.simulated, l.paper, l.signatory FROM identity.signing_links AS l JOIN concord.tenants AS t "
                "ON t.slug = l.tenant WHERE l.token_hash = %s AND l.expires_at > clock_timestamp()",
                (_hashed(token),),
            )
            row = await found.fetchone()
        return None if row is None else SigningLink(Tenant(row[0], row[1]), row[2], row[3])

    async def revoke(self, tenant: Tenant, paper: UUID) -> None:
        """End all links to a paper."""
        async with self._database.connection() as connection:
            await connection.execute("DELETE FROM identity.signing_links WHERE tenant = %s AND paper = %s", (tenant.slug, paper))


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
