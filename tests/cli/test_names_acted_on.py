"""Where several things answer to a name, those are meant with which the command can do something."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from api.cli.approvals import APPROVAL
from api.cli.formats import NONE
from api.cli.outcomes import Ended
from api.cli.papers import _ABOUT, _signatories
from api.cli.references import CONTRACT, DEAL, DISPUTE, find, find_among
from tests.cli.test_things_of_one_name import CONTRACTS, DEALS, Server


def test_of_a_deal_and_its_contract_the_template_says_which_a_paper_is_about():
    def about(kind: str | None) -> Any:
        return find_among(Server(), (DEAL, CONTRACT, DISPUTE), "Sensors", rather=_ABOUT.get(kind))  # type: ignore[arg-type]

    assert about("quote") == (DEAL, DEALS["id"])
    assert about("amendment") == about("contract") == (CONTRACT, CONTRACTS["id"])
    for kind in ("dispute_letter", None):
        with pytest.raises(Ended, match="deal:Sensors"):
            about(kind)


class Approvals:
    """Three approvals of one title: one is settled, two are open, one of these asks the caller. Others are called otherwise."""

    ALL: ClassVar = [{"id": f"01936e4c-0000-7000-8000-00000000000{n}", "title": "Sensors"} for n in range(3)]

    def page(self, _path: str, asked: Any, **_: Any) -> dict[str, Any]:
        return {"items": self.ALL[:1] if asked.get("mine") else self.ALL[:2] if asked.get("status") == "open" else self.ALL}


def test_of_several_approvals_those_that_are_open_and_ask_the_caller_are_meant():
    def meant(*first: dict[str, Any]) -> str:
        return str(find(Approvals(), APPROVAL, "Sensors", first=first)["id"])  # type: ignore[arg-type]

    assert meant({"status": "open", "mine": True}, {"status": "open"}) == Approvals.ALL[0]["id"]
    for first in ((), ({"status": "open"},)):
        with pytest.raises(Ended, match="Several approvals answer"):
            meant(*first)


def test_a_signature_is_told_with_its_time_and_the_name_where_that_is_another():
    jo: dict[str, Any] = {"name": "Jo Weber", "party": "Acme", "email": "jo@acme.example", "typed_name": "J. W.", "viewed": True}
    jo |= {"linked": True, "signed": True, "signed_at": "2026-03-02T09:00:00Z"}
    mira = {**jo, "name": "Mira Berg", "typed_name": None, "signed": False, "signed_at": None}
    assert [row[3:] for row in _signatories([jo, mira]).rows] == [("signed 2026-03-02 09:00Z", "J. W."), ("opened it", NONE)]
    own = _signatories([{**jo, "typed_name": "Jo  Weber"}, mira])
    assert [row[3:] for row in own.rows] == [("signed 2026-03-02 09:00Z",), ("opened it",)], "it is their own"
