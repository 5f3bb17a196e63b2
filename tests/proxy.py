"""A TCP proxy in front of PostgreSQL that cuts a connection at a chosen moment: before a message arrives, or after its answer left."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal

Cut = Literal["before", "after"]


class CuttingProxy:
    """Cuts once for each `arm`: at the next message that carries `mark`."""

    def __init__(self, host: str, port: int, mark: bytes) -> None:
        self.host, self.port, self.mark = host, port, mark
        self.armed: Cut | None = None
        self.cuts = 0
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._serving.add(task)
        try:
            await self._relay(reader, writer)
        finally:
            self._serving.discard(task)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self.host, self.port)
        swallow = asyncio.Event()

        async def answers() -> None:
            with contextlib.suppress(OSError):
                while data := await there.read(1 << 16):
                    if swallow.is_set():
                        break  # the server has answered: what it stored is durable, and nobody will hear of it
                    writer.write(data)
                    await writer.drain()
            await closed()

        async def closed() -> None:
            for end in (writer, back):
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()

        task = asyncio.create_task(answers())
        try:
            with contextlib.suppress(OSError):
                while data := await reader.read(1 << 16):
                    if self.armed and self.mark in data:
                        cut, self.armed = self.armed, None
                        self.cuts += 1
                        if cut == "before":
                            break
                        swallow.set()
                    back.write(data)
                    await back.drain()
                if swallow.is_set():
                    await task
        finally:
            await closed()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
