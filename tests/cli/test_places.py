"""What the API says of a field is told as whoever typed the command would say it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.cli.client import Problem
from api.cli.places import in_options, options_of, place, told
from api.malformed import told_of
from domain.papers.commands import SendPaper
from tests.cli.conftest import Concord

OPTIONS = {"since": "--since", "line": "--line", "status": "--status", "to": "--to", "amount": "--amount", "expires": "--expires"}


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("body.amount.amount", "--amount"),
        ("body.amount.currency", "--amount's currency"),
        ("body.lines.0.net", "--line 1's net"),
        ("body.lines.1.unit_price.amount", "--line 2's unit price amount"),
        ("query.status.0", "--status"),
        ("query.opened_from", "--since"),
        ("body.signatories.0.email", "--to 1's email"),
        ("body.statutory_due_on", "statutory due on"),
        ("body", "body"),
    ],
)
def test_a_place_is_named_by_the_option_that_it_came_from(at: str, said: str):
    assert place(at, OPTIONS) == said


def test_what_no_option_gave_is_said_in_words_and_counted_from_one():
    assert place("body.lines.1.discount", {}) == "line 2's discount"
    assert place("amount.amount", {}) == "amount"


def test_an_option_with_several_spellings_is_named_by_the_one_that_was_meant():
    class Given:
        name, opts = "account", ("--account", "--supplier")

    assert options_of([Given]) == {"account": "--account", "supplier": "--supplier"}


def test_digits_are_asked_for_without_the_words_of_json():
    assert told("rate", 'write percents as a text: "5" or "7.5"', {}) == "rate: write percents, like 5 or 7.5"


def test_a_list_is_not_called_empty_because_what_it_holds_is_wrong():
    with pytest.raises(ValidationError) as refused:
        SendPaper.model_validate_json('{"signatories": [{"name": "Jo", "email": "jo", "party": "Acme"}]}')
    assert [one["at"] for one in told_of(refused.value.errors())] == ["signatories.0.email"]
    with pytest.raises(ValidationError) as refused:
        SendPaper.model_validate_json('{"signatories": []}')
    assert [one["message"] for one in told_of(refused.value.errors())] == ["name at least 1"]


def test_several_places_are_each_told_in_words():
    errors = [{"at": "body.lines.0.net", "message": "write some text"}, {"at": "body.lines.1.net", "message": "write some text"}]
    problem = Problem(422, {"rule": "RequestMalformed", "detail": "lines.0.net: write some text (and 1 more).", "errors": errors})
    assert problem.sentence == "line 1's net: write some text (and 1 more)."
    assert problem.lines == ("  - line 1's net: write some text", "  - line 2's net: write some text")


def test_a_command_tells_its_own_options_and_the_most_that_an_amount_may_be(concord: Concord, acme: str):
    said = concord("disputes", "figures", "--since", "yesterday", code=2).err
    assert said.startswith("--since: write an instant")
    said = concord("contracts", "obligations", "--status", "nonsense", code=2).err
    assert said.startswith("--status: use one of")
    dear = ("--amount", "99999999999999999999.00 EUR", "--close-date", "2099-03-31")
    said = concord("deals", "open", "Far too dear", "--account", acme, *dear, code=2).err
    assert said.strip() == "--amount: write at most 15 digits, perhaps a point and at most 6 more, like 1250.00."


def test_a_refusal_names_the_options_as_they_are_typed():
    given = {"first": "--from", "last": "--to", "since": "--since", "as_of": "--as-of"}
    said = in_options("`first` has to be at or before `last`, and covered by the checkpoint.", given)
    assert said == "--from has to be at or before --to, and covered by the checkpoint."
    assert in_options("`since` has to lie before `as_of`; swap them.", given) == "--since has to lie before --as-of; swap them."
    assert in_options("as_of names a position that the log has not reached.", given).startswith("--as-of names")
    assert in_options("`concord status` tells; `until` is no option here.", given) == "`concord status` tells; `until` is no option here."


def test_what_the_api_refuses_is_told_with_the_options_of_the_command_that_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.cli.client.of_this_command", lambda: {"since": "--since", "as_of": "--as-of"})
    problem = Problem(422, {"rule": "Invalid", "detail": "`since` has to lie before `as_of`; swap them."})
    assert problem.sentence == "--since has to lie before --as-of; swap them."
