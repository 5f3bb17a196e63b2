"""The eventsourcing library's persistence module for Concord.

`Application(env={"PERSISTENCE_MODULE": "infra.event_store.library", "DATABASE_URL": ..., "CONCORD_TENANT": ...})`
stores through the tenant's log. The library's Mapper and Repository work unchanged.
"""

from __future__ import annotations

from typing import Any

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    ProcessRecorder,
    TrackingRecorder,
)
from eventsourcing.utils import Environment
from psycopg_pool import ConnectionPool

from infra.database import Tenant
from infra.event_store.recorders import ConcordApplicationRecorder, ConcordSnapshotRecorder, ConcordTrackingRecorder


class Factory(InfrastructureFactory[TrackingRecorder]):
    """Builds recorders for the tenant named by CONCORD_TENANT in the database at DATABASE_URL, over one shared pool."""

    def __init__(self, env: Environment | dict[str, str] | Any) -> None:
        super().__init__(env)
        self._url = self.env.get("DATABASE_URL") or ""
        slug = self.env.get("CONCORD_TENANT") or "default"
        if not self._url:
            raise OSError("DATABASE_URL is not set: give the library's environment the address of Concord's database")
        self._tenant = Tenant(slug)
        self._pool: Any = ConnectionPool(self._url, min_size=1, max_size=8, open=True, kwargs={"autocommit": True})
        self._recorder: ConcordApplicationRecorder | None = None

    def application_recorder(self) -> ApplicationRecorder:
        if self._recorder is None:
            self._recorder = ConcordApplicationRecorder(self._url, self._pool, self._tenant)
        return self._recorder

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:  # noqa: ARG002  snapshots are the only ones
        return ConcordSnapshotRecorder(self._pool, self._tenant)

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> TrackingRecorder:  # noqa: ARG002  there is one kind
        return ConcordTrackingRecorder(self._pool, self._tenant)

    def process_recorder(self) -> ProcessRecorder:
        """Not offered: read models here commit with their own tracking row (see projections/runner.py). Raises TypeError."""
        raise TypeError("use projections/runner.py: Concord's read models commit together with their tracking row")

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.close()
        self._pool.close()
