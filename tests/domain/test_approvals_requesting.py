"""What is asked of whom: the matrix, thresholds, climbing, vacant posts, deadlines, and what carries over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.approval_policies import STARTING, Rise
from domain.approvals import ApprovalGranted, ApprovalTerms, ApprovalWithdrawn, Approve, Clause, NobodyToAsk, Plan, Reject, Status, TermLine
from domain.approvals.deadlines import due_at
from domain.approvals.requirements import posts_for, worse
from domain.approvals.terms import Measures, blended_discount
from domain.calendars import Calendar
from domain.kernel import Forbidden, Role
from domain.members import Member
from domain.rates import NoRate
from domain.settings import Settings
from domain.stages import Chain
from domain.values import Money
from tests.domain.approval_world import (
    ANNA,
    CARL,
    CAUSE,
    DESK,
    DORA,
    ELSA,
    FINN,
    GLOBEX,
    LENA,
    MONA,
    MONDAY,
    actor,
    approval,
    asked,
    asking,
    does,
    facts,
    plan,
    request,
    terms,
    turns,
)
from tests.spec import NOW

M, D, C, F = Role.SALES_MANAGER, Role.SALES_DIRECTOR, Role.SALES_CHIEF, Role.FINANCE_CHIEF


def measures(discount: str = "0", amount: str = "1000", days: int = 30, **changes: object) -> Measures:
    money = Money(amount=Decimal(amount), currency="EUR")
    return Measures(**{"blended": Decimal(discount), "worst_line": Decimal(discount), "amount": money, "payment_days": days, **changes})


@pytest.mark.parametrize(
    ("discount", "amount", "posts"),
    [
        ("10", "500000", ()),
        ("10.0001", "1", (M,)),
        ("20", "1", (M,)),
        ("20.5", "1", (M, D)),
        ("40", "1", (M, D, C)),
        ("40.0001", "1", (M, D, C, F)),
        ("0", "500000.01", (M,)),
        ("0", "1000000.01", (M, D)),
        ("15", "1000001", (M, D, C)),
        ("45", "900000", (M, D, C, F)),
        ("0", "2000000", (M, D)),
        ("0", "2000000.01", (M, D, C, F)),
    ],
)
def test_the_commercial_chain_climbs_to_the_tier_of_discount_and_amount(discount, amount, posts):
    assert posts_for(Chain.COMMERCIAL, STARTING, measures(discount, amount)) == posts


def test_the_worst_line_counts_as_much_as_all_lines_together():
    assert posts_for(Chain.COMMERCIAL, STARTING, measures("5", worst_line=Decimal(35))) == (M, D, C)


@pytest.mark.parametrize(
    ("days", "posts", "legal"),
    [
        (30, (), False),
        (31, (Role.DEAL_DESK,), False),
        (45, (Role.DEAL_DESK,), False),
        (60, (Role.DEAL_DESK, F), False),
        (61, (Role.DEAL_DESK, F, C), False),
        (90, (Role.DEAL_DESK, F, C), False),
        (91, (Role.DEAL_DESK, F, C), True),
    ],
)
def test_the_finance_chain_climbs_with_the_days_and_legal_joins_beyond_ninety(days, posts, legal):
    assert posts_for(Chain.FINANCE, STARTING, measures(days=days)) == posts
    assert posts_for(Chain.LEGAL, STARTING, measures(days=days)) == ((Role.LEGAL,) if legal else ())


def test_a_clause_that_is_not_standard_is_for_legal():
    ours = asked(asking(terms("0", clauses=(Clause(key="liability"),))))
    theirs = asked(asking(terms("0", clauses=(Clause(key="liability", standard=False),))))
    assert plan(ours, Chain.LEGAL).plan is Plan.NOT_NEEDED
    assert plan(theirs, Chain.LEGAL).posts == (Role.LEGAL,)


lines = st.lists(
    st.builds(
        TermLine,
        label=st.just("x"),
        quantity=st.integers(1, 1000).map(Decimal),
        unit_price=st.decimals("0", "1e6", places=2).map(lambda d: Money(amount=d, currency="EUR")),
        discount=st.decimals("0", "100", places=2),
    ),
    min_size=1,
    max_size=6,
)


@settings(deadline=None)
@given(lines)
def test_the_blended_discount_lies_between_the_best_and_the_worst_line(found):
    blended = blended_discount(found)
    assert blended <= max(line.discount for line in found)
    if all(line.gross for line in found):
        assert blended >= min(line.discount for line in found)


@settings(deadline=None)
@given(lines, st.randoms())
def test_the_content_hash_is_of_the_content_not_of_its_order_or_notation(found, random):
    amount = Money(amount=Decimal(1), currency="EUR")
    shuffled = [line.model_copy(update={"discount": line.discount.quantize(Decimal("0.0001"))}) for line in found]
    random.shuffle(shuffled)
    one, other = ApprovalTerms(lines=tuple(found), amount=amount), ApprovalTerms(lines=tuple(shuffled), amount=amount)
    assert one.content_hash == other.content_hash
    dearer = [found[0].model_copy(update={"quantity": found[0].quantity + 1}), *found[1:]]
    assert ApprovalTerms(lines=tuple(dearer), amount=amount).content_hash != one.content_hash


@pytest.mark.parametrize(
    "changes",
    [
        {"payment_days": 31},
        {"party": GLOBEX},
        {"amount": Money(amount=Decimal(850), currency="USD")},
        {"clauses": (Clause(key="liability"),)},
    ],
)
def test_each_of_the_terms_is_in_the_content_hash(changes):
    assert terms().content_hash != terms(**changes).content_hash


@settings(deadline=None)
@given(st.decimals("0", "100", places=4), st.decimals("0", "3e6", places=2), st.integers(0, 200), st.sampled_from(list(Chain)))
def test_what_is_no_worse_never_needs_more_than_before(discount, amount, days, chain):
    before = measures("20", "600000", 50)
    after = measures(str(discount), str(amount), days)
    if not worse(chain, STARTING, after, before):
        assert set(posts_for(chain, STARTING, after)) <= set(posts_for(chain, STARTING, before))


def test_chains_run_side_by_side_and_steps_one_after_the_other():
    begun = asked(asking(terms("25", payment_days=50)))
    assert turns(begun) == [MONA, DESK]
    assert turns(does(begun, MONA, Approve())) == [MONA, DESK, DORA]


def test_terms_that_need_nobody_are_granted_at_once_and_say_why():
    begun = asked(asking(terms("10")))
    assert begun.events[-1] == ApprovalGranted(round=1, chains=tuple(Chain), content_hash=terms("10").content_hash)
    assert plan(begun, Chain.COMMERCIAL).why == "10 % off in all, 10 % on the worst line, on 900.00 EUR: nobody has to agree"


def test_a_vacant_post_passes_up_and_never_down():
    for vacant in (Member(name="gone", roles=frozenset({M}), active=False), Member(name="moved", roles=frozenset({Role.DEAL_DESK})), None):
        begun = asked(asking(), approval.knowing(facts(mona=vacant)))
        assert turns(begun) == [DORA]
        assert plan(begun, Chain.COMMERCIAL).steps[0].posts == (M,)
    both = asked(asking(terms("25")), approval.knowing(facts(mona=None)))
    assert [(s.posts, s.approver) for s in plan(both, Chain.COMMERCIAL).steps] == [((M, D), DORA)]


def test_a_post_whose_holder_is_a_party_passes_up():
    assert turns(asked(asking(requested_by=MONA))) == [DORA]
    assert turns(asked(asking(parties=(MONA, DORA)))) == [CARL]


def test_where_nobody_stands_above_the_request_says_whom_it_lacks():
    nobody = approval.knowing(facts(lena=None, elsa=None))
    nobody.when(asking(terms(payment_days=100))).refused(NobodyToAsk, post=Role.LEGAL)
    assert LENA in turns(asked(asking(terms(payment_days=100))))
    assert ELSA in turns(asked(asking(terms(payment_days=100)), approval.knowing(facts(lena=None))))


def test_amounts_are_tested_in_the_reporting_currency_at_the_rate_of_the_day_which_is_recorded():
    begun = request(asked(asking(terms("0", "620000", "USD"))))
    assert (begun.measures.amount, begun.rate and (begun.rate.rate, str(begun.rate.day))) == (
        Money(amount=Decimal("496000.00"), currency="EUR"),
        (Decimal("0.8"), "2026-02-27"),
    )
    assert plan(asked(asking(terms("0", "630000", "USD"))), Chain.COMMERCIAL).posts == (M,)
    approval.when(asking(terms("0", "1", "JPY"))).refused(NoRate, base="JPY")
    assert request(asked()).rate is None


def test_only_concord_asks_on_behalf_of_what_needs_it():
    approval.by(actor(ANNA)).when(asking()).refused(Forbidden)


def test_asking_again_for_the_same_terms_is_quiet_while_open_and_once_granted():
    begun = asked()
    begun.when(asking(cause=DORA)).nothing()
    does(begun, MONA, Approve()).when(asking(cause=DORA)).nothing()
    rejected = does(begun, MONA, Reject(comment="No"))
    rejected.when(asking()).nothing()
    assert turns(asked(asking(cause=DORA), rejected))[-1] == MONA


def test_other_terms_supersede_an_open_round():
    events = asked().when(asking(terms("18"))).events
    assert events[0] == ApprovalWithdrawn(round=1, superseded=True)
    assert events[1].round == 2


def test_a_chain_whose_value_got_no_worse_carries_its_decision_over_and_says_so():
    agreed = does(does(asked(asking(terms("15", payment_days=45))), MONA, Approve()), DESK, Approve())
    again = asked(asking(terms("12", payment_days=60), cause=DORA), agreed)
    commercial, finance = plan(again, Chain.COMMERCIAL), plan(again, Chain.FINANCE)
    assert (commercial.plan, commercial.agreed_in, commercial.agreed_by) == (Plan.CARRIED_OVER, 1, (MONA,))
    assert commercial.why.endswith("no worse than what was agreed to in round 1, which carries over")
    assert (finance.plan, turns(again)[-1]) == (Plan.ASKED, DESK)


def test_what_one_chain_agreed_to_survives_the_no_of_another():
    rejected = does(does(asked(asking(terms("15", payment_days=45))), MONA, Approve()), DESK, Reject(comment="Too long"))
    assert rejected.state is not None
    assert rejected.state.status is Status.REJECTED
    again = asked(asking(terms("15", payment_days=40), cause=DORA), rejected)
    assert (plan(again, Chain.COMMERCIAL).plan, plan(again, Chain.FINANCE).plan) == (Plan.CARRIED_OVER, Plan.ASKED)


def test_a_better_value_for_which_the_policy_wants_more_by_now_is_asked_again():
    stricter = STARTING.model_copy(update={"rises": (Rise(over=Decimal(100), tiers=2),)})
    from domain.approval_policies import DEFAULT_POLICY, ApprovalPolicy, PolicyVersion

    agreed = does(asked(), MONA, Approve())
    policy = ApprovalPolicy(versions=(PolicyVersion(0, STARTING), PolicyVersion(1, stricter)))
    again = asked(asking(terms("12"), cause=DORA), agreed.knowing({DEFAULT_POLICY: policy}))
    assert (plan(again, Chain.COMMERCIAL).plan, request(again).policy_version) == (Plan.ASKED, 1)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"party": GLOBEX}, ("party",)),
        ({"currency": "USD"}, ("currency",)),
        ({"clauses": (Clause(key="liability"),)}, ("clauses",)),
    ],
)
def test_a_change_of_party_currency_or_clause_always_asks_legal(changes, what):
    granted = asked(asking(terms("5")))
    again = asked(asking(terms("5", **changes), cause=DORA), granted)
    legal = plan(again, Chain.LEGAL)
    assert (legal.plan, legal.changed, turns(again)) == (Plan.ASKED, what, [LENA])
    assert legal.why.startswith(f"{what[0]} changed: ")
    agreed = does(again, LENA, Approve())
    assert plan(asked(asking(terms("5"), cause=CAUSE), agreed), Chain.LEGAL).changed == what  # back is a change, too


# --- deadlines ---------------------------------------------------------------------------------------------------------


def test_an_approver_has_one_business_day_of_their_own_calendar():
    assert due_at(Settings(), STARTING, None, MONDAY + timedelta(hours=6)) == MONDAY + timedelta(days=1, hours=6)
    friday = datetime(2026, 3, 6, 15, tzinfo=UTC)
    assert due_at(Settings(), STARTING, None, friday) == datetime(2026, 3, 9, 15, tzinfo=UTC)
    holiday = Calendar("America/New_York", holidays=frozenset({date(2026, 3, 9)}))
    at = Settings(calendars={"US": holiday})
    assert due_at(at, STARTING, "America/New_York", friday) == datetime(2026, 3, 10, 14, tzinfo=UTC)  # 10:00 after Monday's holiday
    assert due_at(Settings(), STARTING, "Asia/Tokyo", MONDAY) == datetime(2026, 3, 3, 8, tzinfo=UTC)


def test_in_the_last_week_of_a_fiscal_quarter_there_are_four_working_hours():
    assert due_at(Settings(), STARTING, None, datetime(2026, 3, 24, 10, tzinfo=UTC)) == datetime(2026, 3, 25, 10, tzinfo=UTC)
    assert due_at(Settings(), STARTING, None, datetime(2026, 3, 25, 10, tzinfo=UTC)) == datetime(2026, 3, 25, 14, tzinfo=UTC)
    assert due_at(Settings(), STARTING, None, datetime(2026, 3, 31, 15, tzinfo=UTC)) == datetime(2026, 4, 1, 11, tzinfo=UTC)
    other = Settings(fiscal_year_start=2)
    assert due_at(other, STARTING, None, datetime(2026, 3, 31, 15, tzinfo=UTC)) == datetime(2026, 4, 1, 15, tzinfo=UTC)


def test_the_deadline_stands_in_the_event_that_asks():
    event = asked().events[-1]
    assert (event.asked_at, event.due_at) == (NOW, NOW + timedelta(hours=8))
    assert FINN not in turns(asked())
