"""The auditor at the command line: search, states, differences, decisions, samples, findings and the access log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api.cli.audit_search import drawn_again
from api.cli.audit_things import _ALSO, NOUNS, verdict
from api.cli.outcomes import Ended, Exit
from api.cli.references import find_among
from api.cli.replay import print_story
from tests.cli.conftest import Concord

SOON = (datetime.now(UTC).date() + timedelta(days=60)).isoformat()
AT = ("--tenant", "audited")


def test_an_auditor_finds_what_happened_and_what_changed_and_decides_again(concord: Concord):
    concord("tenant", "create", "audited")
    account = concord("accounts", "open", "Acme", "--role", "customer", "--country", "de", "--json", *AT).json["id"]
    concord("deals", "open", "Castings", "--account", account, "--amount", "1000 EUR", "--close-date", SOON, *AT)
    [opened] = concord("audit", "search", "--event", "deal.opened", "--json", *AT).json["items"]
    concord("deals", "rename", "Castings", "Castings and more", *AT)
    assert "Castings" in concord("audit", "search", "castings", "--noun", "deal", "--since", "today", *AT).out
    assert "account" not in concord("audit", "search", "castings", "--noun", "deal", "--json", *AT).out.split('"topic"')[0]

    assert "Castings" in concord("audit", "state", "Castings and more", "1", *AT).out
    told = concord("audit", "diff", "Castings and more", "--since", str(opened["position"]), *AT).out
    assert "title" in told
    assert "Castings and more" in told
    assert "1 changed" in concord("audit", "diff", "deals", "--since", str(opened["position"]), *AT).out
    forecast = concord("audit", "diff", "forecast", "--since", str(opened["position"] - 1), *AT).out
    assert "1,000.00" in forecast
    assert "It balances" in forecast

    [renamed] = concord("audit", "search", "--event", "deal.renamed", "--json", *AT).json["items"]
    decided = concord("audit", "decision", str(renamed["position"]), *AT).out
    assert "RenameDeal" in decided
    assert "would have been the same" in decided

    first = concord("audit", "sample", "--seed", "7", "--size", "5", "--at", str(renamed["position"]), "--json", *AT).json
    again = concord("audit", "sample", "--seed", "7", "--size", "5", "--at", str(renamed["position"]), "--json", *AT).json
    assert [hit["position"] for hit in first["items"]] == [hit["position"] for hit in again["items"]]
    assert "Nothing was found" in concord("audit", "findings", *AT).out
    assert "read" in concord("audit", "access", "--what", "search_log", *AT).out
    assert "no such noun" in concord("audit", "state", opened["stream"], "1", "--noun", "nothing", *AT, code=Exit.NOT_FOUND).err


def test_of_a_command_that_cannot_be_told_back_no_verdict_is_given(concord: Concord):
    found = concord("audit", "decision", "1", "--json").json
    assert (found["determined"], found["differs"], found["outcome"]) == (False, None, [])
    said = " ".join(concord("audit", "decision", "1").out.split())
    assert "cannot be told back" in said
    assert "would have been" not in said


def test_of_a_request_whose_command_is_not_known_only_whom_it_asked_is_judged():
    found = {"determined": False, "by": {"policy_version": 1}, "differs": True, "why": ["The discount chain would ask nobody."]}
    assert verdict(found) == ["By policy version 1 whom it asked would have been otherwise:", "  - The discount chain would ask nobody."]
    assert verdict({**found, "by": {}, "differs": False}) == ["By the rules of the time whom it asked would have been the same."]
    assert verdict({**found, "determined": True, "by": {}, "differs": False}) == ["By the rules of the time it would have been the same."]
    assert verdict({**found, "differs": None}) == []


def test_a_sample_names_the_whole_command_that_draws_it_again():
    assert drawn_again("7", 5, "approvals", 14899, None) == "concord audit sample --seed 7 --size 5 --of approvals --at 14899"
    assert drawn_again("a;b", 5, "events", 9, "acme") == "concord audit sample --seed 'a;b' --size 5 --of events --at 9 --tenant acme"


def test_where_nothing_is_found_no_moment_is_spoken_of_that_nobody_named(capsys: pytest.CaptureFixture[str]):
    print_story([], "")
    print_story([], "", empty="Nothing was found.")
    assert capsys.readouterr().out.splitlines() == ["Nothing is told of it.", "Nothing was found."]


def test_a_name_that_nothing_has_is_answered_with_all_that_can_be_named():
    class Empty:
        def page(self, *_: object, **__: object) -> dict[str, list[object]]:
            return {"items": []}

    with pytest.raises(Ended) as refused:
        find_among(Empty(), NOUNS, "audit", also=_ALSO)
    assert refused.value.sentence == (
        "Nothing that you may know of is called 'audit': name a deal, contract, dispute, account, contact, supplier, paper, member, team, "
        "pipeline or product, a list of them (deals, contracts, ..., and approvals or interactions), or forecast."
    )
