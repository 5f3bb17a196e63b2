"""A person's own key: made by signing in once, used by commands, refused with a wrong password."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from api.cli.outcomes import Exit
from tests.cli.conftest import Concord

ANA = "ana.keys@example.com"


@pytest.fixture(scope="module")
def ana(concord: Concord) -> dict[str, Any]:
    """An account manager who can sign in, and where."""
    password = concord("user", "add", ANA, "--name", "Ana Keys", "--role", "account_manager", "--json").json["password"]
    address = json.loads((concord.home / "operator.json").read_text())["address"]
    return {"password": password, "address": address}


def test_who_signs_in_gets_a_key_and_acts_as_themselves(concord: Concord, ana: dict[str, Any]):
    said = concord("key", "create", ANA, typed=ana["password"] + "\n").out
    assert ana["password"] not in said
    exported = dict(re.findall(r"export (\w+)=(\S+)", said))
    assert exported["CONCORD_ADDRESS"] == ana["address"]
    elsewhere = {**exported, "CONCORD_HOME": "/nowhere"}
    opened = concord.apart("accounts", "open", "Of Ana herself", "--role", "prospect", "--owner", ANA, **elsewhere)
    assert opened.code == 0, opened.err
    assert "Ana Keys" in concord("accounts", "show", "Of Ana herself").out
    # what only an administrator may
    assert concord.apart("pipelines", "retire", "Way to signing", **elsewhere).code == Exit.REFUSED


def test_a_key_that_may_only_read_does_only_that(concord: Concord, ana: dict[str, Any]):
    words = ("key", "create", ANA, "--read-only", "--days", "1", "--label", "screen", "--json")
    made = concord(*words, typed=ana["password"]).json
    assert (made["read_only"], made["label"], made["tenant"], made["address"]) == (True, "screen", "default", ana["address"])
    environment = {"CONCORD_API_KEY": made["key"], "CONCORD_ADDRESS": made["address"]}
    assert concord.apart("accounts", "list", **environment).code == 0
    assert concord.apart("accounts", "open", "Never", **environment).code == Exit.REFUSED


def test_who_cannot_sign_in_gets_no_key(concord: Concord, ana: dict[str, Any]):
    assert "wrong" in concord("key", "create", ANA, typed="not the password\n", code=Exit.REFUSED).err
    assert "password" in concord("key", "create", ANA, typed="", code=Exit.USAGE).err
    concord("key", "create", ANA, "--tenant", "nobodys", typed=ana["password"], code=Exit.NOT_FOUND)
    nowhere = ("key", "create", ANA, "--address", "http://127.0.0.1:9")
    concord(*nowhere, typed=ana["password"], code=Exit.UNREACHABLE)
    away = Concord(concord.home / "no such home")
    assert "CONCORD_ADDRESS" in away("key", "create", ANA, typed=ana["password"], code=Exit.USAGE).err
