"""Rotations of keys are told in the log: who, when, which key, and never the key; what could not be told at once is told later."""

from __future__ import annotations

from datetime import UTC, datetime

from api.operators import OPERATOR_MEMBER, operator_key
from api.rotations import tell_rotations
from domain.encryption_keys import ENCRYPTION_KEYS
from domain.kernel import SYSTEM, Role
from infra.identity import Identity
from infra.opening import opened
from infra.proofs import standing
from tests.api.conftest import World, ok


async def test_an_auditor_reads_which_keys_were_rotated_by_whom_and_when(reading: World):
    began = datetime.now(UTC)
    async with opened(reading.settings) as process:
        acme, other = reading.acme.tenant, reading.other.tenant
        # as a process that was cut off before the log could say so
        process.keys.rotate_tenant(acme.slug)
        process.keys.rotate_root()
        await operator_key(process.store, Identity(process.database), acme)
        assert await tell_rotations(process, [acme, other]) == 3
        assert await tell_rotations(process, [acme, other]) == 0, "once"
        told = await process.store.history(acme, ENCRYPTION_KEYS)
        assert [(event.event.kind, event.actor) for event in told] == [("tenant", OPERATOR_MEMBER), ("root", OPERATOR_MEMBER)]
        assert all(began <= event.effective_at <= event.recorded_at for event in told)
        assert [event.actor for event in await process.store.history(other, ENCRYPTION_KEYS)] == [SYSTEM.id], "no operator is known there"
    async with reading.client(Role.AUDITOR) as client:
        found = ok(await client.get("/v1/audit/events", params={"noun": "encryption_key", "at_least": told[-1].position}))
    root, tenant = (item["sentence"] for item in found["items"])
    assert "number 2 is in use" in tenant
    assert f"known as {told[1].event.key} is in use" in root
    assert {item["actor_name"] for item in found["items"]} == {"Operator"}


async def test_a_log_whose_past_is_still_being_told_says_so_later(world: World):
    async with opened(world.settings) as process:
        acme = world.acme.tenant
        process.keys.rotate_tenant(acme.slug)
        async with process.database.tenant(acme) as cursor:
            await cursor.execute("INSERT INTO tracking (name, position) VALUES ('past', %s)", (standing.BEYOND,))
        assert await tell_rotations(process, [acme]) == 0
        async with process.database.tenant(acme) as cursor:
            await cursor.execute("DELETE FROM tracking WHERE name = 'past'")
        assert await tell_rotations(process, [acme]) == 1
