"""Tryton's side: sign in, fill, and the two requests that compare with opening and advancing a deal."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Sequence
from typing import Any

from bench.peers import PASSWORD, TRYTON_DATABASE

FAULT = b'"error"'
"""Tryton answers 200 to errors: their body holds this."""


class Tryton:
    """A session of Tryton's JSON-RPC. Its nearest thing to a deal is a sale opportunity, to a stage its state.

    A lead moves into the state opportunity by its workflow's button, as the web client does it.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self._authorization = ""
        user, session, *_ = self.call("common.db.login", "admin", {"password": PASSWORD}, "en")
        self._authorization = "Session " + base64.b64encode(f"admin:{user}:{session}".encode()).decode()
        self._context = self.call("model.res.user.get_preferences", True, {})
        self._customers = self._first("party.party", ["name", "like", "Customer %"], 200)
        self._currency = self._first("currency.currency", ["code", "=", "USD"])[0]

    def call(self, method: str, *parameters: Any) -> Any:
        """Raises RuntimeError with Tryton's own words."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
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

    def leads(self, count: int) -> list[int]:
        """So many opportunities in the state lead, created in batches where there are too few."""
        condition = [["state", "=", "lead"]]
        found: list[int] = self.call("model.sale.opportunity.search", condition, 0, count, [["id", "ASC"]], self._context)
        for start in range(len(found), count, 250):
            values = [self._values(i) for i in range(start, min(start + 250, count))]
            found += self.call("model.sale.opportunity.create", values, self._context)
        return found

    def moves(self, leads: Sequence[int]) -> list[bytes]:
        """Requests that each move one lead into the next state."""
        return [self._raw("model.sale.opportunity.opportunity", [id], self._context) for id in leads]

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
