"""Calling the API as the operator of this machine, or as whoever CONCORD_API_KEY belongs to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from api.cli.outcomes import Ended, Exit
from api.cli.unmet import how_to_provide
from api.credential import Credential, read_credential
from infra.settings import Settings

if TYPE_CHECKING:
    import httpx2

PATIENCE = 60.0
"""Seconds for one answer; more than the longest wait that `Prefer: wait` asks for."""
LARGEST_PAGE = 200


class Problem(Ended):
    """The API said no. `body` is its problem details (RFC 9457)."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        code = Exit.UNREACHABLE if status >= 500 else Exit.NOT_FOUND if status == 404 else Exit.REFUSED
        missing = [*body.get("unmet", ()), *body.get("errors", ())]
        sentence = str(body.get("detail") or body.get("title") or f"The API answered {status}.")
        lines = tuple(_told(one) for one in missing) if body.get("unmet") or len(missing) > 1 else ()
        super().__init__(sentence, code, lines=lines, data=body)
        self.body, self.rule = body, str(body.get("rule", ""))


def _told(missing: dict[str, Any]) -> str:
    if "criterion" in missing:
        return f"  - {missing['label']}\n      {how_to_provide(missing)}"
    return f"  - {missing.get('at', '')}: {missing.get('message', '')}"


@dataclass(frozen=True, slots=True)
class Said:
    """An answer to a write. `position`: send it as `at_least` to read it back."""

    status: int
    body: dict[str, Any]
    position: int | None


class Client:
    """One connection. Raises Problem for what the API refuses, Ended where nobody answers."""

    def __init__(self, credential: Credential) -> None:
        import httpx2

        self.tenant = credential.tenant
        self._address = credential.address
        self._transport_error = httpx2.TransportError
        self._http = httpx2.Client(
            base_url=credential.address, timeout=PATIENCE, headers={"Authorization": f"Bearer {credential.api_key}"}, trust_env=False
        )

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The answer's body. Parameters that are None are left out."""
        return self._answer("GET", path, params=_given(params)).json()

    def page(self, path: str, params: Mapping[str, Any] | None = None, *, most: int) -> dict[str, Any]:
        """The first page's answer with the items of all pages, at most `most`; `next` is None where that was all."""
        asked = {**_given(params), "limit": min(most, LARGEST_PAGE)}
        answer = page = self.get(path, asked)
        items: list[Any] = list(page["items"])
        while page["next"] and len(items) < most:
            page = self.get(path, {**asked, "cursor": page["next"], "limit": min(most - len(items), LARGEST_PAGE)})
            items += page["items"]
        return {**answer, "items": items, "next": page["next"]}

    def post(self, path: str, body: Any, *, if_match: str | None = None, wait: int = 0, key: str | None = None) -> Said:
        """A write, with a key of its own so that a lost answer may be asked for again."""
        headers = {"Idempotency-Key": key or str(uuid4())}
        if if_match is not None:
            headers["If-Match"] = if_match
        if wait:
            headers["Prefer"] = f"wait={wait}"
        answer = self._answer("POST", path, json=body, headers=headers)
        position = answer.headers.get("Concord-Position")
        return Said(answer.status_code, answer.json(), int(position) if position else None)

    def _answer(self, method: str, path: str, **request: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, path, **request)
        except self._transport_error:
            raise Ended(f"Nobody answers at {self._address}: is Concord running? `concord status` tells.", Exit.UNREACHABLE) from None
        if answer.status_code >= 400:
            raise self._problem(answer)
        return answer

    def _problem(self, answer: httpx2.Response) -> Ended:
        try:
            body = answer.json()
        except json.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            return Ended(f"{self._address} answered {answer.status_code}; is it Concord?", Exit.UNREACHABLE)
        return Problem(answer.status_code, body)

    def close(self) -> None:
        self._http.close()


def _given(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (params or {}).items() if value is not None}


@contextmanager
def calling(tenant: str | None) -> Iterator[Client]:
    """A client for a tenant. CONCORD_API_KEY with CONCORD_ADDRESS is used before the operator's own credential."""
    settings = Settings.from_environment()
    key, address = os.environ.get("CONCORD_API_KEY"), os.environ.get("CONCORD_ADDRESS")
    if bool(key) != bool(address):
        raise Ended("CONCORD_API_KEY and CONCORD_ADDRESS go together: set both, or neither to use the operator's key of this machine.")
    given = Credential(address.rstrip("/"), tenant or settings.tenant, key) if key and address else None
    client = Client(given or read_credential(settings, tenant))
    try:
        yield client
    finally:
        client.close()
