"""How a won deal makes its contract: in one step, once, with what the deal is worth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.contracts.commands import (
    ApproveContract,
    DiscardContract,
    OpenContractFromDeal,
    SubmitContract,
)
from domain.contracts.events import (
    ContractDrafted,
)
from domain.contracts.refusals import (
    DealElsewhere,
    DealHasContract,
    DealNotWonYet,
)
from domain.contracts.terms import Side, ValuePer
from domain.deals.terms import Line, Period
from domain.kernel import natural_id
from domain.reservations import Reservation, ReservationReleased, ReservationTaken
from domain.stages import StageKind
from tests.domain.contract_world import (
    CONTRACT,
    END,
    FIXED,
    LAWYER,
    START,
    carried,
    contract,
    drafting,
)
from tests.domain.deal_world import ACME, GLOBEX, deal, eur, opened
from tests.domain.deal_world import DEAL as WON

draft = carried(contract, drafting())
reviewed = carried(draft, SubmitContract())
CONTENT = reviewed.state.content or ""
approved = carried(reviewed.by(LAWYER), ApproveContract(content=CONTENT)).by(draft.actor)
OTHER = natural_id("test", "another contract")


WON_DEAL = replace(deal.given(opened()).state, kind=StageKind.WON, stage="won", stage_name="Won", account=ACME)


def opening(**changes: Any) -> OpenContractFromDeal:
    return OpenContractFromDeal(**({"deal": WON, "start": START, "end": END, "renewal": FIXED} | changes))


def test_a_won_deal_makes_its_contract_in_one_step_and_only_one():
    known = contract.knowing({WON: WON_DEAL})
    decision = known.when(opening())
    (drafted,) = decision.events
    assert isinstance(drafted, ContractDrafted)
    assert (drafted.party, drafted.owner, drafted.deal, drafted.side) == (ACME, WON_DEAL.owner, WON, Side.SELL)
    assert (drafted.terms.value, drafted.terms.value_per) == (WON_DEAL.amount, ValuePer.TERM)
    (claimed,) = decision.elsewhere
    assert claimed.event == ReservationTaken(kind="deal_contract", parts=(str(WON),), holder=CONTRACT)
    known.given(drafted).when(opening()).nothing()
    taken = known.knowing({claimed.target.id: Reservation(CONTRACT)}).on(OTHER)
    taken.when(opening()).refused(DealHasContract, contract=str(CONTRACT))
    taken.when(drafting(deal=WON)).refused(DealHasContract)
    ours = known.given(drafted).knowing({claimed.target.id: Reservation(CONTRACT)})
    (released,) = ours.when(DiscardContract(reason="no")).elsewhere
    assert released.event == ReservationReleased(holder=CONTRACT)


def test_a_yearly_value_is_taken_where_all_of_the_deal_recurs():
    yearly = replace(WON_DEAL, annual=eur("40000"))
    (drafted,) = contract.knowing({WON: yearly}).when(opening()).events
    assert (drafted.terms.value, drafted.terms.value_per) == (eur("40000"), ValuePer.YEAR)


@pytest.mark.parametrize("annual", ["0", "40000"])
def test_what_is_due_once_is_not_lost_in_a_yearly_value(annual: str):
    machine = Line(label="A press", unit_price=eur("68000"))
    service = Line(label="Service", unit_price=eur("40000"), period=Period.YEAR, months=12)
    mixed = replace(WON_DEAL, lines=(machine,) if annual == "0" else (machine, service), annual=eur(annual))
    (drafted,) = contract.knowing({WON: mixed}).when(opening()).events
    assert (drafted.terms.value, drafted.terms.value_per) == (WON_DEAL.amount, ValuePer.TERM)


def test_a_deal_that_is_not_won_or_is_elsewhere_makes_none():
    open_deal = replace(WON_DEAL, kind=StageKind.OPEN, stage_name="Discover")
    contract.knowing({WON: open_deal}).when(opening()).refused(DealNotWonYet)
    contract.knowing({WON: replace(WON_DEAL, account=None)}).when(opening()).refused(DealNotWonYet)
    contract.knowing({WON: replace(WON_DEAL, owner=None)}).when(opening()).refused(DealNotWonYet)
    contract.knowing({WON: WON_DEAL}).when(drafting(deal=WON, party=GLOBEX)).refused(DealElsewhere)
    contract.knowing({WON: WON_DEAL}).when(drafting(deal=WON, side=Side.BUY)).refused(DealElsewhere)
    contract.knowing({WON: replace(WON_DEAL, kind=StageKind.LOST)}).when(drafting(deal=WON)).refused(DealElsewhere)
    assert contract.knowing({WON: open_deal}).when(drafting(deal=WON)).events, "drafted while the paper is negotiated"
