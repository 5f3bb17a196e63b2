"""A deal and the contract that came of it answer to one name: which is meant can be said."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from api.cli.contract_tables import _facts, _terms
from api.cli.outcomes import Ended
from api.cli.references import CONTRACT, DEAL, DISPUTE, find_among
from domain.contracts.events import ContractDatesSet, ContractOwnerAssigned
from projections import telling_contracts
from projections.telling import Names, sentence

__all__ = ["telling_contracts"]  # its sentences are registered by reading it
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


def shown(**changes: Any) -> dict[str, str]:
    item: dict[str, Any] = dict.fromkeys(
        ("number", "party_name", "owner_name", "team_name", "ended_on", "paper", "notice", "termination", "signed_on", "returned")
    )
    item |= {"party": "p", "owner": "o", "side": "buy", "status": "active", "asked": [], "dates": DAYS, "content": None}
    return dict(_facts(item | changes))


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
    found = {"on": "2026-11-22", "terms": terms, "amendments": [], "earliest_end": None}
    assert "in force on" not in dict(_terms(found, signed=False))
    assert "in force on" in dict(_terms(found, signed=True))


def test_a_name_that_ends_with_a_point_ends_its_sentence():
    owner = UUID(int=1)
    event = ContractOwnerAssigned(owner=owner)
    assert sentence(event, Names({owner: "Falk S.r.l."})) == "The contract went to Falk S.r.l."
    assert sentence(event, Names({owner: "wait ..."})) == "The contract went to wait ...."
