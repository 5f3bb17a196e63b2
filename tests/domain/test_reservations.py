from __future__ import annotations

from domain.kernel import natural_id
from domain.reservations import Claim, Release, ReservationReleased, ReservationTaken, Reserve, Taken, reservations
from tests.spec import Spec

ONE, OTHER = natural_id("test", "one"), natural_id("test", "other")
CLAIM = Claim("registration", ("DE", "hrb", "1"))
reservation = Spec(reservations).on(CLAIM.read.id)
take = Reserve(kind=CLAIM.kind, parts=CLAIM.parts, holder=ONE)
taken = ReservationTaken(kind=CLAIM.kind, parts=CLAIM.parts, holder=ONE)


def test_what_is_free_can_be_reserved():
    reservation.when(take).then(taken)


def test_what_another_holds_is_refused_and_names_the_holder():
    reservation.given(taken).when(take.model_copy(update={"holder": OTHER})).refused(Taken, holder=str(ONE))


def test_reserving_again_is_quiet():
    reservation.given(taken).when(take).nothing()


def test_what_was_released_can_be_taken_by_another():
    released = reservation.given(taken, ReservationReleased(holder=ONE))
    released.when(take.model_copy(update={"holder": OTHER})).then(taken.model_copy(update={"holder": OTHER}))


def test_releasing_what_another_holds_is_quiet():
    reservation.given(taken).when(Release(holder=OTHER)).nothing()
    reservation.given(taken).when(Release(holder=ONE)).then(ReservationReleased(holder=ONE))


def test_the_same_parts_of_another_kind_are_another_reservation():
    assert Claim("registration", ("a",)).read != Claim("product_code", ("a",)).read
    assert Claim("registration", ("a", "b")).read != Claim("registration", ("ab",)).read
