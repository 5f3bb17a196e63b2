"""What the doctor tells of every log: each position that differs, at once, and what the signer found where a log is too large for that."""

from __future__ import annotations

import psycopg
import pytest

from infra.keys import Keys
from infra.proofs.examining import Trouble, troubles
from infra.proofs.follower import Pace
from infra.settings import Settings
from tests.infra.signing import SignedLog


@pytest.fixture
def log(store, database, tenant, database_url, tmp_path):
    keys = Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
    yield SignedLog(store, database, tenant, keys, Settings(home=tmp_path, proofs_origin="concord.example/proofs"), database_url)
    keys.close()


def told(log, **how):
    with psycopg.connect(log.url, autocommit=True) as connection:
        return list(troubles(connection, [log.tenant], log.settings.proofs_folder, **how))


async def test_every_position_that_differs_is_told_before_the_signer_has_looked(log):
    await log.write(3)
    assert told(log) == []
    await log.write(20)
    await log.sign()
    assert told(log) == []
    log.alter("UPDATE events SET state = '{}' WHERE position IN (3, 7, 8, 9)")
    log.alter("DELETE FROM events WHERE position = 14")
    assert told(log) == [Trouble(altered=True, said="acme: positions 3, 7-9 and 14 differ from what was signed")]


async def test_of_a_log_that_is_too_large_to_be_compared_at_once_it_is_told_what_its_signer_found(log):
    await log.write(20)
    await log.sign()
    log.alter("UPDATE events SET state = '{}' WHERE position IN (3, 5)")
    assert told(log, at_most=20) == []
    await log.follower._attempt(log.tenant, 21, Pace())
    assert told(log, at_most=20) == [
        Trouble(altered=True, said="acme: the events at positions 3 and 5 are not those that were signed"),
    ]


async def test_damaged_tiles_are_told_and_accuse_nobody(log):
    await log.write(20)
    await log.sign()
    tile = next(file for file in (log.published.folder / "tile/0").rglob("*") if file.is_file())
    tile.write_bytes(bytes(7))
    (found,) = told(log)
    assert not found.altered
    assert found.said.startswith("acme: what is published cannot be compared, because ")
