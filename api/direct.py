"""Routes whose signature is made of our own dependencies alone are called without the framework's solver.

FastAPI still reads the signature and documents it; at run time the solver, its exit stacks and its per-parameter validation
took more than a third of an opened deal's CPU time, and here they have nothing to do.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
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
        if self._is_plain():
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
            response = await call(Request(scope, receive, send))
            await response(scope, receive, send)

        return app


def _id(text: str) -> UUID:
    # only the written form: UUID() also takes braces, urn: and digits without dashes
    if _UUID.fullmatch(text) is None:
        place = {"loc": ("path", "id"), "msg": "an id", "type": "uuid"}
        raise malformed([place])
    return UUID(text)
