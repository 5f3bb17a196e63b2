"""One causal chain, on the servers themselves: a report that a supplier missed opens a dispute, settles in a credit, moves the score,
and shows in the talk about the renewal's price. One correlation id, one page, one story.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.cli.client import calling
from api.cli.outcomes import Exit
from tests.cli.conftest import Concord
from tests.journeys.people import until

TODAY = datetime.now(UTC).date()
CONTRACT, SUPPLIER, REPORT = "Sensors of Falk", "Falk Sensorik GmbH", "Quality report"


def day(count: int) -> str:
    return (TODAY + timedelta(days=count)).isoformat()


@pytest.fixture
def client(concord: Concord, monkeypatch: pytest.MonkeyPatch):
    for name, value in concord.environment.items():
        monkeypatch.setenv(name, value)
    with calling(None) as opened:
        yield opened


def item(concord: Concord) -> dict[str, Any]:
    found: dict[str, Any] = concord("contracts", "show", CONTRACT, "--json").json["item"]
    return found


def occurrence(concord: Concord) -> dict[str, Any]:
    """The time that was missed, once that is recorded."""
    found: dict[str, Any] = until(
        lambda: next((o for o in item(concord)["obligations"][0]["occurrences"] if o["status"] == "breached"), None)
    )
    return found


def chain_of(concord: Concord, id: str) -> dict[str, Any]:
    found: dict[str, Any] = concord("replay", "--correlation", id, "--json").json["items"][0]
    return found


def topics(chain: dict[str, Any]) -> list[str]:
    return [step["topic"] for step in chain["steps"]]


def agreed_by(concord: Concord, tmp_path: Path) -> None:
    """A contract by which the supplier owes a report, and what it delivered so far, all in time."""
    concord("accounts", "open", SUPPLIER, "--role", "supplier", "--country", "de")
    paper = tmp_path / "signed.pdf"
    paper.write_bytes(b"signed by both")
    terms = ("--start", day(-150), "--end", day(214), "--value", "24000 EUR", "--renews", "12 months", "--notice", "2 months")
    concord(
        *("contracts", "register", CONTRACT, "--with", SUPPLIER, "--side", "buy", *terms),
        *("--signed-on", day(-160), "--paper", str(paper)),
    )


def delivered(client: Any, account: str) -> None:
    order = {"account": account, "order": "PO-1", "on": day(-20)}
    client.post("/v1/suppliers/orders", order)
    came = {"account": account, "order": "PO-1", "delivery": "LS-1", "due_on": day(-10), "delivered_on": day(-10)}
    client.post("/v1/suppliers/deliveries", came)


def test_a_report_that_was_missed_shows_in_the_talk_about_the_price(concord: Concord, client: Any, tmp_path: Path):
    agreed_by(concord, tmp_path)
    delivered(client, concord("accounts", "list", "--text", "Falk", "--json").json["items"][0]["id"])
    concord("suppliers", "score", SUPPLIER, f"{TODAY:%Y-%m}")
    breach = missed(concord)
    case = claimed(concord, breach)
    settled(concord, case)
    talk = prepared(concord)
    (told,) = talk["breaches"]
    assert (told["title"], told["chain"], told["claim"]["credited"]["amount"]) == (REPORT, case, "400.00")
    assert talk["credited"] == [{"amount": "400.00", "currency": "EUR"}]
    assert float(talk["score_before"]) == 100
    assert float(talk["score"]) < 100

    chain = until(lambda: reviewed(concord, case))
    is_one_chain(concord, chain, talk)
    is_told(concord, case)
    stood_otherwise_before(concord, chain)
    is_one_page(concord, case, tmp_path)


def missed(concord: Concord) -> dict[str, Any]:
    """Before it, there is nothing to claim and no chain. The contract's own clock records what did not come a week ago."""
    assert "no obligation" in concord("contracts", "dispute", CONTRACT, REPORT, code=Exit.NOT_FOUND).err
    assert "no chain begins" in concord("replay", CONTRACT, "--chain", code=Exit.NOT_FOUND).err
    owed = ("--by", "them", "--on", day(-7), "--since", day(-7), "--penalty", "500 EUR", "--proven-by", "document")
    concord("contracts", "owe", CONTRACT, REPORT, *owed)
    breach = occurrence(concord)
    assert topics(until(lambda: begun(concord, breach["chain"]))) == ["obligation.breached"]
    return breach


def claimed(concord: Concord, breach: dict[str, Any]) -> str:
    """One step claims it; the case is opened by itself, once."""
    said = concord("contracts", "dispute", CONTRACT, REPORT, "--note", "The second time").out
    case: str = item(concord)["obligations"][0]["occurrences"][0]["dispute"]
    assert case in said.replace("\n", "")
    assert case == breach["chain"]
    until(lambda: raised(concord, case))
    assert "so already" in concord("contracts", "dispute", CONTRACT, REPORT).out
    again = concord("contracts", "dispute", CONTRACT, REPORT, "--claim", "900 EUR", code=Exit.REFUSED)
    assert "claimed already" in again.err
    return case


def settled(concord: Concord, case: str) -> None:
    """It goes to its end as any case, in a credit."""
    concord("disputes", "acknowledge", case)
    concord("disputes", "investigate", case)
    concord("disputes", "propose", case, "--credit", "400", "--pay", "100", "--for-them")
    concord("disputes", "accept", case)
    concord("disputes", "settle", case, "credit_note", "400", "--number", "GS-7")
    concord("disputes", "settle", case, "release", "100")
    concord("disputes", "close", case, "--root-cause", "other", "--note", "Nobody was told to write it")


def prepared(concord: Concord) -> dict[str, Any]:
    """The renewal is prepared from here on: who talks about the price has it all before them."""
    try:
        concord("settings", "contract-rules", "--renewal-lead-days", "200")
        concord("contracts", "owe", CONTRACT, "Final report", "--by", "them", "--on", day(200))
        talk: dict[str, Any] = until(lambda: told_in_full(concord))
    finally:
        concord("settings", "contract-rules", "--renewal-lead-days", "90")
    concord("contracts", "review", CONTRACT, "renegotiate", "--note", "They owe us a better price")
    return talk


def is_one_chain(concord: Concord, chain: dict[str, Any], talk: dict[str, Any]) -> None:
    """All of it in order, each step under the same id; and what it came to."""
    assert_in_order(
        topics(chain),
        *("obligation.breached", "obligation.disputed", "dispute.opened", "supplier.dispute_counted"),
        *("dispute.accepted", "dispute.document_recorded", "dispute.settled", "dispute.closed"),
        *("contract.renewal_started", "contract.price_talk_prepared", "contract.renewal_reviewed"),
    )
    assert_in_order(topics(chain), "supplier.dispute_counted", "supplier.scored", "contract.price_talk_prepared")
    things = {(one["noun"], one["name"]) for one in chain["things"]}
    assert things == {("contract", CONTRACT), ("dispute", f"{REPORT} for {day(-7)}, {CONTRACT}"), ("supplier", SUPPLIER)}
    figures = chain["figures"]
    assert [figures[name]["amount"] for name in ("claimed", "credited", "paid", "open")] == ["500.00", "400.00", "100.00", "0.00"]
    assert (float(figures["score_before"]), figures["score_after"]) == (100, talk["score"])
    assert chain["hidden"] == 0
    raw = concord("replay", CONTRACT, "--raw", "--json").json
    on_it = {e["topic"] for e in raw if e["correlation_id"] == chain["correlation_id"]}
    assert {"obligation.breached", "contract.renewal_started", "contract.price_talk_prepared", "contract.renewal_reviewed"} <= on_it
    case = next(step for step in chain["steps"] if step["topic"] == "dispute.drafted")
    assert case["because_of"] == next(step["position"] for step in chain["steps"] if step["topic"] == "obligation.disputed")


def is_told(concord: Concord, case: str) -> None:
    """The same story in sentences, whichever of its things is named."""
    story = " ".join(concord("replay", CONTRACT, "--chain").out.split())
    assert_in_order(story, "was not done", "was raised", "Credit note GS-7", "is settled", "better price")
    assert concord("replay", case, "--chain", "--json").json["items"][0]["correlation_id"] == case
    shown = " ".join(concord("contracts", "show", CONTRACT).out.split())
    assert "500.00 EUR claimed, of which 400.00 EUR credited, 100.00 EUR paid" in shown
    assert "100.00 before the first claim" in shown
    assert "--chain" in concord("replay", CONTRACT, "--html", "x", code=Exit.USAGE).err


def stood_otherwise_before(concord: Concord, chain: dict[str, Any]) -> None:
    """As of the moment at which the case was raised, nothing was settled and no talk was held."""
    opened = next(step["position"] for step in chain["steps"] if step["topic"] == "dispute.opened")
    then = concord("replay", "--correlation", chain["correlation_id"], "--as-of", str(opened), "--json").json["items"][0]
    assert topics(then)[-1] == "dispute.opened"
    assert then["figures"]["open"]["amount"] == "500.00"
    before = concord("contracts", "show", CONTRACT, "--as-of", str(opened), "--json").json["item"]
    assert before["price_talk"] is None


def is_one_page(concord: Concord, case: str, folder: Path) -> None:
    """It can be read in a browser and printed."""
    file = folder / "chain.html"
    concord("replay", CONTRACT, "--chain", "--html", str(file))
    html = file.read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert "<script" not in html
    for words in (REPORT, SUPPLIER, "400.00 EUR", "They owe us a better price", case):
        assert words in html


def begun(concord: Concord, id: str) -> dict[str, Any] | None:
    found = concord("replay", CONTRACT, "--chain", "--json", code=None)
    return chain_of(concord, id) if found.code == 0 else None


def raised(concord: Concord, case: str) -> bool:
    found = concord("disputes", "show", case, "--json", code=None)
    return found.code == 0 and found.json["item"]["status"] == "opened"


def told_in_full(concord: Concord) -> dict[str, Any] | None:
    """The talk, once nothing of the claim is open and the score has moved."""
    talk: dict[str, Any] | None = item(concord)["price_talk"]
    if talk is None or talk["score"] is None or float(talk["score"]) == 100:
        return None
    return talk if talk["breaches"][0]["claim"] and float(talk["breaches"][0]["claim"]["open"]["amount"]) == 0 else None


def reviewed(concord: Concord, case: str) -> dict[str, Any] | None:
    found = chain_of(concord, case)
    return found if "contract.renewal_reviewed" in topics(found) else None


def assert_in_order(within: Any, *wanted: str) -> None:
    """Each of them is there, after the one before it."""
    at = -1
    for one in wanted:
        assert one in within, (one, within)
        at = within.index(one, at + 1)
