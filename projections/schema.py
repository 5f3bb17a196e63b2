"""The tables of all read models in a tenant's schema, made by whoever migrates; infra knows nothing of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from psycopg import Cursor, sql

from infra.database import Tenant
from projections.projection import Projection
from projections.tables import Table


def create_read_models(cursor: Cursor[Any], tenant: Tenant, projections: Iterable[Projection]) -> list[str]:
    """Create what is missing, grant the tenant's role its rights, and start tracking. Repeatable; runs as the migrator.

    Returns the names of read models whose stored layout is not this code's: rebuild those.
    """
    cursor.execute("SELECT set_config('search_path', %s, true)", (tenant.schema,))
    outdated = []
    for projection in projections:
        for table in projection.tables:
            found = fingerprint(cursor, table)
            if found is None:
                for statement in (*table.create(), *table.create_indexes()):
                    cursor.execute(statement)
                seal(cursor, tenant, table)
            elif found != table.fingerprint():
                outdated.append(projection.name)
        cursor.execute("INSERT INTO tracking (name) VALUES (%s) ON CONFLICT DO NOTHING", (projection.name,))
    return list(dict.fromkeys(outdated))


def seal(cursor: Cursor[Any], tenant: Tenant, table: Table, suffix: str = "") -> None:
    """Rights for the tenant's role, and the layout's fingerprint as a comment."""
    for statement in sealing(tenant, table, suffix):
        cursor.execute(statement)


def sealing(tenant: Tenant, table: Table, suffix: str = "") -> list[sql.Composed]:
    """The statements of `seal`."""
    names = [sql.Identifier(name + suffix) for name in (table.name, table.past)]
    return [
        *(sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {}").format(name, sql.Identifier(tenant.role)) for name in names),
        sql.SQL("COMMENT ON TABLE {} IS {}").format(names[0], sql.Literal(table.fingerprint())),
    ]


def fingerprint(cursor: Cursor[Any], table: Table) -> str | None:
    """The layout that the stored table was made with; None if there is no such table."""
    cursor.execute(
        "SELECT coalesce(obj_description(to_regclass(%s), 'pg_class'), '') WHERE to_regclass(%s) IS NOT NULL", (table.name, table.name)
    )
    row = cursor.fetchone()
    return str(row[0]) if row else None
