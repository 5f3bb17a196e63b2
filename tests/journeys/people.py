"""People with sign-ins and keys of their own, who use Concord by its command line or over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

from tests.cli.conftest import Concord


@dataclass(frozen=True)
class Operator(Concord):
    """The command line of this machine's operator, in a tenant of its own."""

    tenant: str = "default"

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "CONCORD_TENANT": self.tenant}


@dataclass(frozen=True)
class Person(Concord):
    """The command line under somebody's own key, instead of the operator's."""

    address: str = ""
    key: str = field(default="", repr=False)

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "CONCORD_ADDRESS": self.address, "CONCORD_API_KEY": self.key}


class Guest:
    """Somebody from outside, in a session over HTTP: the portal is all there is for them."""

    def __init__(self, address: str, mail: str, password: str) -> None:
        self.address = address
        # what a browser says by itself
        self._headers = {"Sec-Fetch-Site": "same-origin", "If-Match": "*"}
        with self._sent("POST", "/v1/sessions", json.dumps({"name": mail, "password": password}).encode()) as answer:
            self._headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]

    def _sent(self, method: str, path: str, content: bytes | None = None, kind: str = "application/json") -> Any:
        headers = {**self._headers, "Content-Type": kind, "Idempotency-Key": str(uuid4())}
        return urlopen(Request(self.address + path, method=method, data=content, headers=headers), timeout=60)

    def get(self, path: str) -> Any:
        with self._sent("GET", path) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any = None) -> Any:
        with self._sent("POST", path, json.dumps(body or {}).encode()) as answer:
            return json.load(answer)

    def upload(self, path: str, content: bytes) -> Any:
        with self._sent("POST", path, content, kind="application/octet-stream") as answer:
            return json.load(answer)

    def refused(self, method: str, path: str, body: Any = None) -> int:
        """The status with which a request that must not succeed is answered."""
        try:
            self._sent(method, path, None if body is None else json.dumps(body).encode()).close()
        except HTTPError as error:
            with error:
                return error.code
        raise AssertionError(f"{method} {path} was answered")


def hired(concord: Concord, name: str, role: str) -> Person:
    """Somebody new of ours, who has signed in once and made a key, as the README tells."""
    address, mail, password = _added(concord, name, role)
    made = concord("key", "create", mail, "--address", address, "--json", typed=f"{password}\n").json
    return Person(concord.home, address, made["key"])


def let_in(concord: Concord, name: str, role: str, account: str) -> Guest:
    """Somebody of another business, who speaks for an account."""
    return Guest(*_added(concord, name, role, "--account", account))


def _added(concord: Concord, name: str, role: str, *more: str) -> tuple[str, str, str]:
    mail = f"{name.lower().replace(' ', '.')}@example.com"
    address: str = json.loads((concord.home / "operator.json").read_text())["address"]
    return address, mail, concord("user", "add", mail, "--name", name, "--role", role, *more, "--json").json["password"]


def until(found: Callable[[], Any], within: float = 120) -> Any:
    """What is found, once it is: workflows and read models follow in their own time."""
    last = time.monotonic() + within
    while not (what := found()):
        assert time.monotonic() < last, "it did not come about"
        time.sleep(0.3)
    return what
