"""From the draft to the signature, and what changes what was signed: reviews by other eyes, deals, successors, amendments."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from domain.accounts.commands import AccountIsClosed
from domain.contract_dates import NoticeRule, NoticeUnit, Renewal, RenewalKind
from domain.contracts import contracts, terms_on
from domain.contracts.commands import (
    ActivateContract,
    ApproveAmendment,
    ApproveContract,
    AssignContractOwner,
    DiscardContract,
    DropAmendment,
    GiveNotice,
    LinkScorecard,
    OpenContractFromDeal,
    ProposeAmendment,
    RecordTermEnd,
    ReturnContract,
    ReviseContract,
    SendForSignature,
    SetContractCalendar,
    SignAmendment,
    SubmitContract,
)
from domain.contracts.events import (
    ContractActivated,
    ContractAmended,
    ContractAmendmentProposed,
    ContractDatesSet,
    ContractDrafted,
    ContractOwnerAssigned,
    ContractReturned,
    ContractSuccessorSigned,
    ContractSuperseded,
)
from domain.contracts.refusals import (
    AmendmentNotApproved,
    AmendmentUnknown,
    CalendarUnknown,
    ContentChanged,
    ContractNotInForce,
    ContractSigned,
    DayInFuture,
    DealElsewhere,
    DealHasContract,
    DealNotWonYet,
    EndTooEarly,
    EndTooLate,
    NoticeStands,
    OwnReview,
    RenewsAnother,
    ReviewNeedsLegal,
    TermsUnsound,
    WrongState,
)
from domain.contracts.terms import Clause, ContractStatus, Side, TermChanges, ValuePer
from domain.deals.refusals import ContactUnknown
from domain.kernel import SYSTEM, Actor, AlreadyExists, NotFound, Role, natural_id
from domain.reservations import Reservation, ReservationReleased, ReservationTaken
from domain.stages import StageKind
from domain.standing import MemberInactive
from tests.domain.contract_world import (
    BERLIN,
    CONTRACT,
    END,
    EVERGREEN,
    FIXED,
    LAWYER,
    PAPER,
    SIGNED,
    SIGNED_PAPER,
    START,
    YEARLY,
    carried,
    contract,
    drafting,
    morning,
    passing,
    registering,
    signed,
    terms,
)
from tests.domain.deal_world import ACME, ANNA, BEN, BUYER, CLOSED, GLOBEX, GONE, NOBODY, deal, eur, opened
from tests.domain.deal_world import DEAL as WON

draft = carried(contract, drafting())
reviewed = carried(draft, SubmitContract())
CONTENT = reviewed.state.content or ""
approved = carried(reviewed.by(LAWYER), ApproveContract(content=CONTENT)).by(draft.actor)
OTHER = natural_id("test", "another contract")


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


def test_a_yearly_value_is_taken_where_the_deal_has_one():
    yearly = replace(WON_DEAL, annual=eur("40000"))
    (drafted,) = contract.knowing({WON: yearly}).when(opening()).events
    assert (drafted.terms.value, drafted.terms.value_per) == (eur("40000"), ValuePer.YEAR)


def test_a_deal_that_is_not_won_or_is_elsewhere_makes_none():
    open_deal = replace(WON_DEAL, kind=StageKind.OPEN, stage_name="Discover")
    contract.knowing({WON: open_deal}).when(opening()).refused(DealNotWonYet)
    contract.knowing({WON: replace(WON_DEAL, account=None)}).when(opening()).refused(DealNotWonYet)
    contract.knowing({WON: replace(WON_DEAL, owner=None)}).when(opening()).refused(DealNotWonYet)
    contract.knowing({WON: WON_DEAL}).when(drafting(deal=WON, party=GLOBEX)).refused(DealElsewhere)
    contract.knowing({WON: WON_DEAL}).when(drafting(deal=WON, side=Side.BUY)).refused(DealElsewhere)
    contract.knowing({WON: replace(WON_DEAL, kind=StageKind.LOST)}).when(drafting(deal=WON)).refused(DealElsewhere)
    assert contract.knowing({WON: open_deal}).when(drafting(deal=WON)).events, "drafted while the paper is negotiated"


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


def amending(**changes: Any) -> ProposeAmendment:
    said: dict[str, Any] = {"title": "More saws", "effective_on": date(2026, 4, 1), "changes": TermChanges(value=eur("150000"))}
    return ProposeAmendment(**(said | changes))


def amendment(**changes: Any) -> Any:
    """A contract with an amendment that was signed on 2 February 2026."""
    spec = signed().at(morning(date(2026, 2, 2)))
    (proposed,) = [event for event in spec.when(amending(**changes)).events if isinstance(event, ContractAmendmentProposed)]
    spec = carried(spec.given(proposed).by(LAWYER), ApproveAmendment(amendment=proposed.amendment))
    return carried(spec, SignAmendment(amendment=proposed.amendment, signed_on=date(2026, 2, 2), paper=PAPER))


def test_the_terms_of_a_day_are_the_master_and_what_was_amended_by_then():
    spec = amendment()
    assert terms_on(spec.state, date(2026, 3, 31)).value == eur("120000")
    assert terms_on(spec.state, date(2026, 4, 1)).value == eur("150000")
    (amended,) = [event for event in spec.events if isinstance(event, ContractAmended)]
    assert (amended.terms.value, amended.terms.end) == (eur("150000"), END)
    later = spec.by(LAWYER)
    (proposed,) = [
        e
        for e in later.when(amending(effective_on=date(2026, 2, 1), changes=TermChanges(value=eur("1")))).events
        if isinstance(e, ContractAmendmentProposed)
    ]
    other = Actor(BEN, frozenset({Role.LEGAL}))
    later = carried(later.given(proposed).by(other), ApproveAmendment(amendment=proposed.amendment))
    later = carried(later, SignAmendment(amendment=proposed.amendment, signed_on=date(2026, 2, 2), paper=PAPER))
    assert [terms_on(later.state, day).value for day in (START, date(2026, 2, 1), date(2026, 4, 1))] == [
        eur("120000"),
        eur("1"),
        eur("150000"),
    ]


def test_clauses_are_replaced_by_their_keys():
    first = terms(clauses=(Clause(key="liability", text="Much."), Clause(key="secrecy", text="Hush.")))
    changes = TermChanges(
        clauses=(Clause(key="liability", text="Little."), Clause(key="law", text="German.")), dropped_clauses=("secrecy",)
    )
    spec = signed(terms=first).at(morning(date(2026, 2, 2)))
    (proposed,) = spec.when(amending(changes=changes)).events
    spec = carried(spec.given(proposed).by(LAWYER), ApproveAmendment(amendment=proposed.amendment))
    spec = carried(spec, SignAmendment(amendment=proposed.amendment, signed_on=SIGNED, paper=PAPER))
    assert {c.key: c.text for c in terms_on(spec.state, END).clauses} == {"liability": "Little.", "law": "German."}
    assert len(terms_on(spec.state, START).clauses) == 2


def test_an_extension_moves_the_days_from_the_signature_on():
    spec = amendment(effective_on=END, changes=TermChanges(end=date(2027, 3, 31)))
    assert spec.state.dates.term_end == date(2027, 3, 31)
    assert isinstance(spec.events[-1], ContractDatesSet)
    assert terms_on(spec.state, START).end == END


def test_an_amendment_is_approved_by_other_eyes_and_signed_once():
    spec = signed().at(morning(date(2026, 2, 2)))
    (proposed,) = spec.when(amending()).events
    waiting, id = spec.given(proposed), proposed.amendment
    waiting.when(SignAmendment(amendment=id, signed_on=SIGNED, paper=PAPER)).refused(AmendmentNotApproved)
    waiting.when(ApproveAmendment(amendment=id)).refused(ReviewNeedsLegal)
    waiting.by(Actor(ANNA, frozenset({Role.LEGAL}))).when(ApproveAmendment(amendment=id)).refused(OwnReview)
    done = amendment()
    done.when(ApproveAmendment(amendment=id)).refused(AmendmentUnknown)
    dropped = carried(waiting, DropAmendment(amendment=id, reason="no"))
    dropped.when(SignAmendment(amendment=id, signed_on=SIGNED, paper=PAPER)).refused(AmendmentUnknown)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"effective_on": START - timedelta(days=1)}, EndTooEarly),
        ({"effective_on": END + timedelta(days=2)}, EndTooLate),
        ({"changes": TermChanges(end=date(2026, 1, 31))}, EndTooEarly),
        ({"changes": TermChanges(renewal=Renewal(kind=RenewalKind.EVERGREEN))}, TermsUnsound),
        ({"changes": TermChanges(value=eur("-5"))}, TermsUnsound),
    ],
)
def test_an_amendment_that_makes_no_sense_is_refused(changes: dict[str, Any], rule: type[Exception]):
    signed().at(morning(date(2026, 2, 2))).when(amending(**changes)).refused(rule)


def test_only_a_contract_in_force_is_amended_and_its_end_stands_while_notice_does():
    draft.when(amending()).refused(ContractNotInForce)
    noticed = carried(signed().at(morning(date(2026, 2, 2))), GiveNotice(sent_on=date(2026, 2, 2)))
    noticed.when(amending(changes=TermChanges(end=date(2027, 6, 30)))).refused(NoticeStands)
    assert noticed.when(amending()).events
    rule = NoticeRule(count=1, unit=NoticeUnit.MONTHS)
    shorter = amendment(effective_on=date(2026, 2, 2), changes=TermChanges(notice=rule, renewal=YEARLY))
    assert shorter.state.dates.deadline == date(2026, 11, 30)


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
