"""Calling the API as the operator of this machine, or as whoever CONCORD_API_KEY belongs to."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from api.cli.outcomes import Ended, Exit
from api.cli.places import Options, in_options, of_this_command
from api.cli.places import told as told_at
from api.cli.unmet import how_to_provide
from api.cli.zones import clock
from api.credential import Credential, read_credential
from api.inert import one_line
from infra.settings import Settings

PATIENCE = 60.0
"""Seconds for one answer; more than the longest wait that `Prefer: wait` asks for."""
LARGEST_PAGE = 200
_LISTS = ("/v1/contacts", "/v1/contracts", "/v1/disputes", "/v1/interactions", "/v1/papers", "/v1/suppliers")
"""What has lists of its own, apart from those of deals and accounts."""
_NOT_UNDERSTOOD = {"RequestMalformed", "AheadOfLog", "Invalid"}
"""Rules about how something is written; every other refusal is about what was asked for."""


class Problem(Ended):
    """The API said no. `body` is its problem details (RFC 9457)."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        known = Exit.NOT_FOUND if status == 404 else Exit.USAGE if body.get("rule") in _NOT_UNDERSTOOD else Exit.REFUSED
        code = Exit.UNREACHABLE if status >= 500 else known
        missing = [*body.get("unmet", ()), *body.get("errors", ())]
        sentence = str(body.get("detail") or body.get("title") or f"The API answered {status}.")
        if body.get("unmet"):
            # the list below says it better, with how to provide each
            sentence = f"{sentence.partition(':')[0]}:"
        options = of_this_command()
        sentence = in_options(sentence, options)
        if body.get("rule") == "RequestMalformed" and body.get("errors"):
            more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
            sentence = f"{_told(missing[0], options).removeprefix('  - ')}{more}."
        lines = tuple(_told(one, options) for one in missing) if body.get("unmet") or len(missing) > 1 else ()
        if status == 500 and body.get("instance"):
            lines = (*lines, f"  instance: {body['instance']}")
        super().__init__(sentence, code, lines=lines, data=body)
        self.body, self.rule = body, str(body.get("rule", ""))


def _told(missing: dict[str, Any], options: Options) -> str:
    if "criterion" in missing:
        return f"  - {one_line(missing['label'])}\n      {how_to_provide(missing)}"
    return f"  - {told_at(str(missing.get('at', '')), str(missing.get('message', '')), options)}"


@dataclass(frozen=True, slots=True)
class Said:
    """An answer. `position`: of a write; send it as `at_least` to read it back."""

    status: int
    body: Any
    position: int | None


_SETTLING = 3
"""How often a write waits for the read models, two seconds each time."""


class Client:
    """One connection. Raises Problem for what the API refuses, Ended where nobody answers.

    The standard library's client, because every user's command waits until it is imported (httpx2 takes three times as long).
    """

    def __init__(self, credential: Credential) -> None:
        from http.client import HTTPConnection, HTTPSConnection

        self.tenant = credential.tenant
        self._address = credential.address
        address = urlsplit(credential.address)
        kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise Ended(f"{credential.address} is no address: it looks like http://127.0.0.1:8000.", Exit.USAGE)
        self._http = kind(address.hostname, address.port, timeout=PATIENCE)
        self._prefix = address.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {credential.api_key}", "Accept": "application/json"}

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The answer's body. Parameters that are None are left out."""
        return self._answer("GET", path, params=params).body

    def page(
        self, path: str, params: Mapping[str, Any] | None = None, *, most: int, after: str | None = None, everything: bool = False
    ) -> dict[str, Any]:
        """The first page's answer with the items of all pages, at most `most` or `everything`; `next` is None where that was all.

        `after`: the `next` of an earlier answer.
        """
        most = sys.maxsize if everything else most
        asked = {**(params or {}), "cursor": after, "limit": min(most, LARGEST_PAGE)}
        answer = page = self.get(path, asked)
        items: list[Any] = list(page["items"])
        while page["next"] and len(items) < most:
            page = self.get(path, {**asked, "cursor": page["next"], "limit": min(most - len(items), LARGEST_PAGE)})
            items += page["items"]
        return {**answer, "items": items, "next": page["next"]}

    def post(self, path: str, body: Any, *, if_match: str | None = None, wait: int = 0, settle: bool = True) -> Said:
        """A write, with a key of its own so that it cannot act twice. What it changed can be read when this returns (`settle`)."""
        headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
        if if_match is not None:
            headers["If-Match"] = if_match
        if wait:
            headers["Prefer"] = f"wait={wait}"
        said = self._answer("POST", path, body=_encoded(body), headers=headers)
        at = said.body.get("settled_at") or said.position
        if settle and at is not None:
            self._settled(next((p for p in _LISTS if path.startswith(p)), "/v1/deals"), at)
        return said

    def _settled(self, path: str, position: int) -> None:
        """Wait for the read models, so that the next command's lists need not. Those of a new tenant begin some seconds later."""
        for _ in range(_SETTLING):
            try:
                self.get(path, {"limit": 1, "at_least": position})
            except Problem as behind:
                if behind.code is not Exit.UNREACHABLE:
                    return
            else:
                return

    def send(self, path: str, body: bytes, headers: Mapping[str, str]) -> Said:
        """A body of another kind, as it is."""
        return self._answer("POST", path, body=body, headers=headers)

    def raw(self, path: str, params: Mapping[str, Any] | None = None, *, accept: str = "*/*") -> bytes:
        """An answer that is no JSON, such as a file, of a media type that is accepted."""
        query = urlencode(_given(params), doseq=True)
        return self._exchange("GET", path + (f"?{query}" if query else ""), None, {"Accept": accept})[2]

    def _answer(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Said:
        query = urlencode(_given(params), doseq=True)
        status, found, content = self._exchange(method, path + (f"?{query}" if query else ""), body, headers or {})
        return Said(status, self._read(status, content), int(found["concord-position"]) if "concord-position" in found else None)

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        from http.client import HTTPException

        try:
            self._http.request(method, self._prefix + path, body, {**self._headers, **headers})
            answer = self._http.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            self._http.close()
            raise Ended(f"Nobody answers at {self._address}: is Concord running? `concord status` tells.", Exit.UNREACHABLE) from None
        if answer.status >= 400:
            raise Problem(answer.status, self._read(answer.status, content))
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, content

    def _read(self, status: int, content: bytes) -> Any:
        try:
            return json.loads(content)
        except ValueError:
            raise Ended(f"{self._address} answered {status}; is it Concord?", Exit.UNREACHABLE) from None

    def close(self) -> None:
        self._http.close()


def _encoded(body: Any) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        # bytes of the command line that are no UTF-8 come as lone surrogates
        wrong = next((name for name, value in body.items() if any("\ud800" <= c <= "\udfff" for c in str(value))), "text")
        raise Ended(f"The {wrong.replace('_', ' ')} is not UTF-8: type it anew in a terminal whose locale is UTF-8.", Exit.USAGE) from None


def _given(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in (params or {}).items() if value is not None}


@contextmanager
def calling(tenant: str | None) -> Iterator[Client]:
    """A client for a tenant. CONCORD_API_KEY with CONCORD_ADDRESS is used before the operator's own credential."""
    settings = Settings.from_environment()
    key, address = os.environ.get("CONCORD_API_KEY"), os.environ.get("CONCORD_ADDRESS")
    if bool(key) != bool(address):
        raise Ended(
            "CONCORD_API_KEY and CONCORD_ADDRESS go together: set both, or neither to use the operator's key of this machine.", Exit.USAGE
        )
    given = Credential(address.rstrip("/"), tenant or settings.tenant, key) if key and address else None
    client = Client(given or read_credential(settings, tenant))
    clock.of(client)
    try:
        yield client
    finally:
        client.close()
