"""What an auditor's commands say in words."""

from __future__ import annotations

from api.cli.audit_rows import differences, print_rows, why_of
from api.cli.audit_search import access_words
from api.cli.audit_things import _print_fields
from api.cli.formats import when

OWNER, UNKNOWN = "01936e4c-0000-7000-8000-000000000001", "8f611d99-5e77-4000-8000-000000000002"
ROW = {
    "id": UNKNOWN,
    "name": "Castings",
    "what": "changed",
    "currency": "EUR",
    "columns": {
        "opened_at": ["2026-08-13T11:16:22.18+00:00", None],
        "stalled": [True, False],
        "max_days": [21, None],
        "annual": [None, "0.00"],
        "approval": [None, UNKNOWN],
        "owner": [None, OWNER],
        "category": ["best_case", "omitted"],
        "amount": ["111956.58", "1500000.00"],
        "probability": [25, 50],
        "needs_attention": [[], ["no_next_step"]],
    },
    "changes": [
        {
            "position": 48211,
            "recorded_at": "2026-08-13T11:16:22+00:00",
            "actor_name": "Ana Souza",
            "sentence": "It was omitted.",
            "why": "Lost",
        }
    ],
    "changes_in_all": 7,
}


def test_a_difference_is_told_in_words_amounts_and_names():
    assert differences(ROW, {OWNER: "Ana Souza"}).split("; ") == [
        f"opened at: {when('2026-08-13T11:16:22.18+00:00')} -> none",
        "stalled: yes -> no",
        "owner: none -> Ana Souza",
        "category: best case -> omitted",
        "amount: 111,956.58 EUR -> 1,500,000.00 EUR",
        "probability: 25 % -> 50 %",
        "needs attention: none -> no next step",
    ]
    moved = {"currency": "EUR", "columns": {"amount": ["10", "9"], "currency": ["USD", "EUR"]}}
    assert differences(moved, {}) == "amount: 10.00 USD -> 9.00 EUR"


def test_the_fields_of_one_thing_are_told_alike(capsys):
    who = {"actor_name": "Ana Souza", "recorded_at": "2026-08-13T11:16:22+00:00", "why": None}
    pairs = {
        "amount.amount": ("1000.00", "1500000.00"),
        "kept_open": (True, False),
        "category": (None, "best_case"),
        "owner": (OWNER, UNKNOWN),
    }
    _print_fields({"fields": [{"field": name, "before": was, "after": now, **who} for name, (was, now) in pairs.items()], "events": []})
    said = " ".join(capsys.readouterr().out.split())
    for word in ("1,000.00 1,500,000.00", "kept open yes no", "none best case"):
        assert word in said, said
    assert OWNER not in said


def test_a_changed_row_says_who_changed_it_last_when_and_why(capsys):
    print_rows({"counts": {"added": 0, "removed": 0, "changed": 1}, "names": {}, "items": [ROW], "next": None})
    said = " ".join(capsys.readouterr().out.split())
    assert "1 changed" in said
    assert "48,211" in said
    assert "Ana Souza: It was omitted. (Lost) and 6 before it" in said


def test_the_access_log_is_told_in_words():
    assert access_words("sign_in", "sign_in") == "signed in"
    assert access_words("denied", "read_findings") == "denied: read findings"
    assert access_words("read", "list_contacts") == "read: list contacts"


def test_a_reason_is_told_once():
    told = {"sentence": "The deal was lost (no decision).", "why": "no_decision"}
    assert why_of(told) == ""
    assert why_of({**told, "why": None}) == ""
    assert why_of({**told, "why": "They had no budget"}) == " (They had no budget)"
