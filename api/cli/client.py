"""Calling the API as the operator of this machine, or as whoever CONCORD_API_KEY belongs to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx2

from api.cli.outcomes import Exit, fail
from api.operators import Credential, read_credential
from infra.settings import Settings

PATIENCE = 60.0
"""Seconds for one answer; more than the longest wait that `Prefer: wait` asks for."""


class Client:
    """One connection. Every problem that the API names ends the command with its sentence and what is missing."""

    def __init__(self, credential: Credential, *, as_json: bool = False) -> None:
        self._as_json = as_json
        self._address = credential.address
        self._http = httpx2.Client(
            base_url=credential.address, timeout=PATIENCE, headers={"Authorization": f"Bearer {credential.api_key}"}, trust_env=False
        )

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The answer's body. Parameters that are None are left out."""
        return self._answer("GET", path, params=_given(params)).json()

    def read(self, path: str, params: Mapping[str, Any] | None = None) -> tuple[Any, str]:
        """The answer's body and its ETag."""
        answer = self._answer("GET", path, params=_given(params))
        return answer.json(), answer.headers.get("ETag", "*")

    def pages(self, path: str, params: Mapping[str, Any] | None = None, *, most: int) -> Iterator[Any]:
        """Items of a list, page after page, at most `most`."""
        asked = {**_given(params), "limit": min(most, 200)}
        while most > 0:
            page = self.get(path, asked)
            yield from page["items"][:most]
            most -= len(page["items"])
            if not page.get("next"):
                return
            asked["cursor"] = page["next"]

    def post(self, path: str, body: Any, *, if_match: str | None = None, wait: int = 0, key: str | None = None) -> httpx2.Response:
        """A write, with a key of its own so that a lost answer may be asked for again."""
        headers = {"Idempotency-Key": key or str(uuid4())}
        if if_match is not None:
            headers["If-Match"] = if_match
        if wait:
            headers["Prefer"] = f"wait={wait}"
        return self._answer("POST", path, json=body, headers=headers)

    def upload(self, path: str, files: Any, data: Mapping[str, Any]) -> Any:
        return self._answer("POST", path, files=files, data=data, headers={"Idempotency-Key": str(uuid4())}).json()

    def _answer(self, method: str, path: str, **request: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, path, **request)
        except httpx2.TransportError:
            fail(f"Nobody answers at {self._address}: is Concord running? `concord status` tells.", Exit.UNREACHABLE, as_json=self._as_json)
        if answer.status_code >= 400:
            self._problem(answer)
        return answer

    def _problem(self, answer: httpx2.Response) -> None:
        try:
            problem = answer.json()
        except json.JSONDecodeError:
            fail(f"{self._address} answered {answer.status_code}; is it Concord?", Exit.UNREACHABLE, as_json=self._as_json)
        code = Exit.UNREACHABLE if answer.status_code >= 500 else Exit.REFUSED
        if self._as_json:
            fail(problem.get("detail", ""), code, data=problem, as_json=True)
        lines = [
            str(problem.get("detail") or problem.get("title")),
            *(f"  - {unmet['label'] if isinstance(unmet, dict) else unmet}" for unmet in problem.get("unmet") or ()),
            *(f"  - {'.'.join(map(str, error.get('loc', ())))}: {error.get('msg', '')}" for error in problem.get("errors") or ()),
        ]
        fail("\n".join(lines), code)

    def close(self) -> None:
        self._http.close()


def _given(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (params or {}).items() if value is not None}


@contextmanager
def calling(tenant: str | None, *, as_json: bool = False) -> Iterator[Client]:
    """A client for a tenant. CONCORD_API_KEY with CONCORD_ADDRESS is used before the operator's own credential."""
    settings = Settings.from_environment()
    key, address = os.environ.get("CONCORD_API_KEY"), os.environ.get("CONCORD_ADDRESS")
    given = Credential(address.rstrip("/"), tenant or settings.tenant, key) if key and address else None
    client = Client(given or read_credential(settings, tenant), as_json=as_json)
    try:
        yield client
    finally:
        client.close()
