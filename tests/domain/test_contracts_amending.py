"""What changes what was signed: amendments, the terms of a day, and the days that move with them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain.contract_dates import NoticeRule, NoticeUnit, Renewal, RenewalKind
from domain.contracts import terms_on
from domain.contracts.amendment_events import ContractAmended, ContractAmendmentProposed
from domain.contracts.commands import (
    ApproveAmendment,
    DropAmendment,
    GiveNotice,
    ProposeAmendment,
    SignAmendment,
)
from domain.contracts.events import ContractDatesSet
from domain.contracts.refusals import (
    AmendmentNotApproved,
    AmendmentUnknown,
    ContractNotInForce,
    EndTooEarly,
    EndTooLate,
    NoticeStands,
    OwnReview,
    ReviewNeedsLegal,
    TermsUnsound,
)
from domain.contracts.terms import Clause, TermChanges
from domain.kernel import Actor, Role
from tests.domain.contract_world import (
    END,
    LAWYER,
    PAPER,
    SIGNED,
    START,
    YEARLY,
    carried,
    draft,
    morning,
    signed,
    terms,
)
from tests.domain.deal_world import ANNA, BEN, eur


def amending(**changes: Any) -> ProposeAmendment:
    said: dict[str, Any] = {"title": "More saws", "effective_on": date(2026, 4, 1), "changes": TermChanges(value=eur("150000"))}
    return ProposeAmendment(**(said | changes))


def amendment(**changes: Any) -> Any:
    """A contract with an amendment that was signed on 2 February 2026."""
    spec = signed().at(morning(date(2026, 2, 2)))
    (proposed,) = [event for event in spec.when(amending(**changes)).events if isinstance(event, ContractAmendmentProposed)]
    return agreed(spec, proposed)


def agreed(spec: Any, proposed: Any, by: Actor = LAWYER, on: date = date(2026, 2, 2)) -> Any:
    """The contract once somebody has approved the amendment and it was signed."""
    id = proposed.amendment
    return carried(spec.given(proposed).by(by), ApproveAmendment(amendment=id), SignAmendment(amendment=id, signed_on=on, paper=PAPER))


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
    later = agreed(later, proposed, Actor(BEN, frozenset({Role.LEGAL})))
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
    spec = agreed(spec, proposed, on=SIGNED)
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
