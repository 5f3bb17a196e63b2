"""S28: the auditor's role is read-only and complete: it reaches every read that is about the tenant, and no write."""

from typing import Any

from api.callers import Roles
from api.openapi import stated
from domain.kernel import Role

OWN = {"issue_key", "revoke_key", "list_keys", "change_password", "mark_notification_read", "read_notification", "dismiss_notification"}
"""What everybody does with their own keys and notices: it changes nothing of the business."""
NOT_THEIRS = {"read_projections", "list_mentions"}
"""A read of the operation, not of the business; and one of whoever hands a person's data out."""


def _doors(document: Any) -> list[tuple[str, str, str, Roles]]:
    return [
        (operation["operationId"], method, route.path_format, door)
        for route, method, operation in document
        for door in stated(route)
        if isinstance(door, Roles)
    ]


def test_an_auditor_reaches_every_read(world_document: Any):
    reads = [(name, path, door) for name, method, path, door in _doors(world_document) if method == "GET"]
    assert len(reads) > 80
    for name, path, door in reads:
        if not path.startswith("/v1/portal") and name not in NOT_THEIRS:
            assert Role.AUDITOR in door.roles, f"{name}: an auditor cannot read it"


def test_an_auditor_reaches_no_write(world_document: Any):
    writes = [(name, door) for name, method, _, door in _doors(world_document) if method != "GET"]
    assert len(writes) > 100
    for name, door in writes:
        assert Role.AUDITOR not in door.roles or all(action.endswith(".own") for action in door.actions), f"{name}: an auditor can write"
