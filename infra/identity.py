"""Who is calling: principals, their sign-in names and passwords, sessions, API keys, and which member of a tenant each is.

Everything here lives in the `identity` schema, outside tenants and outside the log. What a member may do is in the log
(`infra/access.py`): a credential says who, never what.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from domain.kernel import NotFound
from infra.database import Database, Tenant
from infra.identity_cache import Fresh
from infra.identity_credentials import ApiKey, Credential, NameTaken, NoTenantChosen, NotSignedIn, SignInFailed, hashed, normalised_name
from infra.identity_passwords import Passwords, fit
from infra.identity_throttle import Throttle
from infra.ids import uuid7

SESSION_LASTS = timedelta(hours=12)
KEY_LASTS_AT_MOST = timedelta(days=366)


__all__ = ["ApiKey", "Credential", "Identity", "NameTaken", "NoTenantChosen", "NotSignedIn", "SignInFailed", "hashed", "normalised_name"]

_SESSION = """
SELECT s.principal, t.slug, t.simulated, m.member, s.expires_at
FROM identity.sessions s JOIN identity.principals p ON p.id = s.principal AND p.disabled_at IS NULL
LEFT JOIN identity.memberships m ON m.principal = s.principal AND m.tenant = s.tenant
LEFT JOIN concord.tenants t ON t.slug = m.tenant
WHERE s.token_hash = %s AND s.expires_at > clock_timestamp()
"""
_KEY = """
SELECT k.principal, t.slug, t.simulated, m.member, k.expires_at, k.id, k.read_only
FROM identity.api_keys k JOIN identity.principals p ON p.id = k.principal AND p.disabled_at IS NULL
JOIN identity.memberships m ON m.principal = k.principal AND m.tenant = k.tenant
JOIN concord.tenants t ON t.slug = m.tenant
WHERE k.hash = %s AND k.expires_at > clock_timestamp() AND k.revoked_at IS NULL
"""
_KEY_COLUMNS = "id, label, tenant, read_only, created_at, expires_at, revoked_at"


class Identity:
    """The identity schema and what was just read from it. One per process."""

    def __init__(self, database: Database, *, passwords: Passwords | None = None, throttle: Throttle | None = None) -> None:
        self._database = database
        self.passwords = passwords or Passwords()
        self._throttle = throttle or Throttle(database)
        self._sessions = Fresh(self._read_session)
        self._keys = Fresh(self._read_key)

    # --- people -------------------------------------------------------------------------------------------------------

    async def add_person(self, name: str, password: str) -> UUID:
        """Let somebody sign in. Returns the principal. Raises NameTaken, PasswordUnfit."""
        name = normalised_name(name)
        encoded = await self.passwords.hash(fit(password, name))
        principal = uuid7()
        try:
            async with self._database.connection() as connection, connection.transaction():
                await connection.execute("INSERT INTO identity.principals (id) VALUES (%s)", (principal,))
                await connection.execute("INSERT INTO identity.sign_in_names (name, principal) VALUES (%s, %s)", (name, principal))
                await connection.execute("INSERT INTO identity.passwords (principal, hash) VALUES (%s, %s)", (principal, encoded))
        except UniqueViolation:
            raise NameTaken("Somebody signs in with this name already; choose another.") from None
        return principal

    async def add_machine(self, principal: UUID | None = None) -> UUID:
        """A principal without a password, which only keys can use. Quiet if `principal` exists."""
        principal = principal or uuid7()
        await self._execute("INSERT INTO identity.principals (id) VALUES (%s) ON CONFLICT DO NOTHING", principal)
        return principal

    async def person_named(self, name: str) -> UUID | None:
        """The principal that signs in with `name`."""
        row = await self._one("SELECT principal FROM identity.sign_in_names WHERE name = %s", normalised_name(name))
        return row[0] if row else None

    async def set_password(self, principal: UUID, name: str, password: str) -> None:
        """Change the password, end every session of the principal. Raises PasswordUnfit."""
        encoded = await self.passwords.hash(fit(password, normalised_name(name)))
        await self._execute(
            "INSERT INTO identity.passwords (principal, hash) VALUES (%s, %s)"
            " ON CONFLICT (principal) DO UPDATE SET hash = excluded.hash, changed_at = clock_timestamp()",
            principal,
            encoded,
        )
        await self.end_sessions(principal)

    async def disable(self, principal: UUID) -> None:
        """Stop every session and key of the principal."""
        await self._execute("UPDATE identity.principals SET disabled_at = clock_timestamp() WHERE id = %s", principal)
        self._forget_all()

    async def join(self, principal: UUID, tenant: Tenant, member: UUID) -> None:
        """Make the principal this member of the tenant. Raises NameTaken when another principal is, NotFound without the principal."""
        try:
            await self._execute(
                "INSERT INTO identity.memberships (principal, tenant, member) VALUES (%s, %s, %s)"
                " ON CONFLICT (principal, tenant) DO UPDATE SET member = excluded.member",
                principal,
                tenant.slug,
                member,
            )
        except UniqueViolation:
            raise NameTaken("Somebody else signs in as this member already.") from None
        except ForeignKeyViolation:
            raise NotFound("There is no such principal.") from None
        self._forget_all()

    async def leave(self, principal: UUID, tenant: Tenant) -> None:
        """End the principal's membership, and with it the reach of its keys and sessions there."""
        await self._execute("DELETE FROM identity.memberships WHERE principal = %s AND tenant = %s", principal, tenant.slug)
        self._forget_all()

    async def memberships(self, principal: UUID) -> dict[str, UUID]:
        """The principal's member id in each tenant, by slug."""
        rows = await self._all("SELECT tenant, member FROM identity.memberships WHERE principal = %s ORDER BY tenant", principal)
        return dict(rows)

    async def principal_of(self, tenant: Tenant, member: UUID) -> UUID | None:
        """Who signs in as this member."""
        row = await self._one("SELECT principal FROM identity.memberships WHERE tenant = %s AND member = %s", tenant.slug, member)
        return row[0] if row else None

    # --- sessions -----------------------------------------------------------------------------------------------------

    async def sign_in(self, name: str, password: str, source: str) -> tuple[str, Credential]:
        """A session's token and who it is for. `source`: the caller's address. Raises SignInFailed, TooManyAttempts.

        A person of one tenant is in it at once; one of several picks with `choose_tenant`.
        """
        name = normalised_name(name)
        await self._throttle.admit(name, source)
        row = await self._one(
            "SELECT n.principal, w.hash FROM identity.sign_in_names n JOIN identity.passwords w USING (principal)"
            " JOIN identity.principals p ON p.id = n.principal AND p.disabled_at IS NULL WHERE n.name = %s",
            name,
        )
        if not await self.passwords.verify(row[1] if row else None, password) or row is None:
            raise SignInFailed("The name or the password is wrong.")
        await self._throttle.forgive(name, source)
        principal, stored = row
        if self.passwords.needs_rehash(stored):
            encoded = await self.passwords.hash(password)
            await self._execute("UPDATE identity.passwords SET hash = %s WHERE principal = %s AND hash = %s", encoded, principal, stored)
        return await self.open_session(principal)

    async def open_session(self, principal: UUID) -> tuple[str, Credential]:
        """A new session of a principal that has proven who it is."""
        token = "cs_" + secrets.token_urlsafe(32)
        tenants = list(await self.memberships(principal))
        await self._execute(
            "WITH gone AS (DELETE FROM identity.sessions WHERE expires_at < clock_timestamp())"
            " INSERT INTO identity.sessions (token_hash, principal, tenant, expires_at) VALUES (%s, %s, %s, clock_timestamp() + %s)",
            hashed(token),
            principal,
            tenants[0] if len(tenants) == 1 else None,
            SESSION_LASTS,
        )
        return token, await self.session(token)

    async def session(self, token: str) -> Credential:
        """Whose session this is. Raises NotSignedIn."""
        return await self.session_of(hashed(token))

    async def session_of(self, token_hash: bytes) -> Credential:
        """As `session`, by the token's hash."""
        return _present(await self._sessions.get(token_hash))

    async def choose_tenant(self, credential: Credential, slug: str) -> None:
        """Work in that tenant from now on in this session. Raises NotFound unless the person belongs to it."""
        if slug not in await self.memberships(credential.principal):
            raise NotFound("There is no such tenant.")
        await self._execute("UPDATE identity.sessions SET tenant = %s WHERE token_hash = %s", slug, credential.token)
        self._sessions.forget(credential.token)

    async def sign_out(self, credential: Credential) -> None:
        """End this session."""
        await self._execute("DELETE FROM identity.sessions WHERE token_hash = %s", credential.token)
        self._sessions.forget(credential.token)

    async def end_sessions(self, principal: UUID) -> None:
        """End every session of the principal."""
        await self._execute("DELETE FROM identity.sessions WHERE principal = %s", principal)
        self._sessions.forget_all()

    # --- API keys -----------------------------------------------------------------------------------------------------

    async def issue_key(
        self, principal: UUID, tenant: Tenant, label: str, *, lasts: timedelta = timedelta(days=90), read_only: bool = False
    ) -> tuple[str, ApiKey]:
        """The key, shown this once, and what is kept of it. `lasts` is cut to a year. Raises NotFound without a membership."""
        if tenant.slug not in await self.memberships(principal):
            raise NotFound("The principal is no member of this tenant.")
        key = "ck_" + secrets.token_urlsafe(32)
        row = await self._one(
            "INSERT INTO identity.api_keys (id, hash, principal, tenant, label, read_only, expires_at)"
            f" VALUES (%s, %s, %s, %s, %s, %s, clock_timestamp() + %s) RETURNING {_KEY_COLUMNS}",
            uuid7(),
            hashed(key),
            principal,
            tenant.slug,
            label,
            read_only,
            min(lasts, KEY_LASTS_AT_MOST),
        )
        assert row is not None
        return key, ApiKey(*row)

    async def key(self, token: str) -> Credential:
        """Whose API key this is. Raises NotSignedIn."""
        return _present(await self._keys.get(hashed(token)))

    async def holds(self, credential: Credential) -> bool:
        """Whether a credential that was verified before is still good: neither revoked nor expired nor signed out."""
        if credential.expires_at <= datetime.now(UTC):
            return False
        known = self._sessions if credential.key is None else self._keys
        return await known.get(credential.token) is not None

    async def keys(self, principal: UUID, tenant: Tenant) -> list[ApiKey]:
        """The principal's keys in the tenant, newest first, expired and revoked ones included."""
        rows = await self._all(
            f"SELECT {_KEY_COLUMNS} FROM identity.api_keys WHERE principal = %s AND tenant = %s ORDER BY created_at DESC, id LIMIT 200",
            principal,
            tenant.slug,
        )
        return [ApiKey(*row) for row in rows]

    async def revoke_key(self, principal: UUID, key: UUID) -> None:
        """Stop the key, here at once and in other processes within a second. Raises NotFound unless it is the principal's."""
        row = await self._one(
            "UPDATE identity.api_keys SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE id = %s AND principal = %s RETURNING hash",
            key,
            principal,
        )
        if row is None:
            raise NotFound("There is no such key.")
        self._keys.forget(bytes(row[0]))

    # --- reading ------------------------------------------------------------------------------------------------------

    async def _read_session(self, token_hash: bytes) -> Credential | None:
        row = await self._one(_SESSION, token_hash)
        if row is None:
            return None
        principal, slug, simulated, member, expires_at = row
        tenant = Tenant(slug, simulated) if slug else None
        return Credential(principal, tenant, member if tenant else None, expires_at, token=token_hash)

    async def _read_key(self, key_hash: bytes) -> Credential | None:
        row = await self._one(_KEY, key_hash)
        if row is None:
            return None
        principal, slug, simulated, member, expires_at, key, read_only = row
        return Credential(principal, Tenant(slug, simulated), member, expires_at, key=key, read_only=read_only, token=key_hash)

    def _forget_all(self) -> None:
        self._sessions.forget_all()
        self._keys.forget_all()

    async def _execute(self, query: str, *values: Any) -> None:
        async with self._database.connection() as connection:
            await connection.execute(query, values)

    async def _one(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        async with self._database.connection() as connection:
            return await (await connection.execute(query, values)).fetchone()

    async def _all(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        async with self._database.connection() as connection:
            return await (await connection.execute(query, values)).fetchall()


def _present(credential: Credential | None) -> Credential:
    if credential is None or credential.expires_at <= datetime.now(UTC):
        raise NotSignedIn
    return credential
