"""When the worker gives a server up: after two silences in a row, never after one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from temporalio.service import RPCError, RPCStatusCode

from workflows import worker


class Answers:
    """A client, as far as its server's health goes: what it answers, look by look; it answers no more when they are used up."""

    def __init__(self, *answers: bool) -> None:
        self.service_client = self
        self.all_given = asyncio.Event()
        self.left: Iterator[bool] = iter(answers)

    async def check_health(self, **_: object) -> bool:
        answer = next(self.left, None)
        if answer is None:
            self.all_given.set()
            await asyncio.Event().wait()
        if not answer:
            raise RPCError("the connection has come of age", RPCStatusCode.UNAVAILABLE, b"")
        return True


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LOOK", 0.0)
    monkeypatch.setattr(worker, "_PULSE", 0.0)


async def test_a_server_that_is_silent_twice_in_a_row_is_away():
    await worker._until_away(Answers(True, False, True, False, False))  # type: ignore[arg-type]


async def test_a_server_that_is_silent_once_now_and_then_is_there():
    client = Answers(True, False, True, False, True)
    waiting = asyncio.create_task(worker._until_away(client))  # type: ignore[arg-type]
    await client.all_given.wait()
    assert not waiting.done()
    waiting.cancel()
