"""What an operation takes in its query. Whatever else is sent is refused: a misspelt `as_of` that is ignored would show today's numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request

from api.malformed import sentence
from api.problems import RequestMalformed

NO_PAST: dict[str, str] = {
    "who_am_i": "it is about who calls now, not about the tenant's data",
    "list_keys": "keys are credentials, of which the log keeps nothing",
    "read_projections": "it says how far read models have come by now",
    "read_proofs_status": "it says how much is signed by now",
    "stream_events": "it tells what happens from now on",
    "read_events": "it is the log itself, by position: `after` names any place in it",
    "search_access": "the access log has times only: `since` and `until`",
    "list_access_days": "days of the access log are listed as they are kept now",
    "export_access_day": "a day of the access log is what it is, once it is over",
    "replay_decision": "a decision is replayed at its own position; `rules_at` names other rules",
    "replay_approvals": "it is about the period that `first_day` and `last_day` name, by the rules that `version` names",
    "export_bundle": "a bundle holds the positions and the checkpoint that are named",
    "read_checkpoint": "a checkpoint is named by its `size`",
    "prove_inclusion": "a proof is about a position, in the checkpoint that `size` names",
    "prove_consistency": "a proof is about the sizes that are named",
    "list_privacy_records": "cases are told in the order of the log: `after` names any place in it",
    "read_person_privacy": "what binds is the hold or the erasure of today",
    "list_mentions": "it looks for texts that name the person now, to decide about them",
    "list_imports": "runs of files are told with their progress by now",
    "read_import": "a run of a file is told with its progress by now",
    "read_rejected_rows": "it is a file, as the run left it",
    "download_document": "bytes named by their hash are the same at any time",
    "read_document": "bytes named by their hash are the same at any time",
    "download_paper": "it is a file, sealed as it is",
    "read_paper_authority": "it is the certificate that seals papers now",
    "list_portal_disputes": "what is shared is shown as it is now",
    "read_portal_dispute": "what is shared is shown as it is now",
    "read_portal_scorecard": "what is shared is shown as it is now",
    "download_portal_document": "what is shared is shown as it is now",
}
"""Reads that take no `as_of`, and why: every other GET takes it."""
_MOMENT = {"as_of", "basis", "as_seen_by"}
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,60}")
_known: dict[str, Mapping[str, bool]] = {}


def check_query(request: Request) -> None:
    """Refuse parameters that the operation does not take, or takes once and was given several times. Raises RequestMalformed."""
    if request.scope["query_string"]:
        route = request.scope.get("route")
        operation = route.operation_id or "" if isinstance(route, APIRoute) else ""
        known = _known.get(operation)
        if known is None:
            known = declared(route) if isinstance(route, APIRoute) else {}
            _known[operation] = known
        check_names((name for name, _ in request.query_params.multi_items()), known, operation)


def check_names(names: Iterable[str], known: Mapping[str, bool], operation: str = "") -> None:
    """As `check_query`, where `known` are the parameters, and whether each may come several times."""
    seen: set[str] = set()
    places = []
    for name in names:
        if name not in known:
            kind, wrong = "extra_forbidden", _untaken(name, known, operation)
        elif name in seen and not known[name]:
            kind, wrong = "given_twice", "it is given more than once; give it once"
        else:
            seen.add(name)
            continue
        told = name if _NAME.fullmatch(name) else "a parameter"
        places.append({"at": f"query.{told}", "message": wrong, "kind": kind})
    if places:
        raise RequestMalformed(sentence(places), errors=places[:50])


def _untaken(name: str, known: Iterable[str], operation: str) -> str:
    spelt = name.lower().replace("-", "_")
    if operation in NO_PAST and (spelt in _MOMENT or get_close_matches(spelt, _MOMENT, 1, 0.8)):
        return f"this takes no moment, because {NO_PAST[operation]}; leave it away"
    alike = get_close_matches(spelt, list(known), 1)
    return "there is no such parameter here; " + (f"perhaps {alike[0]} is meant" if alike else "leave it away")


def declared(route: APIRoute) -> dict[str, bool]:
    """The query parameters of an operation, and whether each may come several times."""
    found: dict[str, bool] = {}
    for dependant in (route.dependant, *route.dependant.dependencies):
        for parameter in dependant.query_params:
            asked: Any = parameter.field_info.annotation
            if isinstance(asked, type) and issubclass(asked, BaseModel):
                found.update((field.alias or name, _many(field.annotation)) for name, field in asked.model_fields.items())
            else:
                found[parameter.alias] = _many(asked)
    return found


def _many(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return any(_many(each) for each in get_args(annotation))
    return origin in (list, tuple, set, frozenset)
