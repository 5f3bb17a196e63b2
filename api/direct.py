"""Routes whose signature is made of our own dependencies alone are called without the framework's solver, and found without a search.

FastAPI still reads the signature and documents it; at run time the solver, its exit stacks and its per-parameter validation
took more than a third of an opened deal's CPU time, and here they have nothing to do.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.callers import Roles, SignedIn
from api.conventions import Body, Writing
from api.problems import malformed

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
STATEMENTS = (Body, Writing, Roles, SignedIn)
"""Dependencies that state something about their operation, and need only the request."""


class Direct(APIRoute):
    """An `APIRoute` that resolves statements, a path's `id` and the request by itself, and leaves every other route as it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plain = self._is_plain()
        if self.plain:
            self.app = self._direct()

    def _is_plain(self) -> bool:
        d = self.dependant
        if d.query_params or d.header_params or d.cookie_params or d.body_params:
            return False
        others = (d.websocket_param_name, d.http_connection_param_name, d.response_param_name, d.background_tasks_param_name)
        if any(others) or [p.name for p in d.path_params] not in ([], ["id"]):
            return False
        return all(isinstance(each.call, STATEMENTS) for each in d.dependencies)

    def _direct(self) -> ASGIApp:
        # in the order of the signature: who calls is settled before anything of the request is read
        statements: list[tuple[str, Callable[[Request], Awaitable[Any]]]] = [(str(d.name), d.call) for d in self.dependant.dependencies]  # type: ignore[misc]
        endpoint, wants_request, has_id = self.endpoint, self.dependant.request_param_name, bool(self.dependant.path_params)

        async def call(request: Request) -> Response:
            values: dict[str, Any] = {}
            if has_id:
                values["id"] = _id(request.path_params["id"])
            if wants_request:
                values[wants_request] = request
            for name, statement in statements:
                values[name] = await statement(request)
            return await endpoint(**values)  # type: ignore[no-any-return]

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await call(_Whole(scope, receive, send))
            await response(scope, receive, send)

        return app


class Shortcut:
    """In front of the router: a request whose address is a plain route's, word for word or but for its id, goes straight there."""

    def __init__(self, otherwise: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._otherwise = otherwise
        self._fixed: dict[tuple[str, str], Direct] = {}
        self._by_id: dict[tuple[str, str], Direct] = {}
        for route in routes:
            if isinstance(route, Direct) and route.plain:
                known = self._by_id if route.dependant.path_params else self._fixed
                for method in route.methods or ():
                    known.setdefault((method, route.path_format), route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (route := self.route(scope)) is None:
            await self._otherwise(scope, receive, send)
        else:
            await route.app(scope, receive, send)

    def route(self, scope: Scope) -> Direct | None:
        """The route, entered into the scope as the router does it; None for what the router has to look at."""
        if scope["type"] != "http" or scope.get("root_path"):
            return None
        path: str = scope["path"]
        parameters = {}
        found = self._fixed.get((scope["method"], path))
        if found is None:
            parts = path.split("/")  # "", "v1", noun, id, what to do; in the portal the noun has two parts
            at = next((at for at in (3, 4) if len(parts) > at and _UUID.fullmatch(parts[at])), None)
            if at is None:
                return None
            parameters["id"], parts[at] = parts[at], "{id}"
            found = self._by_id.get((scope["method"], "/".join(parts)))
        if found is not None:
            scope["path_params"], scope["route"], scope["endpoint"] = parameters, found, found.endpoint
        return found


class _Whole(Request):
    """A request whose body is put together without a generator for each part of it."""

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            parts: list[bytes] = []
            while not self._stream_consumed:
                message = await self._receive()
                if message["type"] == "http.disconnect":
                    self._is_disconnected = True
                    raise ClientDisconnect
                parts.append(message.get("body", b""))
                self._stream_consumed = not message.get("more_body", False)
            self._body = b"".join(parts)
        return self._body


def _id(text: str) -> UUID:
    # only the written form: UUID() also takes braces, urn: and digits without dashes
    if _UUID.fullmatch(text) is None:
        place = {"loc": ("path", "id"), "msg": "an id", "type": "uuid"}
        raise malformed([place])
    return UUID(text)
