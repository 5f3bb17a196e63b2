"""Tryton's side: sign in, fill, and the two requests that compare with opening and advancing a deal."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator, Sequence
from typing import Any

from bench.peers import PASSWORD, TRYTON_DATABASE

FAULT = b'"error"'
"""Tryton answers 200 to errors: their body holds this."""


class Tryton:
    """A session of Tryton's JSON-RPC. Its nearest thing to a deal is a sale opportunity, to a stage its state.

    An opportunity moves between lead and opportunity by its workflow's buttons, as the web client does it.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._authorization = ""
        user, session, *_ = self.call("common.db.login", "admin", {"password": PASSWORD}, "en")
        self._authorization = "Session " + base64.b64encode(f"admin:{user}:{session}".encode()).decode()
        self._context = self.call("model.res.user.get_preferences", True, {})
        self._customers = self._first("party.party", ["name", "like", "Customer %"], 200)
        self._currency = self._first("currency.currency", ["code", "=", "USD"])[0]
        self._turns: dict[int, int] = {}

    def call(self, method: str, *parameters: Any) -> Any:
        """Raises RuntimeError with Tryton's own words."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        try:
            head, body = self._message(method, parameters)
            connection.request("POST", f"/{TRYTON_DATABASE}/rpc/", body, head)
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if "error" in answer:
            raise RuntimeError(f"{method}: {str(answer['error'])[:300]}")
        return answer["result"]

    def creations(self, count: int) -> list[bytes]:
        """Requests that each create one opportunity."""
        return [self._raw("model.sale.opportunity.create", [self._values(i)], self._context) for i in range(count)]

    def fill(self, count: int) -> list[int]:
        """Create so many leads, in batches; their ids."""
        batches = [range(start, min(start + 250, count)) for start in range(0, count, 250)]
        return [id for b in batches for id in self.call("model.sale.opportunity.create", [self._values(i) for i in b], self._context)]

    def moves(self, leads: Sequence[int], count: int) -> list[bytes]:
        """Requests that each move one opportunity, round after round, so that none is moved twice at a time."""
        return [self._raw(f"model.sale.opportunity.{to}", [id], self._context) for id, to in self._turn(leads, count)]

    def _turn(self, leads: Sequence[int], count: int) -> Iterator[tuple[int, str]]:
        for i in range(count):
            yield leads[i % len(leads)], ("lead", "opportunity")[(i // len(leads) + 1) % 2]

    def _values(self, i: int) -> dict[str, Any]:
        return {
            "description": f"Deal {i}",
            "party": self._customers[i % len(self._customers)],
            "company": self._context["company"],
            "employee": self._context["employee"],
            "amount": {"__class__": "Decimal", "decimal": "1000.50"},
            "currency": self._currency,
        }

    def _first(self, model: str, condition: list[str], limit: int = 1) -> list[int]:
        found: list[int] = self.call(f"model.{model}.search", [condition], 0, limit, None, self._context)
        return found

    def _message(self, method: str, parameters: Sequence[Any]) -> tuple[dict[str, str], bytes]:
        head = {"Content-Type": "application/json"} | ({"Authorization": self._authorization} if self._authorization else {})
        return head, json.dumps({"id": 0, "method": method, "params": list(parameters)}).encode()

    def _raw(self, method: str, *parameters: Any) -> bytes:
        head, body = self._message(method, parameters)
        lines = [f"POST /{TRYTON_DATABASE}/rpc/ HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        return "\r\n".join((*lines, *(f"{name}: {value}" for name, value in head.items()), "", "")).encode() + body
