"""Every GET takes `as_of` and `basis`, and is narrowed by `as_seen_by`, or stands here with its reason."""

from typing import Any

NO_TENANTS_PAST = {
    "who_am_i": "about the session, not about the tenant's data",
    "list_keys": "credentials are no events",
    "list_sessions": "credentials are no events",
    "read_projections": "how far read models have come by now",
    "stream_events": "what happens from now on",
    "read_events": "the log itself, by position: `after` names any place in it",
    "search_access": "the access log is beside the event log and has times only: `since` and `until`",
    "list_access_days": "the sealed days as they stand: each names the position that sealed it",
    "export_access_day": "a sealed day, which has no other past",
    "replay_decision": "about one position of the log; `rules_at` names the moment of other rules",
    "replay_approvals": "about a period that is named, by a version that is named",
    "list_imports": "runs of files, with their progress by now",
    "read_import": "a run of a file, with its progress by now",
    "read_rejected_rows": "a file of a run",
    "download_document": "bytes, named by their hash: they have no past",
    "read_document": "bytes, named by their hash: they have no past",
    "download_paper": "a file, sealed as it is",
    "read_paper_authority": "a certificate",
    "list_portal_disputes": "who is from outside sees what is shared with them now",
    "read_portal_dispute": "who is from outside sees what is shared with them now",
    "read_portal_scorecard": "who is from outside sees what is shared with them now",
    "download_portal_document": "who is from outside sees what is shared with them now",
}
"""Reads that have no past, and why."""
PROVING = "proofs, bundles and privacy name positions and cases themselves"
NARROWED_BY_NOBODY = {
    "read_approval_policy": "rules are the same for everybody",
    "read_scorecard": "rules are the same for everybody",
    "read_settings": "rules are the same for everybody",
    "read_attributes": "rules are the same for everybody",
    "read_rates": "rates are the same for everybody",
    **dict.fromkeys(
        ("list_members", "list_teams", "list_pipelines", "list_products", "list_clauses", "list_templates"),
        "everybody inside sees all of these",
    ),
    **dict.fromkeys(
        ("search_log", "draw_sample", "read_findings", "read_state", "compare_thing", "compare_list"),
        "of the log as a whole, which nobody sees in part",
    ),
}
"""Reads at a moment that are the same through every member's eyes, and why."""


def _gets(document: Any) -> list[tuple[str, str, set[str]]]:
    found = []
    for route, method, operation in document:
        if method == "GET":
            parameters = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
            found.append((operation["operationId"], route.path_format, parameters))
    return found


def _proving(path: str) -> bool:
    return any(part in path for part in ("/proofs", "/privacy", "/bundle", "/checkpoint", "/transfer", "/exports"))


def test_every_read_takes_a_moment_or_says_why_it_has_no_past(world_document: Any):
    gets = _gets(world_document)
    assert len(gets) > 80
    for name, path, parameters in gets:
        if _proving(path):
            continue
        takes = {"as_of", "basis"} <= parameters
        assert takes != (name in NO_TENANTS_PAST), f"{name} ({path}) has to take as_of and basis, or to be listed with its reason"


def test_every_read_of_a_moment_is_narrowed_to_what_a_member_could_see_or_says_why_not(world_document: Any):
    for name, path, parameters in _gets(world_document):
        if "as_of" in parameters and not name.endswith("_history"):  # a history is the log's own, as it stands
            narrowed = "as_seen_by" in parameters
            assert narrowed != (name in NARROWED_BY_NOBODY), f"{name} ({path}) has to take as_seen_by, or to be listed with its reason"


def test_no_reason_is_given_for_what_is_not_there(world_document: Any):
    names = {name for name, *_ in _gets(world_document)}
    assert NARROWED_BY_NOBODY.keys() <= names
    assert NO_TENANTS_PAST.keys() - {"list_sessions"} <= names
