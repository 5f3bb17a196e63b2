"""Approvals at the command line: asked by a move, shown to everybody it concerns, answered by whom it asks."""

from __future__ import annotations

import http.client
import json
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from api.cli.outcomes import Exit
from tests.cli.conftest import Concord, Ended

SOON = (datetime.now(UTC).date() + timedelta(days=60)).isoformat()
STAGES = [
    {"key": "talk", "name": "Talk", "order": 1, "probability": 10, "category": "pipeline", "approvals": ["commercial", "finance", "legal"]},
    {"key": "paper", "name": "Paper", "order": 2, "probability": 90, "category": "best_case"},
    {"key": "won", "name": "Won", "order": 8, "kind": "won", "probability": 100, "category": "closed"},
    {"key": "lost", "name": "Lost", "order": 9, "kind": "lost", "probability": 0, "category": "omitted"},
]


def _http(address: str, method: str, path: str, body: Any, **headers: str) -> tuple[Any, dict[str, str]]:
    parts = urlsplit(address)
    sent = {"Content-Type": "application/json", "Origin": address, **headers}
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)) as connection:
        connection.request(method, path, json.dumps(body), sent)
        response = connection.getresponse()
        raw = response.read()
    assert response.status < 300, raw
    return json.loads(raw) if raw else None, {name.lower(): value for name, value in response.getheaders()}


@pytest.fixture(scope="module")
def mona(concord: Concord, acme: str) -> dict[str, str]:
    """A sales manager's credentials, for the environment of her commands; and a pipeline whose first gate asks for consent."""
    assert acme
    operator = json.loads((concord.home / "operator.json").read_text())
    address, key = operator["address"], operator["keys"]["default"]
    bearer = {"Authorization": f"Bearer {key}"}
    _http(address, "POST", "/v1/pipelines", {"name": "Gated", "stages": STAGES}, **bearer, **{"Idempotency-Key": "gated"})
    concord("products", "add", "Consent saw", "--price", "1000 EUR")
    added = concord("user", "add", "mona@example.com", "--name", "Mona Manager", "--role", "sales_manager", "--json").json
    _, headers = _http(address, "POST", "/v1/sessions", {"name": "mona@example.com", "password": added["password"]})
    cookie = {"Cookie": headers["set-cookie"].partition(";")[0]}
    issued, _ = _http(address, "POST", "/v1/keys", {"label": "hers"}, **cookie)
    return {"CONCORD_API_KEY": issued["key"], "CONCORD_ADDRESS": address}


def _ask(concord: Concord, title: str) -> Ended:
    line = "Consent saw, 1, 1000 EUR, 15%"
    concord("deals", "open", title, "--account", "Acme", "--line", line, "--close-date", SOON, "--pipeline", "Gated")
    return concord("deals", "advance", title, "paper", "--wait", "30", code=Exit.PENDING)


def test_a_move_says_whom_it_waits_for_and_goes_on_with_the_answer(concord: Concord, mona: dict[str, str]):
    assert "waits for approval" in _ask(concord, "Consented").out
    assert "asks Mona Manager" in concord("deals", "show", "Consented").out
    listed = concord("approvals", "list").out
    assert "Mona Manager" in listed
    assert "15 % off" in listed
    assert "asked" in concord("approvals", "show", "Consented").out
    assert "your own request" in concord("approvals", "approve", "Consented", code=Exit.REFUSED).err
    assert "Approvers are asked" in concord("deals", "payment-terms", "Consented", "60", code=Exit.REFUSED).err
    inbox = concord.apart("approvals", "list", "--mine", **mona)
    assert "Consented" in inbox.out, inbox.err
    assert "approvals that ask you" in concord.apart("today", **mona).out
    agreed = concord.apart("approvals", "approve", "Consented", "--note", "Fine", **mona)
    assert "all have agreed" in agreed.out, agreed.err
    deadline = time.monotonic() + 60
    while (item := concord("deals", "show", "Consented", "--json").json["item"])["stage"] != "paper":
        assert time.monotonic() < deadline, item
        time.sleep(0.3)
    _ask(concord, "Consented: one more")
    named = concord.apart("approvals", "approve", "Consented", **mona)
    assert (named.code, "Consented: one more" in named.err) == (Exit.REFUSED, True)
    told = concord("replay", "Consented").out
    assert "agreed in the commercial chain: Fine" in " ".join(told.split())
    assert "Nothing would differ" in concord("approvals", "what-if", "--version", "0").out


def test_a_no_comes_back_with_its_words_and_a_request_can_be_taken_back(concord: Concord, mona: dict[str, str]):
    _ask(concord, "Refused saws")
    assert "Missing option" in concord.apart("approvals", "reject", "Refused saws", **mona).err
    said = concord.apart("approvals", "reject", "Refused saws", "--note", "Too much", **mona)
    assert "rejected" in said.out, said.err
    _ask(concord, "Taken back")
    assert "took the request back" in concord("approvals", "withdraw", "Taken back").out
    assert "Taken back" in concord("approvals", "list", "--status", "withdrawn").out


def test_the_policy_is_shown_and_laid_down_anew(concord: Concord, tmp_path: Any):
    assert "sales manager" in concord("approvals", "policy").out
    rules = concord("approvals", "policy", "--json").json
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({**rules, "business_days": 2}))
    assert "holds from now on" in concord("approvals", "policy", "--define", str(file)).out
    assert "2 business days" in concord("approvals", "policy").out
    file.write_text("no rules")
    concord("approvals", "policy", "--define", str(file), code=Exit.USAGE)


def test_somebody_stands_in(concord: Concord, mona: dict[str, str]):
    assert mona
    assert "stands in for you" in concord("approvals", "delegate", "Mona Manager", "--until", SOON).out
    concord("approvals", "delegate", "Mona Manager", code=Exit.USAGE)
