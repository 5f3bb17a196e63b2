"""Concord over HTTP beside Tryton over HTTP: opening deals and moving them, same machine, same PostgreSQL, same load generator."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bench import peers
from bench.load import Load, send
from bench.rounds import SECONDS, Rate, interleaved, median_rate
from bench.running import Running, concord
from bench.server import Server
from bench.table import Reading
from bench.tryton import FAULT, Tryton

CONNECTIONS = (8, 64)
FASTEST = 5_000
"""Requests per second that are made beforehand; a server that answers more is cut short, and its rate still holds."""
FASTEST_PEER = 400
GATE = {"to": "discover", "evidence": [{"criterion": "need_stated", "note": "They lose two days a month; said so on 2 March"}]}


def measure(server: Server) -> Iterator[Reading]:
    """With worker and projector running: deals are folded and taken up while they are opened."""
    with ExitStack() as stack:
        running = stack.enter_context(concord(server))
        ours = Deals(running)
        arms: dict[str, Callable[[], Rate]] = {}
        for connections in CONNECTIONS:
            # in this order: a round advances the deals that the same round opened
            arms[f"open.{connections}"] = partial(ours.open, connections)
            arms[f"advance.{connections}"] = partial(ours.advance, connections)
        if peers.installed():
            tryton = Tryton(stack.enter_context(peers.tryton(server)))
            for connections in CONNECTIONS:
                arms[f"tryton.open.{connections}"] = partial(_create, running, tryton, connections)
                arms[f"tryton.advance.{connections}"] = partial(_move, running, tryton, connections)
        ours.open(8)  # the first requests compile routes and warm caches
        found = interleaved(arms)
    for what in ("open", "advance"):
        rates = found[f"{what}.64"]
        yield Reading(f"http.{what}", median_rate(rates))
        yield Reading(f"http.{what}.p95", statistics.median(rate.p95 for rate in rates) * 1e3)
        for connections in CONNECTIONS:
            peer = found.get(f"tryton.{what}.{connections}")
            value = median_rate(peer) if peer else None
            yield Reading(f"http.{what}.{connections}.tryton", median_rate(found[f"{what}.{connections}"]), value)


class Deals:
    """Opens deals, and advances those that it opened, each once."""

    def __init__(self, running: Running) -> None:
        self._running = running
        today = datetime.now(UTC).date()
        self._owner = running.call("POST", "/v1/members", {"name": "Alice Seller", "roles": ["sales_manager"]})["id"]
        account = {"legal_name": "Customer Werke GmbH", "roles": ["customer"], "country": "DE", "owner": self._owner}
        self._deal = {
            "title": "Rollout of the service desk to eleven countries",
            "account": running.call("POST", "/v1/accounts", account)["id"],
            "owner": self._owner,
            "amount": {"amount": "125000.00", "currency": "EUR"},
            "close_date": (today + timedelta(days=120)).isoformat(),
        }
        self._opened: list[dict[str, Any]] = []

    def open(self, connections: int, seconds: float = SECONDS) -> Rate:
        """Each request opens one deal, with an Idempotency-Key of its own."""
        requests = [self._running.raw("POST", "/v1/deals", self._deal) for _ in range(int(FASTEST * seconds))]
        answers = send(Load(self._running.port, requests, connections, seconds, keep_answers=True))
        self._opened += [json.loads(body.partition(b"\r\n\r\n")[2]) for body in answers.bodies]
        return answers.rate()

    def opened(self, count: int) -> list[dict[str, Any]]:
        """So many new deals, as the door answered: `id`, `version`, `position`."""
        requests = [self._running.raw("POST", "/v1/deals", self._deal) for _ in range(count)]
        answers = send(Load(self._running.port, requests, 8, 60, keep_answers=True))
        answers.rate()
        return [json.loads(body.partition(b"\r\n\r\n")[2]) for body in answers.bodies]

    def advance(self, connections: int, seconds: float = SECONDS) -> Rate:
        """Each request asks for one deal's move into the next stage, with the evidence its gate wants and the ETag it was given."""
        while len(self._opened) < FASTEST * seconds / 4:
            self.open(64)
        requests = [
            self._running.raw("POST", f"/v1/deals/{deal['id']}/advance", GATE, {"If-Match": f'"{deal["version"]}"'})
            for deal in self._opened
        ]
        answers = send(Load(self._running.port, requests, connections, seconds))
        # requests leave in order, so that those not sent are the last
        self._opened = self._opened[len(answers.durations) + len(answers.failures) :]
        return answers.rate()


def _create(running: Running, tryton: Tryton, connections: int, seconds: float = SECONDS) -> Rate:
    with running.suspended():
        return send(Load(tryton.port, tryton.creations(int(FASTEST_PEER * seconds)), connections, seconds, FAULT)).rate()


def _move(running: Running, tryton: Tryton, connections: int, seconds: float = SECONDS) -> Rate:
    with running.suspended():
        leads = tryton.leads(int(FASTEST_PEER * seconds))
        return send(Load(tryton.port, tryton.moves(leads), connections, seconds, FAULT)).rate()
