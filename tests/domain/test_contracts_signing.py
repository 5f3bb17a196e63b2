"""From the draft to the signature: reviews by other eyes, successors, owners."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from domain.accounts.commands import AccountIsClosed
from domain.contracts import contracts
from domain.contracts.commands import (
    ActivateContract,
    ApproveContract,
    AssignContractOwner,
    DiscardContract,
    LinkScorecard,
    RecordTermEnd,
    ReturnContract,
    ReviseContract,
    SendForSignature,
    SetContractCalendar,
    SubmitContract,
)
from domain.contracts.events import (
    ContractActivated,
    ContractOwnerAssigned,
    ContractReturned,
    ContractSuccessorSigned,
    ContractSuperseded,
)
from domain.contracts.refusals import (
    CalendarUnknown,
    ContentChanged,
    ContractSigned,
    DayInFuture,
    OwnReview,
    RenewsAnother,
    ReviewNeedsLegal,
    TermsUnsound,
    WrongState,
)
from domain.contracts.terms import Clause, ContractStatus, Side
from domain.deals.refusals import ContactUnknown
from domain.kernel import SYSTEM, Actor, AlreadyExists, NotFound, Role, natural_id
from domain.standing import MemberInactive
from tests.domain.contract_world import (
    BERLIN,
    CONTENT,
    CONTRACT,
    END,
    EVERGREEN,
    LAWYER,
    OTHER,
    PAPER,
    SIGNED,
    SIGNED_PAPER,
    START,
    approved,
    carried,
    contract,
    draft,
    drafting,
    passing,
    registering,
    reviewed,
    signed,
    terms,
)
from tests.domain.deal_world import ANNA, BEN, BUYER, CLOSED, GLOBEX, GONE, NOBODY, eur, opened


def test_a_contract_goes_from_draft_to_active_through_every_state():
    spec = signed()
    assert [type(event).__name__ for event in spec.events] == [
        "ContractDrafted",
        "ContractSubmitted",
        "ContractApproved",
        "ContractSentForSignature",
        "ContractActivated",
        "ContractDatesSet",
    ]
    activated = spec.events[4]
    assert isinstance(activated, ContractActivated)
    assert (activated.content, activated.paper, activated.signed_on) == (CONTENT, SIGNED_PAPER, SIGNED)
    spec.when(ActivateContract(signed_on=SIGNED)).nothing()


def test_steps_taken_twice_are_quiet():
    reviewed.when(SubmitContract()).nothing()
    approved.by(LAWYER).when(ApproveContract(content=CONTENT)).nothing()
    draft.when(ReturnContract(reason="again")).nothing()
    out = carried(approved, SendForSignature(paper=PAPER))
    out.when(SendForSignature(paper=PAPER)).nothing()
    draft.when(ReviseContract(title="Saws")).nothing()


@pytest.mark.parametrize("command", [ApproveContract(content=CONTENT), SendForSignature(paper=PAPER), ActivateContract(signed_on=SIGNED)])
def test_no_state_is_left_out(command):
    refusal = draft.by(LAWYER).when(command).refused(WrongState)
    assert refusal.data["status"] == "draft"
    signed().by(LAWYER).when(command if not isinstance(command, ActivateContract) else ActivateContract(signed_on=START)).refused(
        ContractSigned
    )


def test_four_eyes_allow_it_to_be_signed():
    command = ApproveContract(content=CONTENT)
    reviewed.when(command).refused(ReviewNeedsLegal)
    owner_in_legal = Actor(ANNA, frozenset({Role.LEGAL}))
    reviewed.by(owner_in_legal).when(command).refused(OwnReview)
    for_the_owner = Actor(LAWYER.id, LAWYER.roles, on_behalf_of=ANNA)
    reviewed.by(for_the_owner).when(command).refused(OwnReview)
    own = carried(draft.by(LAWYER), SubmitContract())
    own.when(command).refused(OwnReview)
    reviewed.by(Actor(SYSTEM.id, on_behalf_of=ANNA)).when(command).refused(OwnReview)
    assert carried(reviewed.by(SYSTEM), command).state.status is ContractStatus.APPROVED


def test_only_what_was_read_is_approved():
    reviewed.by(LAWYER).when(ApproveContract(content="0" * 64)).refused(ContentChanged, content=CONTENT)


def test_what_is_under_review_stays_as_it_is_until_it_is_returned():
    change = ReviseContract(terms=terms(value=eur("1000")))
    for spec in (reviewed, approved, carried(approved, SendForSignature(paper=PAPER))):
        spec.when(change).refused(WrongState, needed=["draft"])
        back = spec.when(ReturnContract(reason="declined")).events
        assert isinstance(back[0], ContractReturned)
        again = carried(spec.given(*back), change, SubmitContract())
        assert again.state.content != CONTENT
    signed().when(change).refused(ContractSigned)


def test_nothing_is_signed_in_the_future():
    out = carried(approved, SendForSignature(paper=PAPER))
    out.when(ActivateContract(signed_on=SIGNED + timedelta(days=1))).refused(DayInFuture)
    contract.when(registering(signed_on=SIGNED + timedelta(days=1))).refused(DayInFuture)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"party": NOBODY}, NotFound),
        ({"party": CLOSED}, AccountIsClosed),
        ({"owner": GONE}, MemberInactive),
        ({"owner": NOBODY}, NotFound),
        ({"signatory": NOBODY}, ContactUnknown),
        ({"calendar": "XX"}, CalendarUnknown),
        ({"deal": NOBODY}, NotFound),
        ({"renews": NOBODY}, NotFound),
        ({"terms": terms(end=START - timedelta(days=1))}, TermsUnsound),
        ({"terms": terms(end=None)}, TermsUnsound),
        ({"terms": terms(renewal=EVERGREEN)}, TermsUnsound),
        ({"terms": terms(notice=None)}, TermsUnsound),
        ({"terms": terms(end=date(2999, 1, 1))}, TermsUnsound),
        ({"terms": terms(value=eur("-1"))}, TermsUnsound),
        ({"terms": terms(clauses=(Clause(key="a", text="x"), Clause(key="a", text="y")))}, TermsUnsound),
    ],
)
def test_a_draft_that_nobody_could_keep_is_refused(changes: dict[str, Any], rule: type[Exception]):
    contract.when(drafting(**changes)).refused(rule)


def test_a_contract_begins_once():
    draft.when(drafting()).refused(AlreadyExists)
    contract.when(SubmitContract()).refused(NotFound)


def test_a_contract_that_was_signed_before_is_in_force_at_once():
    spec = carried(contract, registering(signatory=BUYER))
    assert [type(event).__name__ for event in spec.events] == ["ContractDrafted", "ContractActivated", "ContractDatesSet"]
    assert spec.state.registered


def test_a_contract_is_discarded_until_it_is_signed():
    gone = carried(draft, DiscardContract(reason="no"))
    gone.when(DiscardContract(reason="no")).nothing()
    signed().when(DiscardContract(reason="no")).refused(ContractSigned)
    gone.when(SubmitContract()).refused(ContractSigned)


def test_a_successor_is_announced_to_the_one_that_it_follows():
    old = signed().state
    decision = contract.on(OTHER).knowing({CONTRACT: old}).when(registering(renews=CONTRACT, terms=terms(start=date(2026, 7, 1))))
    (told,) = [found for found in decision.elsewhere if found.target.id == CONTRACT]
    assert told.event == ContractSuccessorSigned(successor=OTHER, takes_over_on=date(2026, 7, 1))
    spec, seen = passing(signed().given(told.event), date(2026, 7, 2))
    assert (date(2026, 7, 1), ContractSuperseded(on=date(2026, 6, 30), successor=OTHER)) in seen
    assert spec.state.status is ContractStatus.SUPERSEDED


def test_a_successor_that_begins_when_the_term_is_over_renews_it():
    told = ContractSuccessorSigned(successor=OTHER, takes_over_on=date(2027, 1, 1))
    spec, _ = passing(signed().given(told), date(2027, 1, 3))
    assert (spec.state.status, spec.state.ended_on) == (ContractStatus.RENEWED, END)
    spec.by(SYSTEM).when(RecordTermEnd()).nothing()


def test_only_a_contract_of_the_same_parties_is_followed():
    old = signed().state
    assert old is not None
    follow = drafting(renews=CONTRACT)
    for other in (replace(old, party=GLOBEX), replace(old, side=Side.BUY), draft.state):
        contract.on(OTHER).knowing({CONTRACT: other}).when(follow).refused(RenewsAnother)
    followed = replace(old, successor=ContractSuccessorSigned(successor=NOBODY, takes_over_on=END))
    contract.on(OTHER).knowing({CONTRACT: followed}).when(follow).refused(RenewsAnother, contract=str(NOBODY))


def test_an_owner_a_calendar_and_a_scorecard_are_named_anew():
    spec = signed()
    assigned = spec.when(AssignContractOwner(owner=BEN)).events
    assert isinstance(assigned[0], ContractOwnerAssigned)
    assert (assigned[0].owner, assigned[0].previous) == (BEN, ANNA)
    spec.when(AssignContractOwner(owner=ANNA)).nothing()
    spec.when(AssignContractOwner(owner=GONE)).refused(MemberInactive)
    spec.when(SetContractCalendar(zone=BERLIN)).nothing()
    spec.when(SetContractCalendar(zone=BERLIN, calendar="XX")).refused(CalendarUnknown, calendars=["DE"])
    assert carried(spec, SetContractCalendar(zone="UTC", calendar="DE")).state.zone == "UTC"
    card = natural_id("test", "scorecard")
    assert carried(spec, LinkScorecard(scorecard=card)).state.scorecard == card
    spec.when(LinkScorecard(scorecard=None)).nothing()


def test_a_contract_knows_what_it_is_asked():
    with pytest.raises(TypeError, match="knows no"):
        signed().when(opened())  # type: ignore[arg-type]
    assert contracts.name == "contract"
