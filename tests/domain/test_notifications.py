from __future__ import annotations

from domain.kernel import Actor, Forbidden, Invalid, NotFound, natural_id
from domain.members import AddMember, DeactivateMember, members
from domain.notifications import (
    Delivery,
    Dismiss,
    MarkRead,
    MarkSendingFailed,
    MarkSent,
    NotificationDismissed,
    NotificationRaised,
    NotificationRead,
    NotificationSendingFailed,
    NotificationSent,
    Notify,
    notification_id,
    notifications,
)
from tests.domain.world import World
from tests.spec import Spec

ANN, BOB, DEAL, CAUSE = (natural_id("test", n) for n in ("ann", "bob", "deal", "cause"))
ID = notification_id(ANN, "stalled", CAUSE)
words = {"member": ANN, "kind": "stalled", "noun": "deal", "about": DEAL, "cause": CAUSE, "title": "Stalled", "body": "Act."}
raised = NotificationRaised(**words)
told = Spec(notifications).on(ID).given(raised)


def world() -> World:
    world = World()
    world.do(members, ANN, AddMember(name="Ann"))
    return world


def test_a_member_is_told_once_of_one_cause():
    known = world()
    assert known.do(notifications, ID, Notify(**words)) == (raised,)
    assert known.do(notifications, ID, Notify(**{**words, "title": "Other words"})) == ()


def test_a_member_who_left_is_told_nothing_and_a_stranger_is_refused():
    known = world()
    known.do(members, ANN, DeactivateMember())
    assert known.do(notifications, ID, Notify(**words)) == ()
    stranger = {**words, "member": BOB}
    assert isinstance(known.run(notifications, notification_id(BOB, "stalled", CAUSE), Notify(**stranger)), NotFound)


def test_the_stream_follows_from_member_kind_and_cause():
    assert isinstance(world().run(notifications, natural_id("test", "any"), Notify(**words)), Invalid)


def test_it_is_sent_once():
    sent = NotificationSent(delivery=Delivery.SMTP, reference="<1@mail>")
    command = MarkSent(delivery=Delivery.SMTP, reference="<1@mail>")
    told.when(command).then(sent)
    told.given(sent).when(command).nothing()
    told.given(sent).when(MarkSendingFailed(reason="late")).nothing()
    told.when(MarkSendingFailed(reason="no address")).then(NotificationSendingFailed(reason="no address"))
    told.given(NotificationSendingFailed(reason="x")).when(command).then(sent)
    Spec(notifications).on(ID).when(command).refused(NotFound)


def test_only_the_member_marks_it_read_or_dismisses_it():
    own = told.by(Actor(ANN))
    own.when(MarkRead()).then(NotificationRead())
    own.given(NotificationRead()).when(MarkRead()).nothing()
    own.when(Dismiss()).then(NotificationDismissed())
    own.given(NotificationDismissed()).when(Dismiss()).nothing()
    own.by(Actor(BOB)).when(MarkRead()).refused(Forbidden)
    own.by(Actor(BOB)).when(Dismiss()).refused(Forbidden)


def test_the_words_are_personal_to_the_member():
    assert NotificationRaised.subject == "member"
    assert NotificationRaised.personal == ("title", "body")
