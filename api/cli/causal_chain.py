"""A causal chain at the command line: what came of a fact, across contracts, disputes, suppliers and deals, in plain sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.cli.client import Client
from api.cli.formats import count, facts, money, plain
from api.cli.outcomes import Ended, Exit, out
from api.cli.references import CONTRACT, DEAL, DISPUTE, Noun, find_among

ON_CHAINS: tuple[Noun, ...] = (CONTRACT, DISPUTE, DEAL)
"""What names the chains that it is on."""


def chains_of(client: Client, name: str, params: Mapping[str, Any]) -> list[str]:
    """The correlation ids of a thing's chains, oldest first. Raises Ended where it is on none."""
    noun, id = find_among(client, ON_CHAINS, name)
    item = client.get(f"{noun.path}/{id}", dict(params))["item"]
    match noun.word:
        case "dispute":
            return [item["chain"]]
        case "contract":
            times = [o for owed in item["obligations"] for o in owed["occurrences"] if o["chain"]]
            found = [o["chain"] for o in sorted(times, key=lambda o: str(o["due_on"]))]
        case _:
            found = [breach["chain"] for breach in (item["price_talk"] or {"breaches": []})["breaches"]]
    if not found:
        raise Ended("Nothing was breached there, so that no chain begins; leave --chain away for its own history.", Exit.NOT_FOUND)
    return found


def print_heading(chain: Mapping[str, Any]) -> None:
    """What the chain is about, what it went through, and what it came to."""
    out.print(f"[bold]{plain(chain['title'])}[/]")
    out.print(f"[dim]{chain['correlation_id']}[/]")
    things = [(one["noun"], plain(one["name"])) for one in chain["things"]]
    out.print(facts((*things, *_figures(chain["figures"]))))


def _figures(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    names = ("claimed", "credited", "paid", "written_off", "withdrawn", "open")
    found = [(name.replace("_", " "), money(figures[name])) for name in names if figures[name] and float(figures[name]["amount"])]
    if figures["score_after"] is not None:
        before = f"{figures['score_before']} before, " if figures["score_before"] is not None else ""
        found.append(("score", f"{before}{figures['score_after']} after"))
    if figures.get("score_moves") is not None:
        found.append(("score moved", plain(figures["score_moves"]["told"])))
    return found


def print_hidden(chain: Mapping[str, Any]) -> None:
    """How much of it the caller may not see."""
    if chain["hidden"]:
        out.print(f"[dim]{count(chain['hidden'], 'further step')} about things that you may not see.[/]")
