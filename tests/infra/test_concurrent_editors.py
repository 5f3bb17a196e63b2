"""P6: eight clients who send the version they read never overwrite each other, whichever process they talk to.

Linearizable per aggregate: every accepted write stands in the log right after the version its writer had read, every refused one
had been overtaken, and nobody reads a version older than what that client was told before.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from domain.kernel import SYSTEM
from infra.codec import Codec
from infra.database import Database
from infra.event_store import StaleVersion, Store
from infra.ids import uuid7
from tests.counter import CounterRaised, Raise, counters

CLIENTS, ROUNDS, HISTORIES = 8, 32, 8  # 8 clients in 32 rounds of 8 histories: about 2,000 steps
CHOICES = st.lists(
    st.lists(st.tuples(st.integers(0, CLIENTS - 1), st.integers(0, 1), st.booleans()), min_size=CLIENTS, max_size=CLIENTS),
    min_size=ROUNDS,
    max_size=ROUNDS,
)


class Editors:
    """What each client believes, and what each was answered."""

    def __init__(self, stores: list[Store], tenant) -> None:
        self.stores, self.tenant = stores, tenant
        self.things: list[UUID] = [uuid7(), uuid7()]
        self.believed: dict[tuple[int, UUID], int] = {}
        self.accepted: dict[tuple[UUID, int], int] = {}
        self.marks = 0

    async def step(self, client: int, thing: UUID, *, write: bool) -> None:
        store = self.stores[client % len(self.stores)]
        if not write or (client, thing) not in self.believed:
            seen = (await store.load(self.tenant, counters, thing)).version
            assert seen >= self.believed.get((client, thing), 0)
            self.believed[client, thing] = seen
            return
        version = self.believed[client, thing]
        self.marks += 1
        mark = -self.marks
        try:
            done = await store.execute(self.tenant, counters, thing, Raise(by=mark), by=SYSTEM, expected_version=version)
        except StaleVersion as refused:
            self.believed[client, thing] = refused.data["current"]
            if refused.data["current"] <= version:
                raise AssertionError("refused, though nobody was faster") from refused
            return
        assert done.version == version + 1
        assert (thing, done.version) not in self.accepted
        self.accepted[thing, done.version] = mark
        self.believed[client, thing] = done.version


@pytest.mark.parametrize("processes", [1, 2])
def test_eight_editors_never_overwrite_each_other(login_url, tenant, processes):
    @settings(max_examples=HISTORIES, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(CHOICES)
    def check(rounds):
        asyncio.run(_history(login_url, tenant, processes, rounds))

    check()


async def _history(login_url, tenant, processes, rounds):
    database = await Database.open(login_url)
    editors = Editors([Store(database, Codec()) for _ in range(processes)], tenant)
    for steps in rounds:
        # one step of each client at a time; those of different clients at once
        chosen = {client: (editors.things[thing], write) for client, thing, write in steps}
        await asyncio.gather(*(editors.step(client, thing, write=write) for client, (thing, write) in chosen.items()))
    for thing in editors.things:
        log = [(r.originator_version, r.event) for r in await editors.stores[0].history(tenant, thing)]
        assert log == [(v, CounterRaised(by=editors.accepted[thing, v])) for v in range(1, len(log) + 1)]
        assert len(log) == sum(t == thing for t, _ in editors.accepted)
    for store in editors.stores:
        await store.close()
    await database.close()
