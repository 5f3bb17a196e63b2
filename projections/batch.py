"""A stretch of the log, decoded once for all read models of a tenant, with its late facts found.

An event counts from its effective_at, but no sooner than its stream began and no later than it was recorded. A late fact
counts from before another event of its stream that was recorded earlier: it makes its stream be told again in the order in
which things were so. Facts of the past that are recorded in rising order (imports) are not late.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.kernel import Event
from infra.codec import Codec, UndecodableEvent
from infra.database import Tenant
from infra.event_store.envelope import Meta
from infra.event_store.loader import COLUMNS, Row
from projections.writing import Cursor


class Entry:
    """An event as handlers see it. It costs less to make than a `Recorded`: who caused it is decoded only when asked for."""

    __slots__ = ("effective_at", "event", "meta", "position", "recorded_at", "stream", "version")

    def __init__(
        self, position: int, stream: UUID, version: int, event: Event, meta: bytes, recorded_at: datetime, effective_at: datetime
    ) -> None:
        self.position, self.stream, self.version, self.event = position, stream, version, event
        self.meta, self.recorded_at, self.effective_at = meta, recorded_at, effective_at

    @property
    def actor(self) -> UUID:
        """Who acted."""
        return Meta.decode(self.meta).actor


Counted = tuple[datetime, Entry]
"""Since when an event counts, and the event."""


@dataclass(slots=True)
class Batch:
    """Events in order. `last`: the position it reaches; `size`: how many rows of the log were fetched for it."""

    events: list[Entry]
    last: int
    size: int
    since: dict[int, datetime] = field(default_factory=dict)
    """For positions of backdated events: since when they count. All others count since they were recorded."""
    retold: dict[int, list[Counted]] = field(default_factory=dict)
    """For positions of late facts: the stream's events up to there as they were so."""
    undecodable: dict[int, tuple[str, UndecodableEvent]] = field(default_factory=dict)
    """By position: the topic, and why."""

    def streams(self, topics: Collection[str]) -> list[UUID]:
        """The streams that had events before this batch and have one of these topics in it."""
        begun = {e.stream for e in self.events if e.version == 1}
        return list({e.stream for e in self.events if e.event.topic in topics and e.stream not in begun})


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is read at once: up to `limit` events, of every stream or of one `share` (number, of how many), up to a position.

    `sparse`: events of other topics are not fetched, and do not count towards the limit.
    """

    limit: int
    upto: int = 2**62
    share: tuple[int, int] | None = None
    sparse: bool = False


async def read(cursor: Cursor, codec: Codec, tenant: Tenant, after: int, stretch: Stretch, topics: Collection[str]) -> Batch:
    """The stretch after a position. Only `topics` are decoded; others merely move the position on."""
    share = "" if stretch.share is None else f" AND get_byte(uuid_send(stream), 15) %% {stretch.share[1]} = {stretch.share[0]}"
    among, wanted = (" AND topic = ANY (%s)", [list(topics)]) if stretch.sparse else ("", [])
    await cursor.execute(
        f"SELECT {COLUMNS} FROM events WHERE position > %s AND position <= %s{share}{among} ORDER BY position LIMIT %s",
        (after, stretch.upto, *wanted, stretch.limit),
        prepare=True,
    )
    rows: list[Row] = await cursor.fetchall()
    batch = Batch([], rows[-1][0] if rows else after, len(rows))
    decode, slug = codec.decode, tenant.slug
    for position, stream, version, topic, meta, state, recorded_at, effective_at in rows:
        if topic in topics:
            try:
                event = decode(slug, stream, version, topic, state)
            except UndecodableEvent as error:
                batch.undecodable[position] = (topic, error)
            else:
                batch.events.append(Entry(position, stream, version, event, meta, recorded_at, effective_at))
    if backdated := {stream for _, stream, _, _, _, _, recorded_at, effective_at in rows if effective_at < recorded_at}:
        if stretch.sparse:
            # whether a fact is late is judged among all events of its stream
            await cursor.execute(
                f"SELECT {COLUMNS} FROM events WHERE stream = ANY (%b) AND position > %s AND position <= %s ORDER BY position",
                (list(backdated), after, batch.last),
                prepare=True,
            )
            rows = await cursor.fetchall()
        await _find_late(cursor, codec, tenant, after, batch, [row for row in rows if row[1] in backdated], topics)
    return batch


def in_effective_order(events: Sequence[Entry]) -> list[Counted]:
    """One stream's events, from its first on, as they were so."""
    began = min(events, key=lambda e: e.position)
    start = min(began.effective_at, began.recorded_at)
    return sorted(((max(start, min(e.effective_at, e.recorded_at)), e) for e in events), key=lambda c: (c[0], c[1].position))


async def _find_late(
    cursor: Cursor, codec: Codec, tenant: Tenant, after: int, batch: Batch, rows: Sequence[Row], topics: Collection[str]
) -> None:
    """Count the events of streams with backdated ones in this batch, and tell again those with late ones. `rows`: theirs."""
    first, latest = await _times(cursor, after, {row[1] for row in rows})
    late: dict[UUID, list[int]] = {}
    for position, stream, _, _, _, _, recorded_at, effective_at in rows:
        at = min(effective_at, recorded_at)
        since = batch.since[position] = max(at, first.setdefault(stream, at))
        if since < latest.setdefault(stream, since):
            late.setdefault(stream, []).append(position)
        latest[stream] = max(latest[stream], since)
    before = await _before(cursor, codec, tenant, after, list(late), topics)
    own: dict[UUID, list[Entry]] = {}
    for event in batch.events:
        if event.stream in late:
            own.setdefault(event.stream, []).append(event)
    for stream, positions in late.items():
        told = [(max(first[stream], min(e.effective_at, e.recorded_at)), e) for e in (*before.get(stream, ()), *own.get(stream, ()))]
        told.sort(key=lambda c: (c[0], c[1].position))
        for position in positions:
            batch.retold[position] = [c for c in told if c[1].position <= position]


async def _times(cursor: Cursor, after: int, streams: Collection[UUID]) -> tuple[dict[UUID, datetime], dict[UUID, datetime]]:
    """For each stream that had begun by then: when it began, and the latest instant from which an event of it counts."""
    await cursor.execute(
        "SELECT stream, min(least(effective_at, recorded_at)) FILTER (WHERE version = 1), max(least(effective_at, recorded_at)) "
        "FROM events WHERE stream = ANY (%b) AND position <= %s GROUP BY stream",
        (list(streams), after),
        prepare=True,
    )
    found = await cursor.fetchall()
    return {stream: first for stream, first, _ in found}, {stream: latest for stream, _, latest in found}


async def _before(
    cursor: Cursor, codec: Codec, tenant: Tenant, after: int, streams: Sequence[UUID], topics: Collection[str]
) -> dict[UUID, list[Entry]]:
    found: dict[UUID, list[Entry]] = {}
    if streams:
        await cursor.execute(
            f"SELECT {COLUMNS} FROM events WHERE stream = ANY (%b) AND position <= %s AND topic = ANY (%s) ORDER BY position",
            (streams, after, list(topics)),
            prepare=True,
        )
        for position, stream, version, topic, meta, state, recorded_at, effective_at in await cursor.fetchall():
            # whoever reads an event that cannot be decoded stands before it and never comes here
            with suppress(UndecodableEvent):
                found.setdefault(stream, []).append(
                    Entry(
                        position, stream, version, codec.decode(tenant.slug, stream, version, topic, state), meta, recorded_at, effective_at
                    )
                )
    return found
