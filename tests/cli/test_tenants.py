"""Tenants made by the operator, whichever tenant the environment names."""

from __future__ import annotations

import json

from api.cli.outcomes import Exit
from tests.cli.conftest import Concord


def test_a_tenant_is_created_though_the_environment_names_it_already(concord: Concord):
    made = concord.apart("tenant", "create", "fresh", CONCORD_TENANT="fresh")
    assert made.code == 0, made.err
    assert "Tenant fresh is ready" in made.out
    assert concord.apart("accounts", "list", CONCORD_TENANT="fresh").code == 0


def test_a_tenant_that_was_left_half_made_is_completed(concord: Concord):
    concord("tenant", "create", "halved")
    file = concord.home / "operator.json"
    written = json.loads(file.read_text())
    del written["keys"]["halved"]
    file.write_text(json.dumps(written))
    assert "Tenant halved is ready" in concord("tenant", "create", "halved").out
    concord("accounts", "list", "--tenant", "halved")


def test_creating_a_tenant_again_says_that_it_was_there_and_keeps_its_key(concord: Concord):
    assert concord("tenant", "create", "twice", "--json").json == {"tenant": "twice", "created": True}
    before = (concord.home / "operator.json").read_text()
    assert "Tenant twice was there already" in concord("tenant", "create", "twice").out
    assert concord("tenant", "create", "twice", "--json").json == {"tenant": "twice", "created": False}
    assert (concord.home / "operator.json").read_text() == before


def test_a_tenant_that_nobody_made_is_not_found(concord: Concord):
    said = concord("deals", "list", "--tenant", "nobody", code=Exit.NOT_FOUND).err
    assert "concord tenant create nobody" in said
