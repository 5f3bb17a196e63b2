"""Bringing a database to this version's shape: schemas and functions (infra), read models (projections), each tenant's beginning."""

from __future__ import annotations

from psycopg.conninfo import conninfo_to_dict

from api.operators import provide
from infra.database import Tenant
from infra.migrations import create_tenant, list_tenants, migrate, migrating
from infra.opening import Opened
from infra.settings import Settings
from projections.catalogue import read_models
from projections.schema import create_read_models


def _migrator(settings: Settings) -> str:
    url = settings.migrator_url or settings.database_url
    assert url is not None, "connect the settings first"
    return url


def _login(settings: Settings) -> str:
    return str(conninfo_to_dict(settings.database_url or "").get("user") or "concord_app")


def migrate_all(settings: Settings) -> tuple[list[Tenant], dict[str, list[str]]]:
    """Upgrade everything; repeatable. Returns the tenants, and by slug the read models whose stored layout asks for a rebuild."""
    tenants = migrate(_migrator(settings), _login(settings))
    return tenants, {t.slug: names for t in tenants if (names := build_read_models(settings, t))}


def make_tenant(settings: Settings, slug: str, *, simulated: bool = False) -> Tenant:
    """Create a tenant's schema and read models; repeatable. Raises ValueError on a bad or differently used slug."""
    tenant = create_tenant(_migrator(settings), slug, simulated=simulated, login=_login(settings))
    build_read_models(settings, tenant)
    return tenant


def build_read_models(settings: Settings, tenant: Tenant) -> list[str]:
    """Make the tables of a tenant's read models that are missing; the names of those whose stored layout asks for a rebuild."""
    with migrating(_migrator(settings)) as connection, connection.cursor() as cursor:
        return create_read_models(cursor, tenant, read_models())


async def tenant_of(process: Opened, slug: str) -> Tenant:
    """The tenant of that name. Raises LookupError, naming those there are."""
    assert process.settings.database_url is not None
    tenants = {tenant.slug: tenant for tenant in list_tenants(process.settings.database_url)}
    if slug not in tenants:
        raise LookupError(f"There is no tenant {slug}; there are {', '.join(tenants) or 'none yet: concord tenant create NAME'}.")
    return tenants[slug]


__all__ = ["build_read_models", "make_tenant", "migrate_all", "provide", "tenant_of"]
