"""Waking many workflows side by side: some at a time, and the trouble of one does not hold up the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import UUID

from temporalio.service import RPCError

from infra.database import Tenant
from workflows.pace import Pace
from workflows.tails import Fact, together

_log = logging.getLogger("concord.workflows")


class Waking:
    """Wakes the workflows of a noun, `at_once` of them at the same time, at a `pace` where there is one."""

    def __init__(self, noun: str, at_once: int, pace: Pace | None = None) -> None:
        self._noun = noun
        self._limit = asyncio.Semaphore(at_once)
        self._pace = pace

    async def each(self, tenant: Tenant, facts: Iterable[Fact], wake: Callable[[Tenant, Fact], Awaitable[None]]) -> None:
        """See to all of the facts, then raise the first error, such as TemporalUnavailable; what the server refuses is logged."""
        await together(self._one(tenant, fact, wake) for fact in facts)

    async def _one(self, tenant: Tenant, fact: Fact, wake: Callable[[Tenant, Fact], Awaitable[None]]) -> None:
        async with self._limit:
            if self._pace is not None:
                await self._pace()
            try:
                await wake(tenant, fact)
            except RPCError as error:
                # `concord workflows reconcile` asks again
                _log.error("the workflow of %s %s of tenant %s could not be woken: %s", self._noun, fact.stream, tenant.slug, error)


def latest(facts: Sequence[Fact]) -> dict[UUID, Fact]:
    """The last fact of each stream, by stream."""
    return {fact.stream: fact for fact in facts}
