"""The API's listening socket: bound once by the supervisor and inherited by the API process.

So a port is never lost between choosing and using it, an API that restarts refuses no connection meanwhile, and an
answer on the port is an answer of ours.
"""

import os
import socket

from infra.embedded.process import free_port
from infra.settings import USUAL_HTTP_PORT, Settings

INHERITED = "CONCORD_HTTP_FD"
"""The environment variable with the number of the inherited socket's file descriptor."""


class AddressTaken(Exception):  # noqa: N818 - the finding; the message says what to do
    """The address that was asked for cannot be listened on."""


def listening_socket(settings: Settings) -> socket.socket:
    """The inherited socket if there is one, else a new one on `settings.http_host` and `http_port` (by default 8000, or a free one).

    Raises AddressTaken if a port was asked for and cannot be had.
    """
    inherited = os.environ.get(INHERITED)
    if inherited:
        return socket.socket(fileno=int(inherited))
    return bind(settings.http_host, settings.http_port)


def bind(host: str, port: int | None, last: int | None = None) -> socket.socket:
    """Listen on `port`; without one on the `last` one used, the usual one, or any that is free, in this order."""
    if port:
        try:
            return _listen(host, port)
        except OSError as error:
            raise AddressTaken(
                f"Nobody can listen on {host}:{port} now ({error.strerror}): choose another CONCORD_HTTP_PORT, or unset it for a free one."
            ) from None
    for _ in range(5):
        try:
            return _listen(host, free_port(last, USUAL_HTTP_PORT, host=host))
        except OSError:
            continue  # another process was faster
    raise AddressTaken(f"No free port could be had on {host}: choose one by CONCORD_HTTP_PORT, and check CONCORD_HTTP_HOST.")


def _listen(host: str, port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen(2048)
    except OSError:
        opened.close()
        raise
    return opened
