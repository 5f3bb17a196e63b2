"""One real Temporal server for the session, and an office with a database of its own for each test."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import brief_folder
from tests.workflows.office import Office, office
from tests.workflows.servers import Dev
from workflows import reconcile, starting


@pytest.fixture(scope="session")
def temporal() -> Iterator[str]:
    """The address of a server that can skip time."""
    with tempfile.TemporaryDirectory(prefix="concord-temporal-", dir=brief_folder()) as folder:
        server = Dev(Path(folder), "frontend.WorkflowTimeSkippingEnabled=true")
        try:
            yield server.start().address
        finally:
            server.stop()


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, temporal: str) -> AsyncIterator[Office]:
    async with office(database_url, tmp_path, temporal) as made:
        yield made


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls to Temporal take as long as a slow machine needs: for tests of what many calls come to, none of which is repeated."""
    for module in (starting, reconcile):
        monkeypatch.setattr(module, "RPC_TIMEOUT", timedelta(minutes=1))


def pytest_unconfigure() -> None:
    # a Temporal client that is collected while the interpreter ends may crash it
    gc.collect()
    time.sleep(0.5)
