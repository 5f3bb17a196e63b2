"""Papers about a deal are sent only as what everybody whom the policy names has agreed to."""

from __future__ import annotations

from decimal import Decimal

from domain.approvals import Approve, Reject
from domain.deals import ChangeLines, SetPaymentTerms, terms_of
from domain.deals.state import Deal
from domain.kernel import Actor
from domain.papers import refusals as r
from domain.papers.terms import PaperSubject
from domain.pipelines import DEFAULT_PIPELINE, Pipeline, PipelineVersion
from tests.domain import test_deals_approving as gated
from tests.domain.approval_world import MONA, does
from tests.domain.deal_world import DEAL, VERSION, deal, entered, eur, line, opened
from tests.domain.test_papers import SEND, drafted, paper
from tests.spec import Decision

SUBJECT = PaperSubject(noun="deal", id=DEAL)
FULL = line("1000")


def begun(*lines, **changes):
    return deal.knowing(gated.FACTS).given(opened(lines=lines or (FULL,), amount=eur("1000"), **changes), *gated.ALL_PROVEN)


def sending(spec, approval=None, printed: Deal | None = None) -> Decision:
    """What comes of sending a paper about the deal that was printed from `printed` (left away: from the deal as it is)."""
    state = spec.state
    shown = drafted().model_copy(update={"about": SUBJECT, "content": terms_of(printed or state).content_hash})
    known = {**gated.FACTS, DEAL: state, gated.APPROVAL: approval}
    return paper.knowing(known).given(shown).when(SEND)


def test_terms_that_need_nobody_are_sent():
    assert sending(begun()).events
    assert sending(begun(line("1000", discount=Decimal(10)))).events


def test_terms_that_nobody_agreed_to_are_not_sent_wherever_the_deal_is():
    for spec in (begun(gated.CHEAP), begun(gated.CHEAP).given(entered("paper"))):
        refusal = sending(spec).refused(r.NotAgreedYet, status="consent missing", chains=["commercial"])
        assert "Negotiate" in refusal.detail
    late = begun()
    late = late.given(*late.when(SetPaymentTerms(payment_days=60)).events)
    sending(late).refused(r.NotAgreedYet, chains=["finance"])


def test_terms_are_sent_once_everybody_asked_has_agreed_and_not_while_they_are_asked():
    spec = gated.negotiating()
    asked = gated.approvals_of(spec)
    sending(spec, asked.state).refused(r.NotAgreedYet, status="asked", chains=["commercial"], asked=[str(MONA)])
    assert sending(spec, does(asked, MONA, Approve()).state).events
    sending(spec, does(asked, MONA, Reject(comment="No")).state).refused(r.NotAgreedYet, status="consent missing")


def test_what_was_agreed_to_is_good_for_better_terms_and_not_for_worse_ones():
    agreed = does(gated.approvals_of(gated.negotiating()), MONA, Approve()).state
    assert sending(begun(line("1000", discount=Decimal(12))), agreed).events
    sending(begun(line("1000", discount=Decimal(16))), agreed).refused(r.NotAgreedYet, chains=["commercial"])


def test_a_paper_that_shows_other_terms_than_the_deals_is_not_sent():
    spec = begun(gated.CHEAP)
    printed = spec.state
    plain = spec.given(*spec.by(Actor(gated.ANNA)).when(ChangeLines(lines=(FULL,))).events)
    sending(plain, printed=printed).refused(r.NotAgreedYet, status="changed")
    assert sending(plain).events


def test_where_the_pipeline_asks_nobody_nobody_has_to_agree():
    spec = begun(gated.CHEAP)
    state = spec.state
    shown = drafted().model_copy(update={"about": SUBJECT, "content": terms_of(state).content_hash})
    free = Pipeline("Free", (PipelineVersion(1, tuple(stage.model_copy(update={"approvals": ()}) for stage in VERSION.stages)),))
    assert paper.knowing({**gated.FACTS, DEFAULT_PIPELINE: free, DEAL: state}).given(shown).when(SEND).events
