"""`concord privacy` and `concord keys`: copies as files, holds that are named, and rotations while everything runs."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from api.cli.outcomes import Exit
from infra.root_key import id_of
from tests.cli.conftest import Concord
from tests.journeys.people import until

CASE = ("--case", "DSR-9")


def test_a_person_is_handed_a_copy_held_released_and_listed(concord: Concord, acme: str, tmp_path: Path):
    concord("contacts", "add", "Lou Blanc", "--account", acme, "--email", "lou@acme.example")
    concord("interactions", "log", "call", "Lou wants a quote", "--contact", "Lou Blanc")
    told = concord("privacy", "export", "lou@acme.example", *CASE, "--to", str(tmp_path / "lou"), "--json").json
    copy = json.loads((tmp_path / "lou.json").read_text())
    assert told["events"] == len(copy["events"]) >= 2
    text = (tmp_path / "lou.txt").read_text()
    assert "Lou wants a quote" in text
    assert f"{copy['events'][0]['day']}  contact added" in text
    assert stat.S_IMODE((tmp_path / "lou.txt").stat().st_mode) == 0o600
    concord("privacy", "hold", "Lou Blanc", "--case", "LIT-9", "--until", "2031-03-31")
    assert "On hold for LIT-9 until 2031-03-31." in concord("privacy", "show", "Lou Blanc").out
    assert "LIT-9" in concord("privacy", "erase", "Lou Blanc", *CASE, "--yes", code=Exit.REFUSED).err
    concord("privacy", "release", "Lou Blanc", "--case", "LIT-9")
    assert "Nothing is decided" in concord("privacy", "show", "Lou Blanc").out
    listed = concord("privacy", "list").out
    assert "LIT-9" in listed
    assert "released" in listed
    assert "Operator" in listed
    assert "Lou" not in listed


def test_keys_are_rotated_while_everything_goes_on(concord: Concord, acme: str):
    root = (concord.home / "root.key").read_bytes()
    assert "under it" in concord("keys", "rotate", "--tenant", "default").out
    assert "under it" in concord("keys", "rotate", "--root").out
    new = (concord.home / "root.key").read_bytes()
    assert new != root
    # the search follows the log in its own time, which a command on this machine's own files does not wait for
    told = ("audit", "search", "--event", "encryption_key.rotated", "--json")
    found = until(lambda: len(items := concord(*told).json["items"]) > 1 and items)
    assert [item["actor_name"] for item in found[:2]] == ["Operator", "Operator"]
    assert f"known as {id_of(new)} is in use" in found[0]["sentence"]
    assert new.hex() not in json.dumps(found)
    assert "Jo Weber" in concord("contacts", "list").out
    concord("contacts", "add", "Max Late", "--account", acme)
    assert "Max Late" in concord("contacts", "show", "Max Late").out
    assert "--root" in concord("keys", "rotate", code=Exit.USAGE).err
    assert "default" in concord("keys", "rotate", "--tenant", "nobody", code=Exit.NOT_FOUND).err
