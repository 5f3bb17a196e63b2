"""What the OpenAPI document says is what the doors do, for requests that nobody thought of: seeded, bounded, over real servers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from api.app import create_app, open_doors
from api.limits import Rate, Rates
from domain.kernel import Role
from infra.settings import Settings
from projections.catalogue import read_models
from projections.runner import Runner
from tests.api.conftest import Furnished

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "1")
"""Random requests per operation; `make chaos` sends more."""
PHASES = os.environ.get("SCHEMATHESIS_PHASES", "examples,fuzzing")
"""`examples,coverage,fuzzing` is the long run (minutes): every boundary of every schema."""
SEED = "4711"
CONFIG = Path(__file__).with_name("schemathesis.toml")
GENEROUS = Rates(key=Rate(1e6, 1e6), tenant=Rate(1e6, 1e6), address=Rate(1e6, 1e6))
LONG = 2_000
"""Characters from which a text's bound is left out of the short form: schemathesis writes it into the text's pattern, and an
expression of 20,000 repetitions is compiled for half a second, over and over, for a string that one random request never is."""
LEFT_OUT = ("stream_events", "upload_import", "sign_out", "sign_in", "revoke_key")
"""A stream never ends, an upload starts a process, and the end of a session, a key or a throttle would end the test."""


@pytest.fixture
def served(settings: Settings, furnished: Furnished) -> Iterator[tuple[str, str]]:
    """(address, an administrator's key): a real server on a thread of its own, with a projector beside it."""
    app = create_app(settings, rates=GENEROUS, freeze=False)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1))

    async def serve() -> None:
        async with open_doors(settings) as doors:
            folding = asyncio.create_task(Runner(doors.database, doors.store, doors.store.wakes, read_models()).run())
            await server.serve()
            folding.cancel()
            await asyncio.gather(folding, return_exceptions=True)

    document = app.openapi()  # made once, for seconds; whoever asks for it first should not run out of patience
    if "coverage" not in PHASES:
        _unbind(document)
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", furnished.acme.keys[Role.ADMIN]
    server.should_exit = True
    thread.join()


def _unbind(schema: Any) -> None:
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for part in parts:
        _unbind(part)
    if isinstance(schema, dict) and "pattern" in schema and isinstance(bound := schema.get("maxLength"), int) and bound >= LONG:
        del schema["maxLength"]


def test_schemathesis_finds_nothing(served: tuple[str, str]):
    address, token = served
    arguments = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run", f"{address}/openapi.json"),
        *("--header", f"Authorization: Bearer {token}"),
        # a request of the right shape may still be refused by a rule: that is what the rules are for
        *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
        *(
            "--max-examples",
            EXAMPLES,
            "--phases",
            PHASES,
            "--seed",
            SEED,
            "--generation-deterministic",
            "--request-timeout=120",
            "--generation-with-security-parameters=false",
            "--no-color",
        ),
        *(part for name in LEFT_OUT for part in ("--exclude-operation-id", name)),
    ]
    found = subprocess.run(
        arguments, capture_output=True, text=True, check=False, timeout=7200, env={**os.environ, "PYTHONWARNINGS": "ignore"}
    )
    told = found.stdout.partition("= FAILURES =")[2].partition("= WARNINGS =")[0] or found.stdout[-3_000:]
    assert found.returncode == 0, told[:40_000] + found.stderr[-2_000:]
