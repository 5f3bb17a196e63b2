"""Whose time runs out for what is said in words that can stand behind `our` and `their`."""

from __future__ import annotations

from api.cli.dispute_tables import clock_words
from domain.disputes.terms import ClockKind


def test_every_clock_is_named_by_what_is_owed():
    said = {kind: clock_words(kind.value) for kind in ClockKind}
    assert said == {
        ClockKind.ACKNOWLEDGE: "confirmation",
        ClockKind.FIRST_ANSWER: "first answer",
        ClockKind.REPLY: "reply",
        ClockKind.RESOLVE: "settlement",
    }
