"""What lies beside the log and names people: sign-ins in the identity schema, letters and requests to sign in files."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

from infra.database import Database, Tenant
from infra.settings import Settings

SIGN_IN_TABLES = ("memberships", "api_keys", "sessions", "passwords", "sign_in_names", "principals")
"""Of the identity schema; rewritten after a removal, so that no deleted row stays in their files."""


async def remove_sign_ins(database: Database, tenant: Tenant, members: Sequence[UUID]) -> int:
    """End the members' sign-ins; how many. Who belongs to no other tenant loses name, password and principal, too."""
    async with database.connection() as connection, connection.transaction():
        gone = await connection.execute(
            "DELETE FROM identity.memberships WHERE tenant = %s AND member = ANY (%s) RETURNING principal", (tenant.slug, list(members))
        )
        principals = [row[0] for row in await gone.fetchall()]
        for table in ("api_keys", "sessions"):
            await connection.execute(
                f"DELETE FROM identity.{table} WHERE tenant = %s AND principal = ANY (%s)".encode(), (tenant.slug, principals)
            )
        await connection.execute(
            "DELETE FROM identity.principals AS p WHERE id = ANY (%s) "
            "AND NOT EXISTS (SELECT FROM identity.memberships AS m WHERE m.principal = p.id)",
            (principals,),
        )
    return len(principals)


def remove_files(settings: Settings, tenant: Tenant, letters: Iterable[UUID], papers: Iterable[UUID]) -> int:
    """Remove letters that became files, and what went through the folder of the provider of signatures; how many there were."""
    places = [settings.mail_folder / tenant.slug / f"{letter}.{ending}" for letter in letters for ending in ("eml", "part")]
    places += [settings.signing_folder / box / tenant.slug / str(paper) for paper in papers for box in ("outbox", "inbox")]
    return sum(map(_removed, places))


def _removed(place: Path) -> bool:
    if place.is_dir():
        shutil.rmtree(place)
        return True
    there = place.exists()
    place.unlink(missing_ok=True)
    return there
