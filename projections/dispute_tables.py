"""How disputes are laid out for reading: one row per case, per disputed line, per document that the lines stand in, per settling document."""

from __future__ import annotations

from projections.tables import Table

DUE = "coalesce(due_at, '9999-12-31 00:00:00+00'::timestamptz)"
"""Sort key: cases of which no clock runs come last."""
LIVE = "status IN ('opened', 'acknowledged', 'investigating', 'awaiting_supplier', 'proposed', 'countered', 'accepted', 'settling', 'reopened')"
"""What somebody has to work on: raised, and not settled, given up or over."""
AMOUNTS = ("original", "open", "credited", "paid", "written_off", "withdrawn")
"""The ledger: the first is the sum of the others."""

DISPUTES = Table(
    "disputes",
    ("id",),
    {
        "id": "uuid NOT NULL",
        "version": "int8 NOT NULL",  # of the case's stream, for If-Match
        "status_set": "int8 NOT NULL",  # the version that said the status; what was recorded later counts, whenever it was so
        "clocks_set": "int8 NOT NULL",  # likewise of the clocks
        "account": "uuid NOT NULL",
        "owner": "uuid",
        "team": "uuid",
        "parent": "uuid",
        "contract": "uuid",
        "obligation": "uuid",
        "began_at": "timestamptz NOT NULL",
        "opened_at": "timestamptz",
        "since": "timestamptz NOT NULL",  # in its status
        "acknowledged_at": "timestamptz",
        "due_at": "timestamptz",  # when the first of the running clocks runs out
        "resolve_due_at": "timestamptz",
        "answer_due_at": "timestamptz",  # of what the other side owes
        "paused_at": "timestamptz",  # our clock to the resolution
        "settled_at": "timestamptz",
        "closed_at": "timestamptz",
        "reopen_until": "timestamptz",
        "escalated_at": "timestamptz",
        "d3_due": "timestamptz",  # of the corrective action, until the step is done
        "d4_due": "timestamptz",
        "d5_due": "timestamptz",
        "resolve_left": "int8",  # seconds of our clock that are left while it is paused
        "escalation": "int4 NOT NULL",
        "pay_by": "date",  # the earliest day on which a document of the case is to be paid
        "discount_on": "date",  # the earliest day until which a discount may be taken
        **dict.fromkeys(AMOUNTS, "numeric NOT NULL"),
        "conceded": "numeric NOT NULL",  # of what was paid: by concession
        "currency": "text NOT NULL",
        "side": "text NOT NULL",
        "status": "text NOT NULL",
        "reason": "text NOT NULL",
        "severity": "text NOT NULL",
        "title": "text NOT NULL",
        "words": 'text COLLATE "C" NOT NULL',  # the title and the numbers of its documents as they are searched
        "commodity": "text",
        "region": "text",
        "due_clock": "text",
        "due_party": "text",
        "root_cause": "text",
        "action": "text",  # the corrective action: open, closed or cancelled
        "repeats": "uuid[]",
        "late": "text[]",  # clocks that ran out
    },
    (
        f"(({DUE}), id)",
        "(open, id)",
        "(began_at, id)",
        "(since, id)",
        "(title, id)",
        "(escalation, id)",
        "(account)",
        "(owner)",
        "(settled_at) WHERE settled_at IS NOT NULL",
        f"(account, currency) INCLUDE (open) WHERE {LIVE}",
    ),
)
_SPLIT = tuple(f"{name}{part}" for name in AMOUNTS for part in ("", "_tax"))
LINES = Table(
    "dispute_lines",
    ("dispute", "line"),
    {
        "dispute": "uuid NOT NULL",
        "line": "uuid NOT NULL",
        "document_id": "uuid",
        "place": "int4 NOT NULL",  # in the order in which they were claimed
        "quantity": "numeric",
        **dict.fromkeys(_SPLIT, "numeric NOT NULL"),
        "kind": "text NOT NULL",
        "document": "text NOT NULL",
        "number": "text NOT NULL",
        "label": "text",
    },
    ("(document)", "(document_id) WHERE document_id IS NOT NULL"),
)
DOCUMENTS = Table(
    "dispute_documents",
    ("dispute", "kind", "number"),
    {
        "dispute": "uuid NOT NULL",
        "kind": "text NOT NULL",
        "number": "text NOT NULL",
        "due_on": "date",
        "statutory_due_on": "date",
        "discount_on": "date",
        "total": "numeric",
        "discount": "numeric",
        "currency": "text",
    },
    ("(number)",),
)
SETTLEMENTS = Table(
    "dispute_settlements",
    ("dispute", "document"),
    {
        "dispute": "uuid NOT NULL",
        "document": "uuid NOT NULL",
        "on_day": "date NOT NULL",
        "amount": "numeric NOT NULL",
        "tax": "numeric NOT NULL",
        "currency": "text NOT NULL",
        "kind": "text NOT NULL",
        "party": "text NOT NULL",
        "number": "text",
        "reversed": "bool NOT NULL",
    },
    ("(number)",),
)
