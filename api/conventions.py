"""What every write and every answer have in common: keys, ETags, waiting, positions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID, uuid5

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from api.problems import CHANGES, WRITES, BodyTooLarge, IdempotencyKeyMissing, MediaTypeUnsupported, PreconditionMissing, RequestMalformed
from api.written_days import validator_of
from domain.kernel import Refused
from infra.event_store import Executed, StaleVersion

M = TypeVar("M", bound=BaseModel)

LONGEST_WAIT = 30
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_ETAG = re.compile(r'"(\d{1,18})"')
_ENTITY_TAG = re.compile(r'(W/)?"[\x21\x23-\x7e]*"')
_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*(\d{1,4})\s*(?:,|;|$)")
_INSTANT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


class Body(Generic[M]):
    """Reads and validates a JSON body in one step from its bytes, so that no decimal passes through binary floating point."""

    problems: tuple[type[Refused], ...] = (MediaTypeUnsupported, BodyTooLarge, RequestMalformed)

    def __init__(self, model: type[M]) -> None:
        self.model = model
        self._validator = validator_of(model)

    async def __call__(self, request: Request) -> M:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise MediaTypeUnsupported("Send the body as application/json.", received=kind[:100])
        try:
            return self._validator.validate_json(await request.body())  # type: ignore[no-any-return]
        except ValidationError as error:
            places = error.errors(include_url=False, include_input=False)
            raise RequestValidationError([{**place, "loc": ("body", *place["loc"])} for place in places]) from None


def body(model: type[BaseModel]) -> Any:
    """The body of a route, as in `command: Annotated[OpenDeal, ...]`."""
    return Depends(Body(model))


@dataclass(frozen=True, slots=True)
class Write:
    """A write's headers. `wait`: seconds the caller is ready to wait for what follows from it."""

    command_id: UUID
    fingerprint: bytes
    expected_version: int | None = None
    wait: int = 0
    effective_at: datetime | None = None


class Writing:
    """Reads the headers of a write. With `change`, `If-Match` is required: the ETag that was read, or `*` for whatever is there."""

    def __init__(self, *, change: bool) -> None:
        self.change = change
        self.problems: tuple[type[Refused], ...] = WRITES + (CHANGES if change else ())

    async def __call__(self, request: Request) -> Write:
        # of a header that comes twice, the first counts, as everywhere
        headers = dict(reversed(request.scope["headers"]))
        key = headers.get(b"idempotency-key", b"").decode("latin-1")
        if not key:
            raise IdempotencyKeyMissing("Send an Idempotency-Key header: any text of yours that is new for each intention, such as a UUID.")
        if not _KEY.fullmatch(key):
            raise RequestMalformed("Idempotency-Key: use 1 to 200 printable ASCII characters without spaces.", errors=[])
        expected = _expected(_text(headers.get(b"if-match"))) if self.change else None
        waits = _WAIT.search(headers[b"prefer"].decode("latin-1")) if b"prefer" in headers else None
        effective = _text(headers.get(b"concord-effective-at"))
        digest = hashlib.sha256(f"{request.scope['method']}\x00{request.scope['path']}\x00{effective or ''}\x00".encode())
        digest.update(await request.body())
        return Write(
            command_id=uuid5(request.scope["state"]["credential"].principal, key),
            fingerprint=digest.digest(),
            expected_version=expected,
            wait=min(int(waits[1]), LONGEST_WAIT) if waits else 0,
            effective_at=instant(effective, "Concord-Effective-At") if effective is not None else None,
        )


Creating = Annotated[Write, Depends(Writing(change=False))]
Changing = Annotated[Write, Depends(Writing(change=True))]


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")


def _expected(if_match: str | None) -> int | None:
    if if_match is None:
        raise PreconditionMissing("Send If-Match with the ETag you read, or * to change whatever is there now.")
    if if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        if _ENTITY_TAG.fullmatch(if_match.strip()) is None:
            raise RequestMalformed('If-Match: send one ETag as it was answered, like "3", or *.', errors=[])
        # a tag that we never gave, and any weak one, matches nothing (RFC 9110, 13.1.1)
        raise StaleVersion("If-Match holds no ETag of this thing; read it again and use its ETag as it stands.")
    return int(found[1])


def instant(text: str, where: str) -> datetime:
    """An absolute instant in ISO 8601. Raises RequestMalformed."""
    try:
        return _INSTANT.validate_strings(text)
    except ValidationError:
        raise RequestMalformed(f"{where}: use an instant with its offset, like 2026-03-31T09:00:00Z.", errors=[]) from None


class Written(BaseModel):
    """What a write did. Send `position` as `at_least` to read it back."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": "01936e4c-0000-7000-8000-000000000001", "version": 1, "position": 4711}]}
    )
    id: UUID
    version: int = Field(description="The version after it; its ETag.")
    position: int | None = Field(description="The log position of its last event; null where it changed nothing.")


def written(executed: Executed, *, status: int = 200, location: str | None = None, **more: Any) -> Response:
    """The answer to a write."""
    headers = {"ETag": etag(executed.version)}
    if executed.last is not None:
        headers["Concord-Position"] = str(executed.last)
    if executed.repeated:
        headers["Concord-Repeated"] = "true"
    if location is not None:
        headers["Location"] = f"{location}/{executed.stream}"
    # the body is the same on every repetition: what differs is in the headers
    return reply({"id": executed.stream, "version": executed.version, "position": executed.last, **more}, status=status, headers=headers)


def etag(version: int) -> str:
    """A strong ETag of an aggregate's version."""
    return f'"{version}"'


class Json(Response):
    """A body that is JSON already, and headers that say nothing of its length or kind."""

    media_type = "application/json"

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        self.raw_headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self.body))]
        if headers is not None:
            self.raw_headers += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def reply(content: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON, encoded in one step and not validated again."""
    return Json(to_json(content), status, headers)
