"""Serving HTTP with uvicorn on the listening socket that the supervisor handed down, or on one of our own."""

from __future__ import annotations

import uvicorn

from api.app import create_app
from api.wire import Protocol
from infra.doctor import reach_postgres
from infra.embedded.listening import listening_socket
from infra.settings import Settings


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished first. Raises AddressTaken, ServerDown."""
    if settings.database_url:
        reach_postgres(settings.database_url).close()  # told in a sentence here; inside the server it would be a trace
    socket = listening_socket(settings)
    config = uvicorn.Config(
        create_app(settings),
        loop="uvloop",
        http=Protocol,
        log_level=settings.log_level,
        access_log=False,  # the access log is the tenant's own; see infra/access_log.py
        server_header=False,
        proxy_headers=False,  # the throttle and the access log go by the address that really called
        timeout_graceful_shutdown=10,
    )
    uvicorn.Server(config).run(sockets=[socket])
