"""What runs of Concord on this machine, process by process, for `concord status`."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import psycopg

from infra.embedded.memory import held
from infra.embedded.postgres import PostgresServer
from infra.embedded.process import RunningProcess
from infra.embedded.run_state import RunState
from infra.embedded.services import Services
from infra.settings import Settings

_PATIENCE = 2
"""Seconds that PostgreSQL has to answer a connection."""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process. `pid` is None for one that is not ours or has ended; `memory` is in bytes, 0 where it is not known."""

    process: str
    address: str
    pid: int | None
    state: str
    memory: int


def process_statuses(settings: Settings, state: RunState) -> list[ProcessStatus]:
    """The servers, the supervisor and its children, in this order."""
    services = Services(settings)
    postgres, temporal = services.postgres and services.postgres.running(), services.temporal and services.temporal.running()
    found: list[tuple[str, str, RunningProcess | None, str]] = [
        ("PostgreSQL", state.postgres, postgres.process, accepting(postgres))
        if postgres
        else ("PostgreSQL", state.postgres, None, "not ours" if settings.database_url else "has ended"),
        ("Temporal", state.temporal, temporal.process, "runs")
        if temporal
        else ("Temporal", state.temporal, None, "not ours" if settings.temporal_address else "has ended"),
        ("supervisor", "", state.supervisor, "runs"),
        *((name, state.address if name == "api" else "", child, "runs") for name, child in state.children.items()),
    ]
    return list(_measured(found))


def _measured(found: list[tuple[str, str, RunningProcess | None, str]]) -> Iterator[ProcessStatus]:
    alive = {process.pid for _, _, process, _ in found if process and process.alive}
    memory = held(*alive)
    for name, address, process, state in found:
        pid = process.pid if process else None
        yield ProcessStatus(name, address, pid, state if pid is None or pid in alive else "has ended", memory.get(pid or 0, 0))


def accepting(server: PostgresServer) -> str:
    """`runs` where PostgreSQL accepts a connection; else what it does instead: starting, recovering, stopping, or not answering."""
    try:
        with closing(psycopg.connect(server.superuser_url(), connect_timeout=_PATIENCE)):
            return "runs"
    except psycopg.OperationalError as refused:
        said = str(refused)
    states = {"shutting down": "stopping", "recovery": "recovering", "not yet accepting": "recovering", "starting up": "starting"}
    # a server that listens on nothing yet has only just begun
    return next((state for words, state in states.items() if words in said), "starting" if "refused" in said else "does not answer")
