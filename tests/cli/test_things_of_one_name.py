"""A deal and the contract that came of it answer to one name: which is meant can be said."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.cli.contract_tables import _facts, _terms
from api.cli.contracts_change import _ago, one_of
from api.cli.dispute_tables import called
from api.cli.disputes_lines import the_line
from api.cli.outcomes import Ended
from api.cli.price_talk import talk_facts
from api.cli.references import CONTRACT, DEAL, DISPUTE, find_among
from api.cli.replay import _others
from domain.contracts.events import ContractDatesSet, ContractOwnerAssigned
from domain.price_talk import ContractPriceTalkPrepared, PriceTalk, TermBreach
from projections import telling_contracts, telling_price_talk
from projections.telling import Names, sentence

__all__ = ["telling_contracts", "telling_price_talk"]  # their sentences are registered by reading them
DEALS = {"id": "01936e4c-0000-7000-8000-000000000001", "title": "Sensors", "account_name": "Acme"}
CONTRACTS = {"id": "01936e4c-0000-7000-8000-000000000002", "title": "Sensors", "number": None, "party_name": "Acme"}


class Server:
    """Lists one deal and one contract of the same title, and no dispute."""

    def page(self, path: str, _asked: Any, **_: Any) -> dict[str, Any]:
        return {"items": {"/v1/deals": [DEALS], "/v1/contracts": [CONTRACTS]}.get(path, [])}


def found(written: str) -> Any:
    return find_among(Server(), (DEAL, CONTRACT, DISPUTE), written)  # type: ignore[arg-type]  # what a lookup needs of a client


def test_a_kind_before_the_name_says_which_is_meant():
    assert found("deal:Sensors") == (DEAL, DEALS["id"])
    assert found("Contract: sensors") == (CONTRACT, CONTRACTS["id"])


def test_where_several_kinds_answer_the_message_says_how_to_name_the_kind():
    with pytest.raises(Ended, match="deal:Sensors"):
        found("Sensors")


DAYS: dict[str, Any] = {"term_start": "2027-01-01", "term_end": "2027-12-31", "deadline": "2027-09-30", "send_by": "2027-09-30"}


def shown(begins_on: str | None = None, **changes: Any) -> dict[str, str]:
    item: dict[str, Any] = dict.fromkeys(
        ("number", "party_name", "owner_name", "team_name", "ended_on", "paper", "notice", "termination", "signed_on", "returned")
    )
    item |= {"party": "p", "owner": "o", "side": "buy", "status": "active", "asked": [], "dates": DAYS, "content": None}
    return dict(_facts(item | changes, begins_on))


def test_what_ends_shows_no_day_to_send_notice_by():
    assert "2027-09-30" in shown()["notice"]
    assert "notice" not in shown(dates={**DAYS, "ends_on": "2026-11-22"})
    assert "notice" not in shown(ended_on="2026-11-22", status="terminated")
    ends = ContractDatesSet.model_validate({**DAYS, "ends_on": "2026-11-22", "renewal_on": "2027-07-02", "rules": 0})
    assert sentence(ends, Names()) == "The days that count: it ends on 2026-11-22."


def test_a_draft_that_was_sent_back_says_why_and_is_not_in_force():
    assert "legal said no: clause 7" in shown(status="draft", dates=None, returned="legal said no: clause 7")["sent back"]
    terms: dict[str, Any] = {"start": "2027-01-01", "end": None, "value": None, "value_per": "term", "payment_days": None, "notice": None}
    terms |= {"renewal": {"kind": "fixed", "months": None}, "clauses": []}
    found = {"on": "2027-11-22", "terms": terms, "amendments": [], "earliest_end": None, "begins_on": None}
    assert "in force on" not in dict(_terms(found, signed=False))
    assert "in force on" in dict(_terms(found, signed=True))
    early = dict(_terms({**found, "on": "2026-11-22", "begins_on": "2027-01-01"}, signed=True))
    assert "in force on" not in early
    assert early["in force"] == "none yet on [bold]2026-11-22[/]; from 2027-01-01 on:"


def test_a_signed_contract_whose_term_is_to_come_says_when_it_begins():
    assert shown(begins_on="2027-01-01")["status"] == "active, signed, begins on 2027-01-01"
    assert shown()["status"] == "active"
    assert shown(begins_on="2027-01-01", ended_on="2026-11-22", status="superseded")["status"] == "superseded, ended on 2026-11-22"


OWED = [{"id": f"01936e4c-0000-7000-8000-00000000001{n}", "title": "Report"} for n in range(2)]


def test_of_two_obligations_with_one_title_the_message_asks_which():
    with pytest.raises(Ended, match="Several answer to 'report'; name one by the end of its id") as refused:
        one_of(OWED, "report", "obligation")
    assert len(refused.value.lines) == 2
    assert one_of(OWED, "00000011", "obligation") is OWED[1]


def test_a_line_of_a_breach_is_called_by_what_was_owed_and_never_by_ids():
    line = {"kind": "obligation", "number": f"{OWED[0]['id']} 2026-11-01", "label": "Report", "document_id": CONTRACTS["id"]}
    assert called({**line, "document": "EK-1"}) == "Report of 2026-11-01, EK-1"
    assert called({**line, "document": CONTRACTS["id"]}) == "Report of 2026-11-01"
    line |= {"id": "01936e4c-0000-7000-8000-000000000020", "document": "EK-1", "original": "5", "open": "5"}
    assert the_line({"lines": [line], "currency": "EUR"}, "report of 2026-11-01, ek-1") is line
    assert called({**line, "kind": "invoice", "number": "10", "document": "RE-1"}) == "RE-1 10 Report"


def test_a_page_of_one_chain_says_that_there_are_others_and_how_to_have_them():
    assert _others([]) == ""
    said = _others(["first", "second"])
    assert "the latest of 3" in said
    assert "concord replay --correlation second --html FILE" in said


def breaches(count: int) -> list[TermBreach]:
    return [
        TermBreach(obligation=UUID(int=1), occurrence=day, title="Report", ours=False, due_on=day, chain=UUID(int=2))
        for day in (date(2026, 3, 1) + timedelta(days=n) for n in range(count))
    ]


def test_the_talk_about_the_price_tells_the_latest_breaches_and_how_many_in_all():
    days = {"term_start": date(2026, 1, 1), "term_end": date(2026, 12, 31)}
    told = sentence(ContractPriceTalkPrepared(talk=PriceTalk(**days, breaches=tuple(breaches(22)))), Names())
    assert "22 things were not done in time: the latest are “Report”, due on 2026-03-20, by them" in told
    assert told.count("Report") == 3
    few = sentence(ContractPriceTalkPrepared(talk=PriceTalk(**days, breaches=tuple(breaches(2)))), Names())
    assert "2 things were not done in time: “Report”, due on 2026-03-01" in few
    talk = PriceTalk(**days, breaches=tuple(breaches(22))).model_dump(mode="json")
    lines = [value for _, value in talk_facts(talk)]
    assert lines[0] == "22 things were not done in time, 17 of them before these:"
    assert len(lines) == 6


def test_a_last_day_that_is_over_says_how_long_ago_it_was_and_how_to_take_it_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.cli.contracts_change.today", lambda: "2026-11-22")
    assert _ago("2026-11-10") == ", 12 days ago (if that is wrong: --revoke REASON)"
    assert _ago("2026-11-22") == ""


def test_a_name_that_ends_with_a_point_ends_its_sentence():
    owner = UUID(int=1)
    event = ContractOwnerAssigned(owner=owner)
    assert sentence(event, Names({owner: "Falk S.r.l."})) == "The contract went to Falk S.r.l."
    assert sentence(event, Names({owner: "wait ..."})) == "The contract went to wait ...."
