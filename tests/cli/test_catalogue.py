"""What a tenant lays down for itself: teams, own fields, pipelines, calendars; stated, changed, taken out of use and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.cli.outcomes import Exit
from tests.cli.conftest import Concord

AT = ("--tenant", "laid")


@pytest.fixture(scope="module")
def laid(concord: Concord) -> Concord:
    """With a tenant of its own."""
    concord("tenant", "create", "laid")
    return concord


def test_a_team_is_renamed_moved_led_dissolved_and_restored(laid: Concord):
    laid("user", "add", "ana@laid.example", "--name", "Ana Souza", "--role", "sales_manager", *AT)
    laid("teams", "form", "South", *AT)
    laid("teams", "form", "East", *AT)
    assert "Called South East" in laid("teams", "rename", "East", "South East", *AT).out
    assert "Below South now" in laid("teams", "move", "South East", "--below", "South", *AT).out
    assert "Nothing changed" in laid("teams", "move", "South East", "--below", "South", *AT).out
    assert "Led by Ana Souza" in laid("teams", "lead", "South", "Ana Souza", *AT).out
    listed = {one["item"]["name"]: one["item"] for one in laid("teams", "list", "--json", *AT).json["items"]}
    assert listed["South East"]["parent"] is not None
    assert listed["South"]["manager"] is not None
    laid("teams", "move", "South", "--below", "South East", *AT, code=Exit.REFUSED)
    assert "On top now" in laid("teams", "move", "South East", *AT).out
    assert "Led by nobody" in laid("teams", "lead", "South", *AT).out
    laid("teams", "dissolve", "South East", *AT)
    assert "dissolved" in laid("teams", "list", *AT).out
    laid("teams", "restore", "South East", *AT)
    assert "dissolved" not in laid("teams", "list", *AT).out


def test_a_field_is_changed_in_what_is_said_only_and_retired(laid: Concord):
    options = ("--option", "low", "--option", "high")
    laid("fields", "define", "deal", "risk", "--label", "Risk", "--type", "choice", *options, "--required", *AT)
    laid("fields", "change", "deal", "risk", *options, "--option", "medium", *AT)
    (field,) = laid("fields", "list", "deal", "--json", *AT).json["deal"]
    assert (field["label"], field["options"], field["required"]) == ("Risk", ["low", "high", "medium"], True)
    laid("fields", "change", "deal", "risk", "--optional", *AT)
    assert "Nothing changed" in laid("fields", "change", "deal", "risk", "--optional", *AT).out
    assert "Say what" in laid("fields", "change", "deal", "risk", *AT, code=Exit.USAGE).err
    assert "fields list deal" in laid("fields", "change", "deal", "luck", "--label", "Luck", *AT, code=Exit.NOT_FOUND).err
    laid("fields", "retire", "deal", "risk", *AT)
    assert "out of use" in laid("fields", "list", "deal", *AT).out


def test_a_pipeline_is_laid_down_from_what_another_shows_revised_and_retired(laid: Concord, tmp_path: Path):
    file = tmp_path / "renewals.json"
    file.write_text(laid("pipelines", "show", "Way to signing", "--json", *AT).out, encoding="utf-8")
    assert "Laid down Renewals" in laid("pipelines", "define", str(file), "--name", "Renewals", *AT).out
    version = laid("pipelines", "show", "Renewals", "--json", *AT).json["item"]["versions"][-1]
    version["stages"][0]["name"] = "Look again"
    file.write_text(json.dumps({"name": "Renewals", "stages": version["stages"]}), encoding="utf-8")
    assert "next version" in laid("pipelines", "revise", "Renewals", str(file), *AT).out
    assert "Nothing changed" in laid("pipelines", "revise", "Renewals", str(file), *AT).out
    assert "Look again" in laid("pipelines", "Renewals", *AT).out
    laid("pipelines", "retire", "Renewals", "--reason", "Replaced", *AT)
    assert "(retired)" in laid("pipelines", *AT).out
    laid("pipelines", "reinstate", "Renewals", *AT)
    assert "(retired)" not in laid("pipelines", *AT).out
    file.write_text("[]", encoding="utf-8")
    assert "lays down no pipeline" in laid("pipelines", "define", str(file), *AT, code=Exit.USAGE).err
    assert "No such file" in laid("pipelines", "define", str(tmp_path / "nothing"), *AT, code=Exit.FAILED).err


def test_a_calendar_is_stated_as_a_whole_and_listed(laid: Concord):
    assert "concord settings calendar" in " ".join(laid("settings", "calendars", *AT).out.split())
    laid("settings", "calendar", "DE-BE", "--zone", "Europe/Berlin", "--holiday", "2027-01-01, New Year", "--opens", "08:30", *AT)
    (stated,) = laid("settings", "calendars", "--json", *AT).json["items"]
    assert (stated["key"], stated["weekend"], stated["opens"][:5], list(stated["holidays"])) == ("DE-BE", [6, 7], "08:30", ["2027-01-01"])
    assert "08:30-17:00" in laid("settings", "calendars", *AT).out
    laid("settings", "calendar", "DE-BE", "--zone", "Europe/Berlin", "--weekend", "5", *AT)
    (stated,) = laid("settings", "calendars", "--json", *AT).json["items"]
    assert (stated["weekend"], stated["holidays"]) == ([5], {})
    assert "'DAY, NAME'" in laid("settings", "calendar", "X", "--zone", "UTC", "--holiday", "2027-01-01", *AT, code=Exit.USAGE).err
