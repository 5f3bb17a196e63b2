"""Holds, exports and erasure of a person's data: who may, when it is refused, and that nothing happens twice."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

from domain.kernel import Actor, Forbidden, Invalid, NotFound, Role, natural_id
from domain.papers.terms import PaperStatus
from domain.privacy import (
    CUTS,
    Cut,
    ErasePerson,
    ErasureCarriedOut,
    ExportPerson,
    HoldPerson,
    Mentions,
    MentionsErased,
    MentionsUndecided,
    NotHeld,
    OnHold,
    OwnErasure,
    PapersUnderWay,
    PersonErased,
    PersonExported,
    PersonHeld,
    PersonIsErased,
    PersonKind,
    PersonReleased,
    RecordErasure,
    ReleasePerson,
    privacy,
    privacy_id,
)
from tests.spec import NOW, Spec

EVE, PAPER = natural_id("test", "eve"), natural_id("test", "paper")
ADMIN, LEGAL = (Actor(natural_id("test", role), frozenset({role})) for role in (Role.ADMIN, Role.LEGAL))
about = Spec(privacy).on(privacy_id(EVE)).by(ADMIN)
erase = ErasePerson(person=EVE, kind=PersonKind.CONTACT, case="DSR-1", subjects=(EVE,), papers=(PAPER,))
erased = PersonErased(**{name: getattr(erase, name) for name in PersonErased.model_fields})
held = PersonHeld(person=EVE, case="LIT-7", until=None)


def test_a_person_is_erased_once():
    about.when(erase).then(erased)
    about.given(erased).when(erase.model_copy(update={"case": "DSR-2"})).nothing()


def test_who_is_on_hold_is_not_erased_and_the_refusal_names_the_case():
    refusal = about.given(held).when(erase).refused(OnHold)
    assert refusal.data["holds"] == [{"case": "LIT-7", "until": None}]
    assert "LIT-7" in refusal.detail
    about.given(held, PersonReleased(person=EVE, case="LIT-7")).when(erase).then(erased)


def test_a_hold_with_a_last_day_binds_through_that_day():
    until = PersonHeld(person=EVE, case="LIT-7", until=NOW.date())
    about.given(until).when(erase).refused(OnHold)
    about.given(until.model_copy(update={"until": date(2026, 3, 1)})).when(erase).then(erased)


def test_whoever_is_asked_to_sign_is_not_erased_before_that_is_settled():
    def paper(status):
        return about.knowing({PAPER: SimpleNamespace(status=status, number="Q-1")}).when(erase)

    assert paper(PaperStatus.VIEWED).refused(PapersUnderWay).data["papers"] == ["Q-1"]
    paper(PaperStatus.COMPLETED).then(erased)
    paper(PaperStatus.VOIDED).then(erased)


def test_whoever_is_named_in_texts_of_other_things_is_not_erased_before_that_is_decided():
    named = erase.model_copy(update={"mentioned": 3})
    assert about.when(named).refused(MentionsUndecided).data["mentioned"] == 3
    kept = {"mentioned": 3, "mentions": Mentions.KEEP}
    about.when(named.model_copy(update=kept)).then(erased.model_copy(update=kept))
    about.when(erase.model_copy(update={"mentions": Mentions.KEEP})).then(erased.model_copy(update={"mentions": Mentions.KEEP}))


def test_what_is_masked_is_said_by_events_of_a_bounded_size_and_only_where_it_was_decided():
    cuts = tuple(Cut(stream=EVE, version=n, digest="0", words=()) for n in range(CUTS + 1))
    masking = erase.model_copy(update={"mentioned": len(cuts), "mentions": Mentions.ERASE, "cuts": cuts})
    said = erased.model_copy(update={"mentioned": len(cuts), "mentions": Mentions.ERASE})
    first, rest = (MentionsErased(person=EVE, case="DSR-1", cuts=part) for part in (cuts[:CUTS], cuts[CUTS:]))
    about.when(masking).then(said, first, rest)
    about.when(masking.model_copy(update={"mentions": Mentions.KEEP})).then(said.model_copy(update={"mentions": Mentions.KEEP}))
    about.given(said, first, rest).when(masking).nothing()


def test_only_administration_erases_and_nobody_themselves():
    about.by(LEGAL).when(erase).refused(Forbidden)
    about.by(Actor(EVE, frozenset({Role.ADMIN}))).when(erase).refused(OwnErasure)


def test_holds_are_laid_down_changed_and_released_by_administration_and_legal():
    hold = HoldPerson(person=EVE, case="LIT-7")
    about.by(LEGAL).when(hold).then(held)
    about.given(held).when(hold).nothing()
    longer = hold.model_copy(update={"until": date(2027, 1, 31)})
    about.given(held).when(longer).then(PersonHeld(person=EVE, case="LIT-7", until=date(2027, 1, 31)))
    about.when(hold.model_copy(update={"until": date(2026, 3, 1)})).refused(Invalid)
    about.by(Actor(natural_id("test", "seller"), frozenset({Role.SALES_CHIEF}))).when(hold).refused(Forbidden)
    about.given(held).when(ReleasePerson(person=EVE, case="LIT-7")).then(PersonReleased(person=EVE, case="LIT-7"))
    assert about.given(held).when(ReleasePerson(person=EVE, case="LIT-8")).refused(NotHeld).data["holds"] == ["LIT-7"]


def test_an_export_is_recorded_each_time_and_refused_of_who_is_erased():
    export = ExportPerson(person=EVE, case="DSR-1")
    exported = PersonExported(person=EVE, case="DSR-1")
    about.given(exported).when(export).then(exported)
    about.given(erased).when(export).refused(PersonIsErased)
    about.given(erased).when(HoldPerson(person=EVE, case="LIT-7")).refused(PersonIsErased)


def test_that_an_erasure_was_carried_out_is_recorded_once():
    record = RecordErasure(person=EVE, rows=2, files=1, sign_ins=0)
    done = ErasureCarriedOut(**dict(record))
    about.given(erased).when(record).then(done)
    about.given(erased, done).when(record.model_copy(update={"rows": 0})).nothing()
    about.when(record).refused(NotFound)
