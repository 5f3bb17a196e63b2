"""One real Temporal server for the session, and an office with a database of its own for each test."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from infra.embedded.temporal import EmbeddedTemporal
from tests.workflows.office import Office, office


class Dev(EmbeddedTemporal):
    """The embedded server with dynamic configuration that only tests set."""

    def __init__(self, home: Path, *configuration: str) -> None:
        super().__init__(home)
        self.configuration = configuration

    def _command(self, port: int, http_port: int) -> list[str]:
        return [*super()._command(port, http_port), *(w for c in self.configuration for w in ("--dynamic-config-value", c))]


@pytest.fixture(scope="session")
def temporal() -> Iterator[str]:
    """The address of a server that can skip time."""
    with tempfile.TemporaryDirectory(prefix="concord-temporal-") as folder:
        server = Dev(Path(folder), "frontend.WorkflowTimeSkippingEnabled=true")
        try:
            yield server.start().address
        finally:
            server.stop()


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, temporal: str) -> AsyncIterator[Office]:
    async with office(database_url, tmp_path, temporal) as made:
        yield made


def pytest_unconfigure() -> None:
    # a Temporal client that is collected while the interpreter ends may crash it
    gc.collect()
    time.sleep(0.5)
