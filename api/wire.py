"""What cannot even be parsed as HTTP is answered in the same shape as every other refusal."""

from __future__ import annotations

import sys

from httptools import HttpParserInvalidMethodError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.problems import MEDIA_TYPE, NoSuchPlace, RequestMalformed, problem
from infra.ids import uuid7

METHODS = "DELETE, GET, HEAD, POST, PUT"
"""Every method that any address here takes. Which address was meant is not known: the parser gave up before it."""


class Protocol(HttpToolsProtocol):
    """Uvicorn's protocol, whose own refusals are problem details too."""

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser refused, and close: where the next request would begin is not known."""
        unknown = isinstance(sys.exception(), HttpParserInvalidMethodError)
        if unknown:
            answer = problem(NoSuchPlace(f"There is no such method here; there are {METHODS}."), uuid7(), status=405)
        else:
            answer = problem(RequestMalformed("This is no HTTP that we understand; send HTTP/1.1.", errors=[]), uuid7(), status=400)
        content = bytes(answer.body)
        self.logger.warning(msg)
        lines = [
            b"HTTP/1.1 405 Method Not Allowed" if unknown else b"HTTP/1.1 400 Bad Request",
            *(name + b": " + value for name, value in self.server_state.default_headers),
            b"content-type: " + MEDIA_TYPE.encode(),
            b"content-length: " + str(len(content)).encode(),
            *([b"allow: " + METHODS.encode()] if unknown else []),
            b"connection: close",
        ]
        self.transport.write(b"\r\n".join([*lines, b"", content]))
        self.transport.close()
