"""Who decides, and who never does; silence escalates and approves nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.approvals import (
    ApprovalClosed,
    ApprovalEscalated,
    ApprovalGranted,
    ApprovalStepApproved,
    ApprovalStepRejected,
    ApprovalWithdrawn,
    Approve,
    Escalate,
    NotAsked,
    NotYourRequest,
    OwnRequest,
    Reject,
    Status,
    TermsChanged,
    WithdrawApproval,
    approval_id,
)
from domain.deals import deals
from domain.kernel import SYSTEM, Actor, Forbidden, NotFound, Role
from domain.members import Member
from domain.stages import Chain
from tests.domain.approval_world import (
    ANNA,
    CARL,
    DESK,
    DORA,
    MONA,
    MONDAY,
    STAN,
    SUBJECT,
    actor,
    approval,
    asked,
    asking,
    does,
    facts,
    standing_in,
    terms,
    turns,
)
from tests.domain.deal_world import opened

LATE = MONDAY + timedelta(days=1)
SECOND = asked(asking(terms("25")))
"""Manager, then director."""


def test_the_last_yes_of_every_chain_grants_the_request():
    both = asked(asking(terms("15", payment_days=40)))
    first = does(both, MONA, Approve(comment="Fine"))
    assert first.state is not None
    assert first.state.open
    last = first.by(actor(DESK)).when(Approve()).events
    assert isinstance(last[0], ApprovalStepApproved)
    assert last[1] == ApprovalGranted(round=1, chains=tuple(Chain), content_hash=terms("15", payment_days=40).content_hash)


def test_agreeing_twice_is_quiet_and_nobody_jumps_the_line():
    once = does(SECOND, MONA, Approve())
    once.by(actor(MONA)).when(Approve()).nothing()
    refusal = SECOND.by(actor(DORA)).when(Approve()).refused(NotAsked)
    assert refusal.data["asked"] == [str(MONA)]


def test_who_is_asked_in_two_chains_may_answer_each_by_itself():
    twice = asked(asking(terms("15", payment_days=40)), approval.knowing(facts(desk=None)))  # the desk's post passes up to finance
    combined = asked(asking(terms("15", payment_days=40)), approval.knowing(facts(mona=None, dora=None, carl=None, desk=None)))
    assert len(turns(combined)) == 2
    assert len(set(turns(combined))) == 1
    who = turns(combined)[0]
    one = does(combined, who, Approve(chain=Chain.FINANCE))
    assert one.state is not None
    assert [chain for chain, _, _ in one.state.pending] == [Chain.COMMERCIAL]
    assert isinstance(combined.by(actor(who)).when(Approve()).events[-1], ApprovalGranted)
    twice.by(actor(MONA)).when(Approve(chain=Chain.FINANCE)).refused(NotAsked)


def test_a_no_needs_a_comment_and_ends_the_round():
    with pytest.raises(ValueError, match="comment"):
        Reject()
    no = SECOND.by(actor(MONA)).when(Reject(comment="Too much")).events
    assert isinstance(no[0], ApprovalStepRejected)
    after = SECOND.given(*no)
    assert after.state is not None
    assert (after.state.status, after.state.comment) == (Status.REJECTED, "Too much")
    after.by(actor(DORA)).when(Approve()).refused(ApprovalClosed)


@pytest.mark.parametrize("command", [Approve(), Reject(comment="x")])
@pytest.mark.parametrize(
    "who",
    [
        Actor(ANNA, frozenset({Role.ACCOUNT_MANAGER})),
        Actor(ANNA, frozenset(Role)),  # a role taken on later
        Actor(SYSTEM.id, on_behalf_of=ANNA),  # Concord in her name
        SYSTEM,
    ],
)
def test_nobody_decides_about_their_own_request(command, who):
    asked().by(who).when(command).refused(OwnRequest)


def test_standing_in_for_the_approver_does_not_make_a_request_less_ones_own():
    away = approval.knowing(facts(mona=standing_in(MONA, ANNA)))
    asked(asking(), away).by(actor(ANNA)).when(Approve()).refused(OwnRequest)


def test_an_owner_who_did_not_ask_may_not_decide_either():
    asked(asking(requested_by=ANNA, parties=(STAN,))).by(actor(STAN)).when(Approve()).refused(OwnRequest)


def test_whoever_stands_in_today_decides_and_both_are_recorded():
    away = approval.knowing(facts(mona=standing_in(MONA, STAN)))
    event = asked(asking(), away).by(actor(STAN)).when(Approve()).events[0]
    assert (event.approver, event.by) == (MONA, STAN)
    asked(asking(), away).by(actor(MONA)).when(Approve())
    over = asked(asking(), away).at(MONDAY + timedelta(days=6))
    over.by(actor(STAN)).when(Approve()).refused(NotAsked)


def test_who_no_longer_has_the_post_or_left_decides_no_more():
    begun = asked()
    for gone in (Member(name="x", roles=frozenset({Role.AUDITOR})), Member(name="x", roles=frozenset({Role.SALES_MANAGER}), active=False)):
        begun.knowing({MONA: gone}).by(actor(MONA)).when(Approve()).refused(NotAsked)
    promoted = Member(name="x", roles=frozenset({Role.SALES_CHIEF}))
    assert begun.knowing({MONA: promoted}).by(actor(MONA)).when(Approve()).events


def test_a_decision_on_terms_seen_before_they_changed_is_refused():
    asked().by(actor(MONA)).when(Approve(content_hash="ab" * 32)).refused(TermsChanged)
    assert asked().by(actor(MONA)).when(Approve(content_hash=terms().content_hash)).events


def test_only_those_whose_request_it_is_take_it_back():
    begun = asked()
    begun.by(actor(ANNA)).when(WithdrawApproval(comment="Later")).then(ApprovalWithdrawn(round=1, comment="Later"))
    begun.by(Actor(STAN, frozenset({Role.ADMIN}))).when(WithdrawApproval()).then(ApprovalWithdrawn(round=1))
    begun.by(actor(MONA)).when(WithdrawApproval()).refused(NotYourRequest)
    does(begun, ANNA, WithdrawApproval()).by(actor(ANNA)).when(WithdrawApproval()).nothing()


def test_what_nobody_asked_for_cannot_be_decided():
    approval.by(actor(MONA)).when(Approve()).refused(NotFound)


# --- silence ------------------------------------------------------------------------------------------------------------


def silence(to=(DORA, CARL), step=0):
    return Escalate(chain=Chain.COMMERCIAL, step=step, to=to)


def test_silence_past_the_deadline_asks_the_next_one_up_beside_the_approver():
    late = SECOND.at(LATE)
    event = late.when(silence()).events[0]
    assert isinstance(event, ApprovalEscalated)
    assert (event.silent, event.to, event.due_at) == (MONA, DORA, LATE + timedelta(hours=8))
    for who in (MONA, DORA):
        assert isinstance(late.given(event).by(actor(who)).when(Approve()).events[0], ApprovalStepApproved)


def test_before_the_deadline_and_after_the_answer_nothing_is_escalated():
    SECOND.at(LATE - timedelta(minutes=961)).when(silence()).nothing()
    does(SECOND, MONA, Approve()).at(LATE - timedelta(hours=17)).when(silence()).nothing()
    SECOND.at(LATE).when(silence(step=1)).nothing()


def test_silence_passes_over_parties_those_asked_and_those_who_left_and_never_approves():
    left = Member(name="x", roles=frozenset({Role.SALES_DIRECTOR}), active=False)
    late = SECOND.at(LATE).knowing({DORA: left})
    first = late.when(silence((ANNA, MONA, DORA, CARL))).events[0]
    assert first.to == CARL
    spec, now = late.given(first), LATE
    for _ in range(30):
        now += timedelta(days=7)
        again = spec.at(now).when(silence((ANNA, MONA, DORA, CARL))).events
        assert [e.to for e in again] == [None]
        spec = spec.given(*again)
    assert spec.state is not None
    assert spec.state.open
    assert spec.state.asked == (MONA, CARL)


def test_only_concord_notices_silence():
    SECOND.at(LATE).by(actor(ANNA)).when(silence()).refused(Forbidden)


def test_an_owner_appointed_meanwhile_may_not_decide_either():
    of_a_deal = asked(asking(noun="deal"), approval.on(approval_id("deal", SUBJECT)))
    of_a_deal.knowing({SUBJECT: deals.fold([opened(owner=MONA)])}).by(actor(MONA)).when(Approve()).refused(OwnRequest)
    assert of_a_deal.knowing({SUBJECT: deals.fold([opened(owner=ANNA)])}).by(actor(MONA)).when(Approve()).events
