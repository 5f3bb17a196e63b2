"""Schemas, functions and roles, created and upgraded behind one lock by the migrator role; nothing else runs DDL at start.

Each step runs once per tenant and is never edited after release; a change is a new step.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import Connection, sql

from infra.database import Tenant

_LOCK = 0x636F6E636F7264  # "concord"
_GONE = 15.0
"""Seconds in which the server notices that whoever imported was killed."""
_ONE_IMPORT = "SELECT pg_try_advisory_lock(hashtextextended('concord import ' || %s, 0))"
_NO_IMPORT = "SELECT pg_try_advisory_xact_lock(hashtextextended('concord import ' || %s, 0))"
_UNDER_WAY = "tenant {!r} is being imported at this moment; wait until that is done, or choose another name"
TENANT_STEPS = ("tenant.sql", "access_log.sql", "organisation.sql", "documents.sql", "papers.sql", "privacy.sql", "access_retention.sql")
"""Files applied in order to each tenant's schema. Functions (append.sql) are replaced on every migration instead."""

_BASE = """
CREATE SCHEMA IF NOT EXISTS concord;
CREATE TABLE IF NOT EXISTS concord.tenants (
    slug text PRIMARY KEY,
    simulated boolean NOT NULL,
    step integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE IF NOT EXISTS concord.imported_logs (   -- every log that was not written by append: which, from where, by whom
    slug text NOT NULL,
    origin text NOT NULL,               -- the tenant's name where it was exported
    head bigint NOT NULL,
    root bytea NOT NULL,                -- the Merkle root at the head
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    admitted_at timestamptz,            -- null: cut off, and nobody has ever seen it
    imported_by text NOT NULL DEFAULT session_user
);
GRANT SELECT ON concord.imported_logs TO {login};
GRANT USAGE ON SCHEMA concord TO {login};
GRANT SELECT ON concord.tenants, concord.imported_logs TO {login};
"""

_RIGHTS = """
GRANT USAGE ON SCHEMA {schema} TO {role}, {login};
GRANT SELECT ON {schema}.events, {schema}.commands, {schema}.snapshots, {schema}.tracking TO {role}, {login};
GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.snapshots, {schema}.tracking TO {role};
REVOKE ALL ON FUNCTION {schema}.append FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.append, {schema}.position_at TO {login};
GRANT EXECUTE ON FUNCTION {schema}.position_at TO {role};
"""


class NotMigrated(Exception):  # noqa: N818  names the state and the way out
    """The database has not been set up, or is newer than this code."""


@contextmanager
def migrating(migrator_url: str) -> Iterator[Connection[Any]]:
    """A transaction in which DDL may run: one migrator at a time, in the whole database."""
    with psycopg.connect(migrator_url, application_name="concord migrator") as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute("SET LOCAL client_min_messages = warning")
        yield connection


def migrate(migrator_url: str, login: str = "concord_app") -> list[Tenant]:
    """Bring the database and every tenant to this code's shape; repeatable. Returns the tenants.

    `login`: the role that the processes sign in with; it is created without a password where it is missing.
    """
    with migrating(migrator_url) as connection:
        _ensure_role(connection, login, "LOGIN")
        names = {"login": sql.Identifier(login)}
        _run(connection, _BASE, names)
        _run(connection, _packaged("identity.sql"), names)
        tenants = _tenants(connection)
        for tenant, step in tenants:
            _upgrade(connection, tenant, step, login)
        return [tenant for tenant, _ in tenants]


def create_tenant(migrator_url: str, slug: str, *, simulated: bool = False, login: str = "concord_app") -> Tenant:
    """Create a tenant's schema, role and log; repeatable. What an import under this name left, which was cut off, is removed.

    Raises ValueError on a bad slug, on another `simulated` than it was created with, and while an import under this name runs.
    """
    tenant = Tenant(slug, simulated)
    with migrating(migrator_url) as connection:
        row = connection.execute("SELECT simulated, step FROM concord.tenants WHERE slug = %s", (slug,)).fetchone()
        if row and row[0] != simulated:
            raise ValueError(f"tenant {slug!r} exists and is {'' if row[0] else 'not '}simulated; choose another name")
        if row is None:
            if not connection.execute(_NO_IMPORT, (slug,)).fetchone()[0]:  # type: ignore[index]
                raise ValueError(_UNDER_WAY.format(slug))
            drop_import(connection, tenant)
            connection.execute("INSERT INTO concord.tenants (slug, simulated, step) VALUES (%s, %s, 0)", (slug, simulated))
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(tenant.schema)))
        _upgrade(connection, tenant, row[1] if row else 0, login)
    return tenant


def prepare_import(migrator_url: str, tenant: Tenant, origin: str, head: int, root: bytes, *, login: str = "concord_app") -> None:
    """Make the schema of a tenant whose log comes from elsewhere; nobody sees it before `admit`. What an earlier try left is removed.

    Raises ValueError where there is a tenant of this name.
    """
    with migrating(migrator_url) as connection:
        if connection.execute("SELECT FROM concord.tenants WHERE slug = %s", (tenant.slug,)).rowcount:
            raise ValueError(_there(connection, tenant, head, root))
        drop_import(connection, tenant)
        connection.execute(
            "INSERT INTO concord.imported_logs (slug, origin, head, root) VALUES (%s, %s, %s, %s)", (tenant.slug, origin, head, root)
        )
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(tenant.schema)))
        _upgrade(connection, tenant, 0, login)


def _there(connection: Connection[Any], tenant: Tenant, head: int, root: bytes) -> str:
    """Why a tenant is not imported that is here, and what to do: the same log may have come in before."""
    same = "SELECT FROM concord.imported_logs WHERE slug = %s AND head = %s AND root = %s AND admitted_at IS NOT NULL"
    if connection.execute(same, (tenant.slug, head, root)).rowcount:
        return (
            f"tenant {tenant.slug!r} exists: this very log came in whole already, and `concord tenant create {tenant.slug}` gives you its "
            "credential again; for another copy, name it with --as"
        )
    return f"tenant {tenant.slug!r} exists; import it under another name with --as"


@contextmanager
def importing(migrator_url: str, tenant: Tenant) -> Iterator[None]:
    """Be the one who imports under this name; who was killed no longer is. Raises ValueError where somebody else does."""
    with psycopg.connect(migrator_url, autocommit=True, application_name="concord import") as connection:
        # the server needs a moment to see that a process was killed
        deadline = time.monotonic() + _GONE
        while not connection.execute(_ONE_IMPORT, (tenant.slug,)).fetchone()[0]:  # type: ignore[index]
            if time.monotonic() > deadline:
                raise ValueError(_UNDER_WAY.format(tenant.slug))
            time.sleep(0.1)
        yield


def drop_import(connection: Connection[Any], tenant: Tenant) -> None:
    """Remove a schema that an import has made and nobody has seen; the caller is the one who imports, or nobody does."""
    begun = "SELECT FROM concord.imported_logs WHERE slug = %s AND admitted_at IS NULL"
    if connection.execute(begun, (tenant.slug,)).rowcount:
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(tenant.schema)))
        connection.execute("DELETE FROM concord.imported_logs WHERE slug = %s AND admitted_at IS NULL", (tenant.slug,))


def admit(migrator_url: str, tenant: Tenant) -> None:
    """Let everybody see a tenant whose log was imported."""
    with migrating(migrator_url) as connection:
        connection.execute("UPDATE concord.imported_logs SET admitted_at = clock_timestamp() WHERE slug = %s", (tenant.slug,))
        values = (tenant.slug, tenant.simulated, len(TENANT_STEPS))
        connection.execute("INSERT INTO concord.tenants (slug, simulated, step) VALUES (%s, %s, %s)", values)


def list_tenants(url: str) -> list[Tenant]:
    """Every tenant, by slug. Raises NotMigrated on an empty database."""
    with psycopg.connect(url) as connection:
        try:
            return [tenant for tenant, _ in _tenants(connection)]
        except psycopg.errors.UndefinedTable as error:
            raise NotMigrated("the database is not set up; run `concord migrate`") from error


def _tenants(connection: Connection[Any]) -> list[tuple[Tenant, int]]:
    rows = connection.execute("SELECT slug, simulated, step FROM concord.tenants ORDER BY slug").fetchall()
    return [(Tenant(slug, simulated), step) for slug, simulated, step in rows]


def _upgrade(connection: Connection[Any], tenant: Tenant, step: int, login: str) -> None:
    if step > len(TENANT_STEPS):
        raise NotMigrated(f"tenant {tenant.slug!r} was written by a newer Concord; upgrade this one")
    _ensure_role(connection, tenant.role, "NOLOGIN")
    names = {name: sql.Identifier(value) for name, value in (("schema", tenant.schema), ("role", tenant.role), ("login", login))}
    _run(connection, "GRANT {role} TO {login} WITH INHERIT FALSE, SET TRUE", names)
    for file in TENANT_STEPS[step:]:
        _run(connection, _packaged(file), names)
    if step == 0:
        connection.execute(
            sql.SQL("INSERT INTO {}.head (id, simulated) VALUES (1, %s)").format(sql.Identifier(tenant.schema)), (tenant.simulated,)
        )
    _run(connection, _packaged("append.sql"), names)
    _run(connection, _RIGHTS, names)
    connection.execute("UPDATE concord.tenants SET step = %s WHERE slug = %s", (len(TENANT_STEPS), tenant.slug))


def _ensure_role(connection: Connection[Any], role: str, login: str) -> None:
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).rowcount == 0:
        try:
            with connection.transaction():
                connection.execute(sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(role), sql.SQL(login)))
        except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            return  # roles belong to the cluster: another database's migrator was faster


def _run(connection: Connection[Any], script: str, names: dict[str, sql.Identifier]) -> None:
    for name, identifier in names.items():
        script = script.replace("{" + name + "}", identifier.as_string(connection))
    connection.execute(script)


def _packaged(file: str) -> str:
    path = files("infra") / "sql" / file
    return path.read_text(encoding="utf-8") if path.is_file() else ""
