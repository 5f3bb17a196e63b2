"""Routes that answer a browser with a page where it asks for one: their refusals, too, are told in words."""

from __future__ import annotations

from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from api.altered import judged
from api.direct import Direct
from api.problems import as_refused, correlation_of, problem
from api.proof_frame import CSP, refusal_page
from domain.kernel import Refused
from infra.event_store.unreadable import Unreadable

PAGED: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}, "description": "The proof; as a page where a browser asks."}
}
"""The answer that is documented beside the JSON."""


def wants_page(request: Request) -> bool:
    """Whether a browser asks, which names HTML among what it accepts."""
    return "text/html" in request.headers.get("accept", "")


def shown(html: str) -> HTMLResponse:
    """A page, which runs nothing and sends its forms nowhere else."""
    return HTMLResponse(html, headers={"Vary": "Accept", "Content-Security-Policy": CSP})


class Paged(Direct):
    """A route whose refusals are pages for browsers, with the status and headers that programs get."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope)
            if not wants_page(request):
                await inner(scope, receive, send)
                return
            try:
                await inner(scope, receive, send)
            except (Refused, RequestValidationError, Unreadable) as error:
                refused = await judged(request.app.state.doors, error) if isinstance(error, Unreadable) else as_refused(error)
                assert refused is not None
                answer = problem(refused, correlation_of(request))
                page = shown(refusal_page(refused.detail, refused.rule, str(correlation_of(request))))
                page.status_code = answer.status_code
                for name in ("Retry-After", "WWW-Authenticate"):
                    if name in answer.headers:
                        page.headers[name] = answer.headers[name]
                await page(scope, receive, send)

        self.app = app
