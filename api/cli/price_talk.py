"""What happened in the term whose renewal is prepared, as a contract and its renewal deal show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from api.cli.formats import money, plain, words

_LATEST = 5
"""So many breaches are shown; `--json` has all."""
_PARTS = ("credited", "paid", "written_off", "withdrawn", "open")


def talk_facts(talk: Mapping[str, Any] | None) -> Iterable[tuple[str, str]]:
    """A line for each of the latest breaches, with what came of its claim, how many there were before, and the supplier's score."""
    breaches = [] if talk is None else talk["breaches"]
    if earlier := breaches[:-_LATEST]:
        yield "price talk", f"{len(breaches)} things were not done in time, {len(earlier)} of them before these:"
    for breach in breaches[-_LATEST:]:
        who = "by us" if breach["ours"] else "by them"
        yield "price talk", f"{plain(breach['title'])}, due {breach['due_on']}, not done {who}{_claim(breach['claim'])}"
    if talk is not None and talk["score"] is not None:
        before = f"{talk['score_before']} before the first claim, " if talk["score_before"] is not None else ""
        yield "their score", f"{before}{talk['score']} when this was told" + (f" [dim]({plain(talk['band'])})[/]" if talk["band"] else "")


def _claim(claim: Mapping[str, Any] | None) -> str:
    if claim is None:
        return ""
    became = ", ".join(f"{money(claim[name])} {words(name)}" for name in _PARTS if float(claim[name]["amount"]))
    return f": {money(claim['claimed'])} claimed, of which {became}"
