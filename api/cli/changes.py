"""A change of one thing that is named: found, sent to its door, and told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.cli.client import Client, calling
from api.cli.deals_move import matching
from api.cli.outcomes import say_change
from api.cli.references import Noun, find


def change(
    noun: Noun,
    written: str,
    path: str,
    body: dict[str, Any] | Callable[[Client], dict[str, Any]],
    sentence: str,
    tenant: str | None,
    *,
    as_json: bool,
) -> None:
    """Send `body`, or what it makes of names, to the `path` below the thing that is meant. Raises Ended."""
    with calling(tenant) as client:
        id = find(client, noun, written)["id"]
        said = body(client) if callable(body) else body
        answer = client.post(f"{noun.path}/{id}{path}", said, if_match=matching(None))
    say_change(answer, sentence, as_json=as_json)
