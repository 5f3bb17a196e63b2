"""The shell around every request, as one pure ASGI layer: correlation id, security headers, body limit, faults, access log; and
what holds for every GET: HEAD, and 304 for who has that version already.

Pure ASGI, because each `BaseHTTPMiddleware` costs a task and a queue per request (three of them: 3,700 to 755 requests/s).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from uuid import UUID

import psycopg
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.altered import judged
from api.problems import BodyTooLarge, Fault, Unavailable, as_refused, from_http, problem
from domain.kernel import Refused
from infra.database import StoreUnavailable
from infra.event_store.unreadable import Unreadable
from infra.ids import uuid7

log = logging.getLogger("concord.api")

BODY_LIMIT = 1 << 20
"""Bytes of a request's body, where a route does not say otherwise."""
UPLOAD_LIMIT = 64 << 20
"""Bytes of an upload (imports)."""

HEADERS: dict[str, str] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""On every answer (S12), unless a route has set its own value."""
_RAW = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_OF_CONTENT = {b"content-length", b"content-type"}

Witness = Callable[[Scope, int], None]
"""Told of each answer and its status, for the access log."""


class Shell:
    """Wraps the application. `witness` is called once per request, when the answer begins.

    `methods_at`: all methods that an address takes, for `Allow` (the router knows those of one route only).
    """

    def __init__(
        self, app: ASGIApp, *, witness: Witness, methods_at: Callable[[Scope], Iterable[str]], uploads: frozenset[str] = frozenset()
    ) -> None:
        self._app = app
        self._witness = witness
        self._methods_at = methods_at
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        correlation_id = uuid7()
        # a state of the request's own: the server hands the same lifespan state to all of them
        scope["state"] = {**scope.get("state", {}), "correlation_id": correlation_id}
        asked = scope
        if scope["method"] == "HEAD":
            # answered as GET is, without the content; the server's own scope keeps its method
            asked = {**scope, "method": "GET"}
        started = bodiless = False

        async def answer(message: Message) -> None:
            nonlocal started, bodiless
            if message["type"] == "http.response.start":
                started = True
                headers = message.setdefault("headers", [])
                present = {name for name, _ in headers}
                headers.extend(pair for pair in _RAW if pair[0] not in present)
                headers.append((b"concord-correlation", str(correlation_id).encode()))
                self._witness(asked, message["status"])
                if asked["method"] == "GET":
                    bodiless = scope["method"] == "HEAD"
                    if message["status"] == 200 and _is_known(scope["headers"], headers):
                        message["status"], bodiless = 304, True
                        message["headers"] = [pair for pair in headers if pair[0] not in _OF_CONTENT]
                await send(message)
                if bodiless:
                    # at once: what streams would not end by itself
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
            elif not bodiless:
                await send(message)

        limit = UPLOAD_LIMIT if scope["path"] in self._uploads else BODY_LIMIT
        try:
            _check_length(scope, limit)
            await self._app(asked, _counted(receive, limit), answer)
        except Exception as error:  # noqa: BLE001  the last line: nothing internal may pass
            response = answer_to(await _told_where(asked, error), correlation_id)
            if response.status_code == 405:
                response.headers["Allow"] = ", ".join(sorted(self._methods_at(asked)))
            if not started:
                await response(asked, receive, answer)


async def _told_where(scope: Scope, error: Exception) -> Exception:
    """The refusal that an event which cannot be read stands for; any other exception as it is."""
    if not isinstance(error, Unreadable):
        return error
    log.error("%s: an event cannot be read: %s", scope["state"]["correlation_id"], error)
    try:
        return await judged(scope["app"].state.doors, error)
    except Exception as another:  # noqa: BLE001  told as what it is
        return another


def _is_known(asked: Iterable[tuple[bytes, bytes]], given: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the caller has this very version already: its `If-None-Match` names the answer's ETag (RFC 9110, 13.1.2)."""
    known = next((value for name, value in asked if name == b"if-none-match"), b"")
    if not known:
        return False
    tag = next((value for name, value in given if name == b"etag"), None)
    return tag is not None and (known == b"*" or tag in {one.strip().removeprefix(b"W/") for one in known.split(b",")})


def foreseen(error: Exception, correlation_id: UUID) -> Refused:
    """What the caller may know of an exception; the rest goes to the process log."""
    if (refused := as_refused(error)) is not None:
        return refused
    if isinstance(error, StoreUnavailable | psycopg.OperationalError):
        log.warning("%s unavailable: %s", correlation_id, type(error).__name__)
        return Unavailable("The store cannot be reached at this moment. Send the same request again.", retry_after=1)
    log.error("%s failed", correlation_id, exc_info=error)
    return Fault("Something went wrong here. Try again, and tell the operator the instance below if it stays.")


def answer_to(error: Exception, correlation_id: UUID) -> Response:
    """The problem details for an exception."""
    if isinstance(error, HTTPException):
        answer = problem(from_http(error.status_code), correlation_id, status=error.status_code)
        answer.headers.update(error.headers or {})
        return answer
    return problem(foreseen(error, correlation_id), correlation_id)


def _check_length(scope: Scope, limit: int) -> None:
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if not declared.isdigit() or int(declared) > limit:
        raise BodyTooLarge(f"Send at most {limit // 1024} KiB at once.", limit=limit)


def _counted(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > limit:
                raise BodyTooLarge(f"Send at most {limit // 1024} KiB at once.", limit=limit)
        return message

    return counted
