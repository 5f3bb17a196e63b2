"""How contracts are laid out: one row each, one per obligation, and one for every day that counts."""

from __future__ import annotations

from uuid import UUID

from domain.kernel import natural_id
from projections.tables import Table

NEVER = "'9999-12-31'::date"
SENDS_BY = f"CASE WHEN ends_on IS NULL THEN coalesce(send_by, {NEVER}) ELSE {NEVER} END"
ENDS, WORTH = f"coalesce(ends_on, term_end, {NEVER})", "coalesce(annual, -1)"
"""Sort keys: contracts without such a day come last, those of unknown worth before all others; whose end is known needs no notice."""
WHOSE = {"party": "uuid NOT NULL", "owner": "uuid NOT NULL", "team": "uuid", "side": "text NOT NULL"}
"""What a row is narrowed and reached by; of the contract, on each of its days."""
CONTRACTS = Table(
    "contracts",
    ("id",),
    {
        "id": "uuid NOT NULL",
        "version": "int8 NOT NULL",  # of the contract's stream, for If-Match
        **WHOSE,
        "deal": "uuid",
        "renews": "uuid",
        "successor": "uuid",
        "renewal_deal": "uuid",
        "drafted_at": "timestamptz NOT NULL",
        "since": "timestamptz NOT NULL",  # in its status
        "starts_on": "date NOT NULL",
        "signed_on": "date",
        "term_start": "date",
        "term_end": "date",
        "deadline": "date",  # the last day on which notice counts
        "send_by": "date",  # the last working day on which to send it
        "ends_on": "date",  # the last day in force, once it is known
        "renewal_on": "date",
        "term": "int4 NOT NULL",  # 1 for the first, one more with every renewal
        "amendments": "int4 NOT NULL",  # signed ones
        "pending_amendments": "int4 NOT NULL",
        "breaches": "int4 NOT NULL",  # occurrences that count as breached
        "periods": "bool NOT NULL",
        "missed": "bool NOT NULL",  # the last day to give notice passed without one
        "started": "bool NOT NULL",  # the renewal is being prepared
        "registered": "bool NOT NULL",
        "value": "numeric",
        "currency": "text",
        "annual": "numeric",  # a year's worth, in the reporting currency at the rate of the day on which its days were set
        "annual_currency": "text",
        "value_per": "text NOT NULL",
        "status": "text NOT NULL",
        "renewal": "text NOT NULL",
        "renewal_way": "text",
        "renewal_outcome": "text",
        "notice_by": "text",  # us or them, while a notice holds
        "title": "text NOT NULL",
        "words": 'text COLLATE "C" NOT NULL',  # title and number as they are searched
        "number": "text",
        "reason": "text",  # why it was discarded, or ended otherwise than by notice
    },
    (
        f"(({SENDS_BY}), id)",
        f"(({ENDS}), id)",
        f"(({WORTH}), id)",
        "(title, id)",
        "(drafted_at, id)",
        "(since, id)",
        "(owner, status)",
        "(party)",
        "(deal)",
    ),
)
OBLIGATIONS = Table(
    "obligations",
    ("contract", "obligation"),
    {
        "contract": "uuid NOT NULL",
        "obligation": "uuid NOT NULL",
        "responsible": "uuid NOT NULL",
        "penalty": "numeric",
        "currency": "text",
        "lead_days": "int4 NOT NULL",
        "grace_days": "int4 NOT NULL",
        "title": "text NOT NULL",
        "by": "text NOT NULL",  # us or them
        "clause": "text",
        "proof": "text NOT NULL",
        "recurring": "bool NOT NULL",
        "ended": "bool NOT NULL",
    },
    ("(obligation)",),
    ("(obligation)",),
)
DAYS = Table(
    "contract_days",
    ("contract", "id"),
    {
        "contract": "uuid NOT NULL",
        "id": "uuid NOT NULL",
        **WHOSE,
        "day": "date NOT NULL",
        "kind": "text NOT NULL",
        "status": "text NOT NULL",
        "open": "bool NOT NULL",  # nothing has become of it yet
        "obligation": "uuid",
        "occurrence": "date",  # the nominal day by which an occurrence is known
        "due_from": "date",
        "breached_after": "date",
        "met_on": "date",
        "responsible": "uuid",
        "dispute": "uuid",
        "penalty": "numeric",
        "currency": "text",
        "by": "text",
        "label": "text",
    },
    (
        "(day, id) WHERE open",
        "(day, id)",
        "(day, id) WHERE obligation IS NOT NULL",
        "(owner, day) WHERE open",
        "(responsible, day) WHERE responsible IS NOT NULL",
        "(party)",
        "(id)",
    ),
    ("(id)",),
)
DEADLINES = ("send_by", "deadline", "renewal", "term_end", "end")
"""Kinds of days that lead to the end of a term; `obligation` is the other one. `end`: the last day in force, known for sure."""


def day_id(contract: UUID, kind: str, *parts: object) -> UUID:
    """The id of a day that counts: the same however often it moves."""
    return natural_id("contract day", str(contract), kind, *map(str, parts))
