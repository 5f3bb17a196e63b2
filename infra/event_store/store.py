"""The store: load, decide, append. Deciding runs outside the transaction; the append checks that what was read still holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from domain.kernel import Actor, Command, Decider, Event, Refused
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store import snapshots
from infra.event_store.committers import LoopCommitter
from infra.event_store.envelope import encode_meta
from infra.event_store.loader import GroupLoader
from infra.event_store.log import Log
from infra.event_store.requests import Append, KeyReused, Outcome, StoredRow, VersionConflict
from infra.event_store.states import Loaded, States
from infra.event_store.unreadable import decoded
from infra.event_store.wakes import Wakes
from infra.event_store.work import Step, Work
from infra.ids import uuid7

DECISIONS = 5
"""How often a command is decided anew after somebody else moved what it had read."""


class Executed(NamedTuple):
    """What a command did. `first` and `last` are positions, None when it changed nothing.

    `version` is the stream's version after it; `repeated`: the command id was known, and this is its first outcome.
    """

    stream: UUID
    version: int
    first: int | None
    last: int | None
    events: tuple[Event, ...] = ()
    repeated: bool = False


class Store(Log):
    """One per process, for all tenants; belongs to the event loop that first uses it."""

    def __init__(
        self,
        database: Database,
        codec: Codec,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], UUID] = uuid7,
    ) -> None:
        """`clock` and `new_id` are what decisions see as time and chance; a simulation brings its own."""
        super().__init__(database, codec)
        self.wakes = Wakes(database)
        self.new_id = new_id
        self._clock = clock
        self._states = States()
        codec.on_forgotten(self._states.clear)
        self._committers: dict[str, LoopCommitter] = {}
        self._loaders: dict[str, GroupLoader] = {}

    def execute(
        self,
        tenant: Tenant,
        decider: Decider[Any],
        stream: UUID,
        command: Command,
        *,
        by: Actor,
        expected_version: int | None = None,
        effective_at: datetime | None = None,
        **envelope: Any,
    ) -> Coroutine[Any, Any, Executed]:
        """Carry out one command; see `execute_steps` for `envelope` and what is raised.

        `expected_version` is the caller's If-Match: StaleVersion if the stream is elsewhere. 0 says that the stream must be
        new, and saves loading it.
        """
        return self.execute_steps(
            tenant, (Step(decider, stream, command, effective_at),), by=by, expected_version=expected_version, **envelope
        )

    async def execute_steps(
        self,
        tenant: Tenant,
        steps: Sequence[Step],
        *,
        by: Actor,
        command_id: UUID | None = None,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
        fingerprint: bytes | None = None,
        expected_version: int | None = None,
        recorded_at: datetime | None = None,
    ) -> Executed:
        """Carry out several commands as one unit of work, each seeing the events of those before it.

        `command_id` makes it safe to repeat: a known id returns the first outcome, whatever the state has become since.
        Without a `correlation_id` an event gets that of the chain that its decider says it is a part of, else the command's id.
        Raises Refused (a rule), StaleVersion, KeyReused, VersionConflict after five tries, or StoreUnavailable.
        """
        known_id = command_id is not None
        command_id = command_id or uuid7()

        def meta(chain: UUID | None) -> bytes:
            return encode_meta(by.id, command_id, correlation_id or chain or command_id, by.on_behalf_of, causation_id)

        load = partial(self.load, tenant)
        self._codec.refresh()
        for attempt in range(DECISIONS):
            work = Work(tenant.slug, self._states, load, by, recorded_at or self._clock(), self.new_id, fresh=attempt > 0)
            try:
                if expected_version is not None:
                    await work.expect(steps[0], expected_version)
                for step in steps:
                    await work.decide(step)
            except Refused as refusal:
                # a retry must hear what its first try did, not what the state it made would say to it now
                if known_id and (first := await self._earlier(tenant, steps[0].stream, command_id, fingerprint)):
                    return first
                if work.trusted_cache and not isinstance(refusal, KeyReused):
                    continue  # the cached states may have been overtaken: ask again with fresh ones
                raise
            append = await self._submit(tenant, work, command_id, fingerprint, meta, recorded_at)
            match append.outcome:
                case Outcome.STORED:
                    work.keep()
                    own = steps[0].stream
                    return Executed(own, work.version(own), append.first, append.last, tuple([d.event for d in work.decided]))
                case Outcome.REPEATED | Outcome.REUSED:
                    first = await self._earlier(tenant, steps[0].stream, command_id, fingerprint)
                    assert first is not None
                    return first
                case Outcome.CONFLICT:
                    continue
        raise VersionConflict("others are changing the same thing at this moment; try again", attempts=DECISIONS)

    async def load(self, tenant: Tenant, decider: Decider[Any], stream: UUID, *, fresh: bool = True) -> Loaded:
        """A stream's state and version. `fresh=False` may answer from the cache, a moment behind other processes. Raises Unreadable."""
        self._codec.refresh()
        epoch = self._states.epoch
        known = self._states.get(tenant.slug, decider.name, stream)
        if known is not None and not fresh:
            return known
        loader = self._loader(tenant)
        rows = await loader.load(stream, known.version if known else 0)
        if (known is None or not known.version) and len(rows) >= loader.limit:
            # a long stream: from its snapshot, if there is one, and the rest in pages
            known = await snapshots.newest(self._database, tenant, decider, stream)
            rows = rows if known is None else await loader.load(stream, known.version)
        loaded, folded = known or Loaded(decider.initial, 0), 0
        while rows:
            state = loaded.state
            for version, topic, raw in rows:
                state = decider.evolve(state, decoded(self._codec, tenant.slug, stream, version, topic, raw))
            loaded, folded = Loaded(state, rows[-1][0]), folded + len(rows)
            rows = await loader.load(stream, loaded.version) if len(rows) >= loader.limit else []
        if folded:
            self._states.put(tenant.slug, decider.name, stream, loaded, epoch)
        if folded > snapshots.EVERY:
            await snapshots.keep(self._database, tenant, decider, stream, loaded)
        return loaded

    def append(self, tenant: Tenant, append: Append) -> Coroutine[Any, Any, Append]:
        """Append rows that are ready; the hot path below `execute`, for imports and the library's recorder."""
        committer = self._committers.get(tenant.slug)
        if committer is None:
            committer = self._committers[tenant.slug] = LoopCommitter(self._database, tenant, lambda: self.wakes.committed(tenant.slug))
        return committer.append(append)

    async def close(self) -> None:
        for committer in self._committers.values():
            await committer.close()
        await self.wakes.close()

    def _loader(self, tenant: Tenant) -> GroupLoader:
        loader = self._loaders.get(tenant.slug)
        if loader is None:
            loader = self._loaders[tenant.slug] = GroupLoader(self._database, tenant)
        return loader

    async def _submit(
        self,
        tenant: Tenant,
        work: Work,
        command_id: UUID,
        fingerprint: bytes | None,
        meta: Callable[[UUID | None], bytes],
        recorded_at: datetime | None,
    ) -> Append:
        slug, codec = tenant.slug, self._codec
        sealed = [codec.subject(stream, event) for stream, _, event, *_ in work.decided if event.personal]
        if sealed and (missing := [subject for subject in sealed if not codec.has_key(slug, subject)]):
            await asyncio.to_thread(codec.obtain, slug, missing)
        metas = {chain: meta(chain) for chain in {decided.chain for decided in work.decided}}
        rows = [
            StoredRow(stream, version, event.topic, metas[chain], codec.encode(slug, stream, version, event), effective_at)
            for stream, version, event, effective_at, chain in work.decided
        ]
        return await self.append(tenant, Append(command_id, rows, fingerprint, work.guards(), recorded_at))

    async def _earlier(self, tenant: Tenant, stream: UUID, command_id: UUID, fingerprint: bytes | None) -> Executed | None:
        """The outcome of a command that was carried out before. Raises KeyReused where the id was for something else."""
        found = await self._fetch(tenant, "SELECT fingerprint, first, last FROM {}.commands WHERE id = %s", (command_id,))
        if not found:
            return None
        stored, first, last = found[0]
        if stored != fingerprint:
            raise KeyReused("this key was used for another request; send a new one for a new intention")
        if first is None:
            newest = await self._fetch(tenant, "SELECT coalesce(max(version), 0) FROM {}.events WHERE stream = %s", (stream,))
            return Executed(stream, newest[0][0], None, None, repeated=True)
        events = [self.decode(tenant, row) for row in await self.between(tenant, first, last)]
        own = stream if any(e.originator_id == stream for e in events) else events[0].originator_id
        version = max(e.originator_version for e in events if e.originator_id == own)
        return Executed(own, version, first, last, tuple(e.event for e in events), repeated=True)
