"""PostgreSQL and Temporal for one CONCORD_HOME: ours where the settings name no other, and the settings that reach them."""

from collections.abc import Callable
from dataclasses import replace

from infra.embedded.postgres import EmbeddedPostgres, PostgresServer
from infra.embedded.process import ServerDown
from infra.embedded.temporal import EmbeddedTemporal, TemporalServer
from infra.settings import Settings


class Services:
    """The servers that these settings leave to us. Servers that DATABASE_URL or TEMPORAL_ADDRESS name are never touched."""

    def __init__(self, settings: Settings, report: Callable[[str], None] = lambda _: None) -> None:
        self.settings = settings
        self.postgres = None if settings.database_url else EmbeddedPostgres(settings.home / "postgres", report)
        self.temporal = (
            None if settings.temporal_address else EmbeddedTemporal(settings.home / "temporal", settings.temporal_namespace, report)
        )
        self.notes: tuple[str, ...] = ()
        self.lost_temporal_state = False

    def start(self) -> Settings:
        """Start what is ours and does not run; returns the settings with every address filled in. Quiet where all runs.

        Raises ServerDown, ClusterUnusable or NoServerAccount; each says what to do.
        """
        database = self.postgres.start() if self.postgres else None
        temporal = self.temporal.start() if self.temporal else None
        if database and database.note:
            self.notes = (database.note,)
        if temporal and temporal.lost_state:
            self.lost_temporal_state = True
        return reached(self.settings, database, temporal)

    def stop(self) -> tuple[str, ...]:
        """Stop what is ours; returns what still runs, in sentences."""
        left = []
        if self.temporal and not self.temporal.stop():
            left.append("Temporal did not end.")
        if self.postgres and not self.postgres.stop():
            left.append("The PostgreSQL server on our data was not started by Concord, and was left running.")
        return tuple(left)

    @property
    def alive(self) -> bool:
        """Whether what is ours runs (it may not answer yet)."""
        return all(server.running() for server in (self.postgres, self.temporal) if server)


def connected(settings: Settings, *, workflows: bool = False) -> Settings:
    """The settings with the addresses of the embedded servers that run below `settings.home` now; for commands beside a running `up`.

    Raises ServerDown if the database, or for `workflows` Temporal, is left to us and does not run.
    """
    services = Services(settings)
    database = services.postgres.running() if services.postgres else None
    temporal = services.temporal.running() if services.temporal else None
    if (services.postgres and not database) or (workflows and services.temporal and not temporal):
        missing = "DATABASE_URL" if services.postgres and not database else "TEMPORAL_ADDRESS"
        raise ServerDown(
            f"Nothing runs below {settings.home}: start it with `concord up`, or set CONCORD_HOME or {missing} to where it runs."
        )
    return reached(settings, database, temporal)


def reached(settings: Settings, database: PostgresServer | None, temporal: TemporalServer | None) -> Settings:
    """The settings with the addresses of these servers; without them, the migrator signs in as the application does."""
    if database:
        settings = replace(settings, database_url=database.application_url(), migrator_url=database.migrator_url())
    elif not settings.migrator_url:
        settings = replace(settings, migrator_url=settings.database_url)
    return replace(settings, temporal_address=temporal.address) if temporal else settings
