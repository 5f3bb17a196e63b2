"""The one fold, shared by live reading, rebuilding and the proof that both agree."""

from __future__ import annotations

from projections.batch import Batch
from projections.projection import Projection
from projections.rows import Rows


def fold(projection: Projection, rows: Rows, batch: Batch) -> None:
    """Fold a batch into `rows`, which hold the current rows of its streams. Whatever a handler raises comes through."""
    topics, handle, begin = projection.topics, projection.handle, rows.begin
    counts_since, retold = batch.since, batch.retold
    for topic, error in batch.undecodable.values():
        if topic in topics:
            raise error
    for entry in batch.events:
        if entry.event.topic not in topics:
            continue
        stream, position = entry.stream, entry.position
        since = counts_since.get(position, entry.recorded_at) if counts_since else entry.recorded_at
        if position not in retold:
            begin(stream, position, since)
            handle(rows, entry)
            continue
        told = Rows(projection.tables)
        for number, (counts, fact) in enumerate(retold[position], 1):
            if fact.event.topic in topics:
                told.begin(stream, number, counts)
                handle(told, fact)
        for name, buffer in rows.buffers.items():
            buffer.rewrite(stream, position, since, told.buffers[name])
