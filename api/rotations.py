"""Rotations of keys, told in each tenant's log by whom and when: at once where the database answers, else when Concord is started."""

from __future__ import annotations

from collections.abc import Iterable

from api.operators import operator_of
from domain.encryption_keys import ENCRYPTION_KEYS, KeyKind, RecordKeyRotation, encryption_keys
from infra.database import Tenant
from infra.opening import Opened
from infra.proofs.standing import held


async def tell_rotations(process: Opened, tenants: Iterable[Tenant]) -> int:
    """Record what the logs do not say yet; of how many rotations. Repeatable. A tenant whose past is still being told has to wait.

    Raises StoreUnavailable, KeysUnavailable.
    """
    count = 0
    for tenant in tenants:
        async with process.database.tenant(tenant, read_only=True) as cursor:
            if await held(cursor):
                continue
        for rotation in process.keys.untold(tenant.slug):
            command = RecordKeyRotation(kind=KeyKind(rotation.kind), key=rotation.key)
            by = await operator_of(process.store, tenant)
            await process.store.execute(tenant, encryption_keys, ENCRYPTION_KEYS, command, by=by, effective_at=rotation.at)
            process.keys.told(rotation)
            count += 1
    return count
