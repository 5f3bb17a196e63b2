"""The access log's retention at the command line: said, carried out, told, and a copy that proves itself afterwards."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import psycopg

from api.cli.outcomes import Exit
from infra.access_days import COLUMNS, seal_days
from infra.access_retention import remove_days
from infra.database import Tenant
from infra.embedded.services import connected
from infra.opening import opened
from infra.settings import Settings
from tests.cli.conftest import Concord

KEPT = Tenant("kept")
AT = ("--tenant", KEPT.slug)
NOW = datetime.now(UTC)
OLD = NOW.date() - timedelta(days=400)


def tamper(settings: Settings, statement: str, *values: object) -> None:
    with psycopg.connect(settings.migrator_url or "", autocommit=True) as connection:
        connection.execute(statement, values)


def write(settings: Settings) -> None:
    row = (datetime.combine(OLD, time(9), UTC), "read", "read_deal", None, None, None, "10.0.0.1", "a thing", 200, None, 1)
    tamper(settings, f"INSERT INTO t_kept.access_log ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(row))})", *row)


async def sweep(settings: Settings) -> tuple[int, int]:
    """What the daily sweep does, as of the day after the old one, and as of today."""
    async with opened(settings) as process:
        sealed = await seal_days(process.database, process.store, KEPT, datetime.combine(OLD + timedelta(days=1), time(12), UTC))
        return sealed, await remove_days(process.database, process.store, KEPT, NOW)


def test_the_retention_is_said_carried_out_and_told_and_a_copy_proves_itself_afterwards(concord: Concord, tmp_path: Path):
    concord("tenant", "create", KEPT.slug)
    settings = connected(Settings(home=concord.home))
    assert "No day" in concord("audit", "access-days", *AT).out
    tamper(settings, "CREATE TABLE t_kept.access_log_rest PARTITION OF t_kept.access_log DEFAULT")
    write(settings)
    assert asyncio.run(sweep(settings)) == (1, 0)

    copy = tmp_path / "day.json"
    assert "1 rows" in concord("audit", "access-export", str(OLD), "--out", str(copy), *AT).out
    assert "365" in concord("settings", "access-log", "--keep-days", "30", *AT, code=Exit.REFUSED).err
    assert "--for-ever" in concord("settings", "access-log", "--keep-days", "366", "--for-ever", *AT, code=Exit.USAGE).err
    assert "kept for ever" in concord("settings", "access-log", *AT).out
    assert "kept for 1,095 days" in concord("settings", "access-log", "--keep-days", "1095", *AT).out
    assert concord("settings", "access-log", "--json", *AT).json == {"access_keep_days": 1095}
    assert "kept for 366 days" in concord("settings", "access-log", "--keep-days", "366", *AT).out
    assert "Nothing changed" in concord("settings", "access-log", "--keep-days", "366", *AT).out
    assert "366 days" in concord("settings", "show", *AT).out
    assert asyncio.run(sweep(settings)) == (0, 1)

    gone = f"Entries before {OLD + timedelta(days=1)} were removed under the retention of 366 days"
    said = " ".join(concord("audit", "access", "--from", "2000-01-01", "--to", str(OLD), *AT).out.split())
    assert gone in said
    assert "Nothing of the kind" in said
    assert "removed under the retention" not in concord("audit", "access", "--from", "today", *AT).out
    assert str(OLD) in concord("audit", "search", "--event", "access_day.removed", *AT).out
    assert "kept 366 days" in " ".join(concord("audit", "access-days", *AT).out.split())
    assert "were removed on" in concord("audit", "access-export", str(OLD), "--out", str(copy), *AT, code=Exit.REFUSED).err

    proven = " ".join(concord("audit", "access-verify", str(copy), *AT).out.split())
    assert "as they were sealed" in proven
    assert "they were removed on" in proven
    root = concord("audit", "access-verify", str(copy), "--json", *AT).json["root"]
    assert "all of them" in concord("audit", "access-verify", str(copy), "--root", root).out
    copy.write_text(copy.read_text().replace('"status": 200', '"status": 403'))
    assert "not what was sealed" in concord("audit", "access-verify", str(copy), *AT, code=Exit.REFUSED).err

    assert "removed under the retention, each told by an event: 1" in concord("audit", "verify-log", *AT).out
    write(settings)
    tamper(settings, "UPDATE t_kept.access_log SET status = 403 WHERE at < %s", NOW - timedelta(days=9))
    assert f"access log of {OLD}" in concord("audit", "verify-log", *AT, code=Exit.REFUSED).err
    tamper(settings, "DELETE FROM t_kept.access_log WHERE at < %s", NOW - timedelta(days=9))
    assert concord("audit", "verify-log", "--json", *AT).json["access_days"]["removed"] == [str(OLD)]
    assert "for ever" in concord("settings", "access-log", "--for-ever", *AT).out
