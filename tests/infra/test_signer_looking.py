"""Of what was signed the newest is compared with the log each time, whichever part of the rest comes next."""

from __future__ import annotations

import pytest

from infra.keys import Keys
from infra.proofs.signer import LOOKED_AGAIN, Contradicted
from infra.settings import Settings
from tests.infra.signing import SignedLog


async def test_the_newest_event_that_was_altered_is_found_by_the_next_signature(store, database, tenant, database_url, tmp_path):
    keys = Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
    log = SignedLog(store, database, tenant, keys, Settings(home=tmp_path), database_url)
    await log.write(LOOKED_AGAIN + 100)
    signed = await log.sign()
    # the part that is looked at next ends before it
    log.follower.signer(tenant)._again = 0
    log.alter("UPDATE events SET state = '{}' WHERE position = %s", signed.size)
    await log.write(1)
    with pytest.raises(Contradicted) as found:
        await log.sign()
    assert found.value.position == signed.size
    keys.close()
