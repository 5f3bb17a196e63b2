"""The eventsourcing library as it comes, on the same server: its PostgreSQL recorder and its own Application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from eventsourcing.persistence import InfrastructureFactory, StoredEvent, TrackingRecorder
from eventsourcing.utils import Environment

from bench.ours import STATE, TOPIC
from bench.server import Server
from infra.ids import uuid7


def environment(url: str) -> dict[str, str]:
    """The library's settings for this database; everything else stays as its defaults have it."""
    at = urlsplit(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": at.path.removeprefix("/"),
        "POSTGRES_HOST": at.hostname or "",
        "POSTGRES_PORT": str(at.port or 5432),
        "POSTGRES_USER": unquote(at.username or ""),
        "POSTGRES_PASSWORD": unquote(at.password or "") or "none",
    }


@contextmanager
def appending(server: Server) -> Iterator[Callable[[], object]]:
    """The operation of the append bars on the stock recorder: one event of 400 bytes for a new stream."""
    with server.database() as url:
        factory: InfrastructureFactory[TrackingRecorder] = InfrastructureFactory.construct(Environment("bench", environment(url)))
        recorder = factory.application_recorder()
        try:
            yield lambda: recorder.insert_events([StoredEvent(uuid7(), 1, TOPIC, STATE)])
        finally:
            factory.close()
