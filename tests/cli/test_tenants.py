"""Tenants made by the operator, whichever tenant the environment names."""

from __future__ import annotations

import json
import os
from pathlib import Path

from api.cli.outcomes import Exit
from infra.embedded.process import RunningProcess
from infra.embedded.run_state import READY, RunState
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


def test_a_demo_that_is_still_being_made_asks_for_patience_and_for_no_other_tenant(tmp_path: Path):
    (tmp_path / "operator.json").write_text(json.dumps({"address": "http://127.0.0.1:9", "keys": {"default": "ck_x"}}))
    here = RunningProcess.of(os.getpid())
    assert here is not None
    RunState(here, READY).with_child("demo", here).write(tmp_path / "state.json")
    said = Concord(tmp_path)("deals", "board", "--tenant", "demo", code=Exit.UNREACHABLE).err
    assert "still being made: try again in a moment" in said
    assert "tenant create" not in said
    assert "concord tenant create little" in Concord(tmp_path)("deals", "board", "--tenant", "little", code=Exit.NOT_FOUND).err
    # its process is gone, and left no demo
    RunState(here, READY).write(tmp_path / "state.json")
    said = Concord(tmp_path)("deals", "board", "--tenant", "demo", code=Exit.NOT_FOUND).err
    assert "or run `concord demo`" in said
