"""How `concord audit diff` tells what differs of a list: each row, its columns in words, and who changed it last, when and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from api.cli.formats import amount, plain, when, words
from api.cli.outcomes import out

_FOLLOWS = frozenset(
    "agreed_amount agreed_currency annual annual_currency approval books_in books_on clocks_set content_hash document involved max_days "
    "pending_since pipeline_version policy_version said_at sealed since stage status_set template_version".split()
)
"""Columns that only follow others, or serve Concord alone; the answer in JSON has them all."""
_AMOUNTS = frozenset("amount value total conceded original open credited paid written_off withdrawn".split())
_PERCENT = frozenset({"probability", "blended", "worst_line"})
_CALLED = {"stage_name": "stage", "pending_to": "asked to move to", "books_in": "month"}
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_CODE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def why_of(change: Mapping[str, Any]) -> str:
    """The reason of a change in brackets, where its sentence does not say it in words already."""
    why = change["why"]
    return f" ({plain(why)})" if why and why not in change["sentence"] and words(why) not in change["sentence"] else ""


def print_rows(found: Mapping[str, Any]) -> None:
    """How many rows differ in which way, and each of them."""
    out.print(", ".join(f"{count:,} {what}" for what, count in found["counts"].items()))
    for row in found["items"]:
        differs = f": {plain(differences(row, found['names']))}" if row["what"] == "changed" else ""
        out.print(f"[bold]{row['what']}[/] {plain(row['name'] or row['id'])}{differs}")
        if not row["changes"]:
            continue
        last, others = row["changes"][-1], row["changes_in_all"] - 1
        why = why_of(last)
        before = f" [dim]and {others:,} before it[/]" if others else ""
        out.print(
            f"  {last['position']:>9,}  {when(last['recorded_at'])}  {plain(last['actor_name'])}: {plain(last['sentence'])}{why}{before}"
        )
    if found.get("next"):
        out.print(f"[dim]The first {len(found['items']):,} of them by id; --json tells where the others begin.[/]")


def nameless(value: Any, names: Mapping[str, str]) -> bool:
    """Whether it is an id that nothing is called by, which tells a person nothing."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None and value not in names


def differences(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The columns that differ, from what to what, as people read them."""
    columns, told = row["columns"], []
    was_in, is_in = columns.get("currency") or (row["currency"], row["currency"])
    for name, (was, now) in columns.items():
        if name in _FOLLOWS or (name == "currency" and columns.keys() & _AMOUNTS):
            continue
        if nameless(was, names) or nameless(now, names):
            continue
        told.append(f"{_CALLED.get(name, words(name))}: {value_words(name, was, was_in, names)} -> {value_words(name, now, is_in, names)}")
    return "; ".join(told) or "only what follows from others"


def value_words(name: str, value: Any, currency: str | None = None, names: Mapping[str, str] = {}) -> str:
    """A column's value as people read it. `currency`: of amounts; `names`: of ids."""
    match value:
        case None | "" | [] | {}:
            return "none"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(value_words(name, one, currency, names) for one in value)
        case dict():
            return ", ".join(f"{words(key)} {value_words(key, one, currency, names)}" for key, one in value.items())
    text = str(value)
    if name in _AMOUNTS and _NUMBER.fullmatch(text):
        return f"{amount(text, currency)} {currency or ''}".rstrip()
    if name in _PERCENT:
        return f"{Decimal(text).normalize():f} %"
    if isinstance(value, int):
        return f"{value:,}"
    if _ID.fullmatch(text):
        return names.get(text, "something without a name")
    if _INSTANT.match(text):
        return when(text)
    return words(text) if _CODE.fullmatch(text) else text
