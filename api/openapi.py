"""The OpenAPI document: what FastAPI derives from signatures, and what our own dependencies state about themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from api.callers import Roles, SignedIn
from api.conventions import LONGEST_WAIT, Body, Writing
from api.problems import MEDIA_TYPE, RequestMalformed, documented
from api.queries import NO_PAST
from domain.kernel import Refused

_REFS = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457). Further members carry what a person needs to act on the refusal.",
    "required": ["type", "title", "status", "detail", "rule"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "Names the rule; the address says what it means."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence that says what to do."},
        "rule": {"type": "string"},
        "instance": {"type": "string", "description": "The correlation id, for the operator."},
    },
    "additionalProperties": True,
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "New for each intention. Sent again with the same body it returns the first outcome; with another body it is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "example": "3f0c1c1e-open-acme",
}
_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag that was read, or * for whatever is there now.",
    "schema": {"type": "string", "pattern": '^(\\*|(W/)?"[!#-~]*")$'},
    "example": '"3"',
}
_PREFER = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": f"wait=N: answer when what follows has settled, at most {LONGEST_WAIT} seconds.",
    "schema": {"type": "string"},
    "example": "wait=5",
}
_EFFECTIVE = {
    "name": "Concord-Effective-At",
    "in": "header",
    "required": False,
    "description": "When it was so, if that is earlier than now; needs a right.",
    "schema": {"type": "string", "format": "date-time"},
    "example": "2026-03-01T09:00:00Z",
}
_HEADERS = {
    "ETag": {
        "description": "The version of the thing itself, for If-Match and If-None-Match; names of others in it are not part of it.",
        "schema": {"type": "string"},
    },
    "Concord-Position": {"description": "The log position the answer stands on.", "schema": {"type": "string"}},
}


def routes_of(app: FastAPI) -> Iterator[tuple[APIRoute, str, dict[str, Any]]]:
    """Every documented operation: its route, method, and entry in the document."""
    paths = app.openapi()["paths"]
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                yield route, method, paths[route.path_format][method.lower()]


def stated(route: APIRoute) -> list[Any]:
    """The dependencies of a route that state something about themselves."""
    return [d.call for d in route.dependant.dependencies if isinstance(d.call, Body | Writing | Roles | SignedIn)]


def build(app: FastAPI, *, version: str) -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    routes = [route for route in app.routes if isinstance(route, APIRoute) and route.include_in_schema]
    document = get_openapi(
        title="Concord",
        version=version,
        summary="Every number can be replayed, explained and proven.",
        description=_ABOUT,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    models = {s.model for route in routes for s in stated(route) if isinstance(s, Body)}
    refs, definitions = models_json_schema([(model, "validation") for model in sorted(models, key=str)], ref_template=_REFS)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(definitions.get("$defs", {}))
    schemas["Problem"] = _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    document["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key: Authorization: Bearer ck_..."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-concord",
            "description": "A browser session, from POST /v1/sessions.",
        },
    }
    for route in routes:
        for method in route.methods or ():
            _complete(document["paths"][route.path_format][method.lower()], route, refs)
    return document


def _complete(operation: dict[str, Any], route: APIRoute, refs: Any) -> None:
    rules: list[type[Refused]] = []
    parameters = operation.setdefault("parameters", [])
    for statement in stated(route):
        rules += statement.problems
        match statement:
            case Body(model=model):
                content = {"schema": refs[model, "validation"], "example": operation.pop("x-example", {})}
                operation["requestBody"] = {"required": True, "content": {"application/json": content}}
            case Writing(change=change):
                parameters += [_KEY, *([_MATCH] if change else []), _PREFER, _EFFECTIVE]
            case Roles(actions=actions, roles=roles):
                operation["security"] = [{"key": []}, {"session": []}]
                operation["x-concord-actions"] = sorted(actions)
                operation["x-concord-roles"] = sorted(roles)
            case SignedIn():
                operation["security"] = [{"key": []}, {"session": []}]
    if not parameters:
        del operation["parameters"]
    if (reason := NO_PAST.get(operation["operationId"])) is not None:
        operation["x-concord-no-past"] = reason
    # the framework's own 422 has another shape than ours
    if operation["responses"].pop("422", None) is not None:
        rules.append(RequestMalformed)
    known = {str(status): response for status, response in documented(*rules).items()}
    for status, response in operation["responses"].items():
        if status in known:
            known[status]["description"] += "; " + response["description"]
            known[status]["content"][MEDIA_TYPE]["examples"].update(response["content"][MEDIA_TYPE]["examples"])
        else:
            known[status] = response
    for status, response in known.items():
        if status.startswith("2") and "content" in response:
            response.setdefault("headers", _HEADERS)
    operation["responses"] = dict(sorted(known.items()))


_ABOUT = """
Writes take `Idempotency-Key`, changes also `If-Match`. Errors are problem details (RFC 9457) whose `type` names the rule.
Every GET also answers HEAD, and 304 to an `If-None-Match` with the current ETag. Answers state the log position they stand on (`Concord-Position`); send it as `at_least` to read your own writes. Reads take `as_of`
(a day, an instant, `90d` or a position) and `basis` (`known`: what the log held then; `happened`: what we now know was so then); those
that take none say why in `x-concord-no-past`. A parameter that an operation does not take is refused.
Amounts are texts of digits, never numbers. Sign in with an API key (`Authorization: Bearer ck_...`), or in a browser with a session.
"""
