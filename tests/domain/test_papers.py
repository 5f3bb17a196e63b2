"""Papers: prepared, reviewed by other eyes, sent, signed by all, sealed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.documents import DocumentAttached, DocumentRef, DocumentStored, document_id, document_read, documents
from domain.kernel import Actor, NotFound, On, Refused, natural_id
from domain.papers import commands as c
from domain.papers import events as e
from domain.papers import papers
from domain.papers import refusals as r
from domain.papers.content import PaperKind
from domain.papers.state import Paper
from domain.papers.terms import CONSENT, ClauseUsed, Invited, PaperStatus, PaperSubject, SigningChannel
from domain.settings import SETTINGS_ID, Settings
from tests.spec import NOW, OWN, Spec, counting_ids

MIRA, JON = Actor(natural_id("test", "mira")), Actor(natural_id("test", "jon"))
PDF = DocumentRef(sha256="a" * 64, name="Q.pdf", media_type="application/pdf", size=9)
NEXT = DocumentRef(sha256="b" * 64, name="Q.pdf", media_type="application/pdf", size=9)
SEALED = DocumentRef(sha256="c" * 64, name="Q sealed.pdf", media_type="application/pdf", size=99)
DATA = "d" * 64
SUBJECT = PaperSubject(noun="deal", id=natural_id("test", "deal"))
KNOWN = {
    document_id(ref): documents.fold([DocumentStored(document=PDF, uploader=None)])
    for ref in (PDF.sha256, NEXT.sha256, SEALED.sha256, DATA)
}
DRAFT = c.DraftPaper(
    kind=PaperKind.QUOTE, subject=SUBJECT, account=None, title="Sensors", number="Q-2026-7F3KQ2", template="quote", template_version=1,
    clauses=(ClauseUsed(key="payment", version=2),), review=False, total=None, data_sha256=DATA, document=PDF, as_of=41,
)  # fmt: skip
US, THEM = Invited(name="Mira", email="mira@us.example", party="Us"), Invited(name="Юлия", email="y@them.example", party="Them")
FIRST, SECOND = counting_ids()(), natural_id("test", "2")
SEND = c.SendPaper(signatories=(US, THEM), expires_on=date(2026, 3, 12))
END = datetime(2026, 3, 13, tzinfo=UTC)


def drafted(*, review: bool = False, revision: int = 1, document: DocumentRef = PDF) -> e.PaperDrafted:
    said = {name: getattr(DRAFT, name) for name in c.DraftPaper.model_fields if name not in {"subject", "review", "document"}}
    return e.PaperDrafted(about=SUBJECT, **said, review=review, document=document, revision=revision, by=MIRA.id)


paper = Spec(papers).by(MIRA).knowing({**KNOWN, SETTINGS_ID: Settings(zone="UTC")})
home = paper.given(drafted())
out = home.given(*home.when(SEND).events)


def sign(signatory: UUID, document: str = PDF.sha256) -> c.SignPaper:
    return c.SignPaper(signatory=signatory, document=document, typed_name="M. Y.", consent=True, source="192.0.2.7")


def signed(signatory: UUID) -> e.PaperSigned:
    return e.PaperSigned(signatory=signatory, document=PDF.sha256, consent=CONSENT, typed_name="M. Y.", source="192.0.2.7")


def test_a_paper_is_prepared_and_its_documents_belong_to_it():
    decision = paper.when(DRAFT)
    decision.then(drafted())
    assert decision.elsewhere == tuple(On(document_read(ref), DocumentAttached(noun="paper", id=OWN)) for ref in (PDF.sha256, DATA))


def test_preparing_the_same_again_is_quiet_and_another_one_is_the_next_revision():
    home.when(DRAFT).nothing()
    home.when(DRAFT.model_copy(update={"document": NEXT})).then(drafted(revision=2, document=NEXT))


def test_a_paper_that_is_out_is_not_prepared_anew():
    out.when(DRAFT.model_copy(update={"document": NEXT})).refused(r.PaperIsOut, status="sent")


def test_nothing_happens_to_a_paper_that_is_not_there():
    paper.when(c.VoidPaper(reason="x")).refused(NotFound)


def test_a_review_is_asked_for_once():
    asked = e.PaperReviewRequested(by=MIRA.id)
    home.when(c.RequestReview()).then(asked)
    home.given(asked).when(c.RequestReview()).nothing()


reviewing = paper.given(drafted(review=True), e.PaperReviewRequested(by=MIRA.id))
LOOKED = c.ReviewPaper(allowed=True, document=PDF.sha256)


def test_another_member_lets_it_pass_and_only_then_it_may_be_sent():
    reviewing.when(SEND).refused(r.PaperNotReviewed, template="quote")
    passed = reviewing.by(JON).when(LOOKED).events
    assert passed == (e.PaperReviewed(allowed=True, note=None, document=PDF.sha256, by=JON.id),)
    assert isinstance(reviewing.given(*passed).when(SEND).events[-1], e.PaperSent)
    reviewing.given(*passed).by(JON).when(LOOKED).nothing()


def test_nobody_reviews_their_own_paper_not_even_on_behalf_of_another():
    reviewing.when(LOOKED).refused(r.OwnPaper)
    reviewing.by(Actor(JON.id, on_behalf_of=MIRA.id)).when(LOOKED).refused(r.OwnPaper)


def test_a_review_of_what_was_prepared_anew_since_does_not_count():
    anew = reviewing.given(drafted(review=True, revision=2, document=NEXT), e.PaperReviewRequested(by=MIRA.id))
    anew.by(JON).when(LOOKED).refused(r.PaperChanged, document=NEXT.sha256)
    passed = reviewing.given(*reviewing.by(JON).when(LOOKED).events, drafted(review=True, revision=2, document=NEXT))
    passed.when(SEND).refused(r.PaperNotReviewed)


def test_a_paper_sent_back_is_drafted_again():
    back = reviewing.given(*reviewing.by(JON).when(c.ReviewPaper(allowed=False, document=PDF.sha256, note="Wrong price")).events)
    assert back.state.status is PaperStatus.DRAFTING
    back.by(JON).when(LOOKED).refused(r.PaperNotInState, status="drafting", needed=["internal_review"])


def test_it_is_sent_to_everybody_who_signs_until_the_end_of_a_day():
    first, second, sent = home.when(SEND).events
    assert first == e.PaperSignatoryNamed(signatory=FIRST, party="Us", contact=None, name="Mira", email="mira@us.example")
    assert second.signatory == SECOND
    assert sent == e.PaperSent(signatories=(FIRST, SECOND), channel=SigningChannel.LINKS, expires_at=END, document=PDF.sha256, by=MIRA.id)


def test_a_day_that_is_over_or_too_far_away_and_an_address_named_twice_are_refused():
    home.when(SEND.model_copy(update={"expires_on": date(2026, 3, 1)})).refused(r.SigningDayPast, today="2026-03-02")
    home.when(SEND.model_copy(update={"expires_on": date(9999, 12, 31)})).refused(r.SigningDayTooFar, expires_on="9999-12-31")
    home.when(SEND.model_copy(update={"signatories": (US, US)})).refused(r.SignatoryTwice, emails=["mira@us.example"])
    out.when(SEND).refused(r.PaperNotInState, status="sent")


def test_links_are_for_those_who_are_asked_to_sign():
    out.when(c.RecordLink(signatory=FIRST, mailed=True)).then(e.PaperLinkIssued(signatory=FIRST, mailed=True))
    out.when(c.RecordLink(signatory=OWN, mailed=True)).refused(r.SignatoryUnknown, signatory=str(OWN))
    home.when(c.RecordLink(signatory=FIRST, mailed=True)).refused(r.PaperNotInState)


def test_the_first_look_is_noted_and_later_ones_are_not():
    seen = e.PaperViewed(signatory=FIRST)
    out.when(c.ViewPaper(signatory=FIRST)).then(seen)
    out.given(seen).when(c.ViewPaper(signatory=FIRST)).nothing()
    assert out.given(seen).state.status is PaperStatus.VIEWED
    home.when(c.ViewPaper(signatory=FIRST)).nothing()


def test_each_signs_once_what_was_sent():
    out.when(sign(FIRST)).then(signed(FIRST))
    out.given(signed(FIRST)).when(sign(FIRST)).nothing()
    out.when(sign(FIRST, "e" * 64)).refused(r.PaperChanged, document=PDF.sha256)
    out.when(sign(OWN)).refused(r.SignatoryUnknown)


def test_nobody_signs_after_the_time_even_where_no_timer_has_said_so():
    out.at(END - timedelta(microseconds=1)).when(sign(FIRST)).then(signed(FIRST))
    out.at(END).when(sign(FIRST)).refused(r.SigningOver)
    out.at(END).when(c.DeclinePaper(signatory=FIRST, reason="Late")).refused(r.SigningOver)


def test_whoever_declines_ends_it_for_all():
    declined = e.PaperDeclined(signatory=SECOND, reason="Too dear")
    out.when(c.DeclinePaper(signatory=SECOND, reason="Too dear")).then(declined)
    out.given(declined).when(sign(FIRST)).refused(r.PaperNotInState, status="declined")
    out.given(declined).when(c.DeclinePaper(signatory=SECOND, reason="Too dear")).nothing()
    out.given(signed(SECOND)).when(c.DeclinePaper(signatory=SECOND, reason="After all")).refused(r.PaperNotInState)


SEAL = c.SealPaper(document=SEALED, holder="Us", fingerprint="f" * 64, signed_on=date(2026, 3, 2))
COMPLETED = e.PaperCompleted(document=SEALED, holder="Us", fingerprint="f" * 64, signed_on=date(2026, 3, 2))


def test_it_is_complete_when_all_have_signed_and_it_is_sealed():
    out.given(signed(FIRST)).when(SEAL).refused(r.SignaturesMissing, missing=["Them"])
    both = out.given(signed(FIRST), signed(SECOND))
    decision = both.when(SEAL)
    decision.then(COMPLETED)
    assert decision.elsewhere == (On(document_read(SEALED.sha256), DocumentAttached(noun="paper", id=OWN)),)
    both.given(COMPLETED).when(SEAL).nothing()


def test_what_is_complete_is_not_taken_back():
    out.given(signed(FIRST), signed(SECOND), COMPLETED).when(c.VoidPaper(reason="x")).refused(r.PaperNotInState, status="completed")


def test_what_is_out_or_at_home_is_taken_back_once():
    voided = e.PaperVoided(reason="New price", by=MIRA.id)
    for begun in (home, out):
        begun.when(c.VoidPaper(reason="New price")).then(voided)
        begun.given(voided).when(c.VoidPaper(reason="New price")).nothing()


def test_it_expires_when_its_time_is_over_and_not_before_nor_when_all_have_signed():
    out.at(END).when(c.ExpirePaper()).then(e.PaperExpired())
    out.at(END - timedelta(seconds=1)).when(c.ExpirePaper()).nothing()
    out.given(signed(FIRST), signed(SECOND)).at(END).when(c.ExpirePaper()).nothing()
    out.given(e.PaperExpired()).at(END).when(c.ExpirePaper()).nothing()
    home.at(END).when(c.ExpirePaper()).nothing()


ANY = (
    DRAFT, DRAFT.model_copy(update={"document": NEXT}), c.RequestReview(), LOOKED, c.ReviewPaper(allowed=False, document=PDF.sha256), SEND,
    c.RecordLink(signatory=FIRST, mailed=False), c.ViewPaper(signatory=FIRST), sign(FIRST), sign(SECOND), SEAL,
    c.DeclinePaper(signatory=SECOND, reason="No"), c.VoidPaper(reason="No"), c.ExpirePaper(),
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(ANY), st.sampled_from([MIRA, JON]), st.integers(0, 15)), max_size=25))
@settings(max_examples=300, deadline=None)
def test_no_order_of_commands_makes_a_paper_complete_without_every_signature_on_what_was_sent(steps):
    now = paper
    days = 0
    for command, actor, later in steps:
        days += later if later > 12 else 0
        at = now.by(actor).at(NOW + timedelta(days=days))
        try:
            decision = at.when(command)
            events = decision.events if decision.refusal is None else ()
        except Refused:
            events = ()
        before: Paper | None = now.state
        now = now.given(*events)
        after: Paper | None = now.state
        if after is not None and after.status is PaperStatus.COMPLETED:
            sent = [event for event in now.events if isinstance(event, e.PaperSent)][-1]
            on = {event.signatory for event in now.events if isinstance(event, e.PaperSigned) and event.document == sent.document}
            assert on == set(sent.signatories)
        if before is not None and before.status in {PaperStatus.COMPLETED, PaperStatus.DECLINED, PaperStatus.VOIDED, PaperStatus.EXPIRED}:
            assert events == (), "what is over stays over"
        again = now.by(actor).at(NOW + timedelta(days=days)).when(command)
        assert again.refusal is not None or command is SEND or again.outcome == (), "a repeated command is quiet or refused"


@pytest.mark.parametrize("status", list(PaperStatus))
def test_every_state_is_at_home_out_or_over(status: PaperStatus):
    from domain.papers.terms import AT_HOME, OUT, OVER

    assert sum(status in group for group in (AT_HOME, OUT, OVER)) == 1
