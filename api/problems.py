"""Problem details (RFC 9457): every refusal and fault as one shape, whose `type` names the rule that said no.

Nothing internal leaves: an unforeseen fault answers with a correlation id only, and the process log has the rest under it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar
from uuid import UUID

from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from api.malformed import sentence, told_of
from domain.kernel import Forbidden, Invalid, NotFound, Refused
from infra.event_store import KeyReused, StaleVersion, VersionConflict
from infra.identity import NotSignedIn
from infra.identity_throttle import TooManyAttempts

MEDIA_TYPE = "application/problem+json"
_RESERVED = {"type", "title", "status", "detail", "instance", "rule"}


class RequestMalformed(Invalid):
    """The request does not have the documented shape; `errors` names each place."""


class PreconditionMissing(Refused):
    """A change needs `If-Match` with the ETag that was read, so that nobody overwrites what they have not seen."""

    status: ClassVar[int] = 428


class IdempotencyKeyMissing(Refused):
    """A write needs `Idempotency-Key`, so that sending it again cannot act twice."""

    status: ClassVar[int] = 400


class BodyTooLarge(Refused):
    """The request's body is larger than this door takes."""

    status: ClassVar[int] = 413


class MediaTypeUnsupported(Refused):
    """The request's body is not of a type this door reads."""

    status: ClassVar[int] = 415


class TooManyRequests(Refused):
    """The caller has used up what it may ask for in this moment."""

    status: ClassVar[int] = 429


class CrossSite(Forbidden):
    """A browser session was used from another site."""


class Unavailable(Refused):
    """The store cannot be reached at this moment. Nothing is known to have been stored; send the same request again."""

    status: ClassVar[int] = 503


class Fault(Refused):
    """Something went wrong that no rule foresaw. The operator finds it in the process log by the correlation id."""

    status: ClassVar[int] = 500


class EventAltered(Refused):
    """The event is not the one that was signed; `position` names it."""


class EventUnreadable(Refused):
    """A stored event cannot be read: it was altered, or a newer Concord wrote it; `position` names it."""


class NoSuchPlace(Refused):
    """There is nothing at this address, or not for this method."""

    status: ClassVar[int] = 404


COMMON: tuple[type[Refused], ...] = (NotSignedIn, Forbidden, RequestMalformed, TooManyRequests, EventAltered, EventUnreadable, Unavailable)
"""What any operation behind a sign-in can answer."""
WRITES: tuple[type[Refused], ...] = (IdempotencyKeyMissing, MediaTypeUnsupported, BodyTooLarge, KeyReused, VersionConflict)
CHANGES: tuple[type[Refused], ...] = (NotFound, StaleVersion, PreconditionMissing)
SIGN_IN: tuple[type[Refused], ...] = (TooManyAttempts,)


def type_of(rule: str) -> str:
    """The problem type of a rule; the address answers with what the rule means."""
    return f"/problems/{rule}"


def title_of(rule: type[Refused]) -> str:
    """The first sentence of the rule's docstring."""
    text = inspect.cleandoc(rule.__doc__ or rule.__name__).split("\n\n")[0].replace("\n", " ")
    return text.split(". ")[0].split("; ")[0].rstrip(".")


def problem(refused: Refused, correlation_id: UUID | str, *, status: int | None = None) -> Response:
    """The answer to a refusal; its data become members beside the standard ones."""
    code = status or refused.status
    body = {
        "type": type_of(refused.rule),
        "title": title_of(type(refused)),
        "status": code,
        "detail": refused.detail,
        "rule": refused.rule,
        "instance": f"urn:uuid:{correlation_id}",
        **{f"{name}_" if name in _RESERVED else name: value for name, value in refused.data.items()},
    }
    headers = {}
    if code in {429, 503}:
        headers["Retry-After"] = str(refused.data.get("retry_after", 1))
    if code == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="concord"'
    return Response(to_json(body, fallback=str), code, headers, MEDIA_TYPE)


def malformed(errors: Sequence[Any]) -> RequestMalformed:
    """A validation's errors: where, what to write there, and never the value, which may be a secret."""
    places = told_of(errors)
    return RequestMalformed(sentence(places), errors=places[:50])


def from_http(status: int) -> Refused:
    """A status that the framework decided, as one of our rules."""
    match status:
        case 404:
            return NoSuchPlace("There is nothing at this address; see / for what there is.")
        case 405:
            return NoSuchPlace("This address does not take this method; see / for what it takes.")
        case 413:
            return BodyTooLarge("The body is too large; send less at once.")
        case _:
            return RequestMalformed("The request could not be read; see / for the documented shape.", errors=[])


def as_refused(error: Exception) -> Refused | None:
    """The rule behind an exception; None: nobody foresaw it."""
    match error:
        case Refused():
            return error
        case RequestValidationError():
            return malformed(error.errors())
        case _:
            return None


def all_rules(root: type[Refused] = Refused) -> Iterator[type[Refused]]:
    """Every rule that is loaded."""
    for rule in root.__subclasses__():
        yield rule
        yield from all_rules(rule)


def correlation_of(request: Request) -> UUID:
    """The id under which this request is found in the process log and the access log."""
    found: UUID = request.scope["state"]["correlation_id"]
    return found


def documented(*rules: type[Refused]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation: each status with the rules behind it."""
    by_status: dict[int, list[type[Refused]]] = {}
    for rule in dict.fromkeys(rules):
        by_status.setdefault(rule.status, []).append(rule)
    return {
        status: {
            "description": "; ".join(f"{rule.__name__}: {title_of(rule)}" for rule in found),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {
                        rule.__name__: {
                            "value": {
                                "type": type_of(rule.__name__),
                                "title": title_of(rule),
                                "status": status,
                                "detail": title_of(rule) + ".",
                                "rule": rule.__name__,
                            }
                        }
                        for rule in found
                    },
                }
            },
        }
        for status, found in sorted(by_status.items())
    }
