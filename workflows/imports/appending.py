"""Chunks of decided rows into the log: one append each, whole or not at all. What others changed meanwhile is decided anew, row by row."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from domain.kernel import Actor, Refused
from infra.database import Tenant
from infra.event_store import Store
from infra.event_store.envelope import Meta
from infra.event_store.requests import Append, Outcome, StoredRow
from workflows.imports.deciding import Work, outcome_of


@dataclass(slots=True)
class Appending:
    """Appends the works of one run, and knows the first and last position it wrote."""

    store: Store
    tenant: Tenant
    by: Actor
    run: UUID
    events: int = 0
    first: int | None = None
    last: int | None = None

    async def append(self, works: Sequence[Work]) -> None:
        """Store what was decided. A row that cannot be stored becomes a rejected one. Raises StoreUnavailable."""
        changing = [w for w in works if w.decided]
        if not changing:
            return
        # the id names exactly these rows: when it is known, they are stored, and in any other selection they have another id
        command_id = uuid5(self.run, "\x1f".join(f"{w.record.kind} {w.record.id}" for w in changing))
        await self._obtain_keys(changing)
        meta = Meta(self.by.id, command_id, self.run, self.by.on_behalf_of, None).encode()
        encode, slug = self.store.codec.encode, self.tenant.slug
        rows = [
            StoredRow(stream, version, event.topic, meta, encode(slug, stream, version, event), effective_at)
            for work in changing
            for stream, version, event, effective_at in work.decided
        ]
        # deals that read alike share theirs
        distinct = {id(work.guards): work.guards for work in changing}.values()
        guards = {stream: version for read in distinct for stream, version in read.items()}
        append = Append(command_id, rows, None, list(guards.items()))
        if not append.written.isdisjoint(append.guarded):
            append = Append(command_id, rows, None, [(s, v) for s, v in guards.items() if s.int not in append.written])
        done = await self.store.append(self.tenant, append)
        if done.outcome in (Outcome.STORED, Outcome.REPEATED):
            self.note(done.first, done.last, len(rows))
        else:
            await self._one_by_one(changing)

    async def _one_by_one(self, works: Sequence[Work]) -> None:
        for work in works:
            command_id = uuid5(self.run, f"alone {work.record.kind} {work.record.id}")
            try:
                done = await self.store.execute_steps(self.tenant, work.steps, by=self.by, command_id=command_id, correlation_id=self.run)
            except Refused as refusal:
                work.outcome, work.reason = "rejected", f"{refusal.rule}: {refusal.detail}"
            else:
                self.note(done.first, done.last, len(done.events))
                # it was decided anew, on what others had made of it meanwhile
                there = not any(event.topic.endswith(".imported") for event in done.events)
                work.outcome, work.reason = outcome_of(done.events, there=there)

    async def _obtain_keys(self, works: Sequence[Work]) -> None:
        """Keys of persons are durable before the events that use them."""
        codec, slug = self.store.codec, self.tenant.slug
        persons = {codec.subject(stream, event) for w in works for stream, _, event, _ in w.decided if type(event).personal}
        if missing := [p for p in persons if not codec.has_key(slug, p)]:
            await asyncio.to_thread(codec.obtain, slug, missing)

    def note(self, first: int | None, last: int | None, count: int) -> None:
        """That so many events were stored, and where."""
        self.events += count
        if first is not None and last is not None:
            self.first = first if self.first is None else min(self.first, first)
            self.last = last if self.last is None else max(self.last, last)
