from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from domain.backdating import BackdatingNotAllowed
from domain.imports import ChangedSinceImport, UndoImport
from domain.kernel import Actor, AlreadyExists, Invalid, NotFound, On, Role, natural_id
from domain.products import (
    AddProduct,
    ChangePrice,
    Charge,
    DescribeProduct,
    ImportProduct,
    ProductAdded,
    ProductDescribed,
    ProductIsRetired,
    ProductPriceChanged,
    ProductRestored,
    ProductRetired,
    RestoreProduct,
    RetireProduct,
    products,
)
from domain.reservations import ReservationReleased, Taken
from domain.values import Money
from tests.domain.world import World
from tests.spec import NOW, Spec

GTX, OTHER = natural_id("test", "gtx"), natural_id("test", "other")
RUN, LATER = natural_id("test", "run"), natural_id("test", "later")
TODAY = NOW.date()
SELLER = Actor(natural_id("test", "seller"), frozenset({Role.ACCOUNT_MANAGER}))


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


added = ProductAdded(name="GTX Pro", price=usd("4821"))
gtx = Spec(products).on(GTX)


def test_a_product_is_added_once():
    gtx.when(AddProduct(name="GTX Pro", price=usd("4821"))).then(added)
    gtx.given(added).when(AddProduct(name="GTX Pro")).refused(AlreadyExists)
    gtx.when(AddProduct(name="GTX Pro", price=usd("-1"))).refused(Invalid)
    gtx.when(RetireProduct()).refused(NotFound)


def test_two_products_have_no_code_in_common():
    world = World()
    world.do(products, GTX, AddProduct(name="GTX Pro", code="A-1"))
    assert isinstance(world.run(products, OTHER, AddProduct(name="Other", code="a-1")), Taken)
    outcome = world.do(products, GTX, DescribeProduct(code="B-2"))
    assert [type(o.event) for o in outcome if isinstance(o, On)][-1] is ReservationReleased
    world.do(products, OTHER, AddProduct(name="Other", code="a-1"))
    assert isinstance(world.run(products, OTHER, DescribeProduct(code="B-2")), Taken)
    world.do(products, GTX, DescribeProduct(code="b-2"))
    assert world.state(products, GTX).code == "b-2"


def test_a_description_left_away_stays():
    gtx.given(added).when(DescribeProduct(family="GTX")).then(ProductDescribed(name="GTX Pro", code=None, unit="piece", family="GTX"))
    gtx.given(added).when(DescribeProduct(name="GTX Pro")).nothing()
    gtx.given(added).when(DescribeProduct(name=None)).refused(Invalid)


def test_a_price_changes_from_a_day_on():
    changed = ProductPriceChanged(price=usd("5000"), charge=Charge.ONE_OFF, valid_from=TODAY + timedelta(days=30))
    gtx.given(added).when(ChangePrice(price=usd("5000"), valid_from=changed.valid_from)).then(changed)
    state = gtx.given(added, changed).state
    assert state.price_on(TODAY + timedelta(days=29)) == usd("4821")
    assert state.price_on(TODAY + timedelta(days=30)) == usd("5000")
    assert state.price_on(date(1990, 1, 1)) == usd("4821")


def test_a_price_that_is_so_already_is_quiet():
    gtx.given(added).when(ChangePrice(price=usd("4821.00"))).nothing()
    gtx.given(added).when(ChangePrice(price=usd("4821"), charge=Charge.MONTHLY)).then(
        ProductPriceChanged(price=usd("4821"), charge=Charge.MONTHLY, valid_from=TODAY)
    )


def test_a_negative_price_and_one_for_the_past_are_refused():
    gtx.given(added).when(ChangePrice(price=usd("-1"))).refused(Invalid)
    past = ChangePrice(price=usd("1"), valid_from=TODAY - timedelta(days=1))
    gtx.given(added).by(SELLER).when(past).refused(BackdatingNotAllowed)
    assert gtx.given(added).when(past).events


def test_a_product_is_retired_and_restored():
    gtx.given(added).when(RetireProduct()).then(ProductRetired())
    retired = gtx.given(added, ProductRetired())
    retired.when(RetireProduct()).nothing()
    retired.when(ChangePrice(price=usd("1"))).refused(ProductIsRetired)
    retired.when(RestoreProduct()).then(ProductRestored())
    gtx.given(added).when(RestoreProduct()).nothing()
    assert not retired.state.active


def row(run=RUN, **said: object) -> ImportProduct:
    return ImportProduct(**{"name": "GTX Basic", "price": usd("550"), "source": "maven", "source_id": "GTX Basic", "run": run, **said})


def test_an_import_is_quiet_when_repeated_and_keeps_what_people_changed():
    world = World()
    world.do(products, GTX, row())
    assert world.do(products, GTX, row(LATER)) == ()
    world.do(products, GTX, DescribeProduct(family="GTX"))
    world.do(products, GTX, row(LATER, price=usd("600")))
    state = world.state(products, GTX)
    assert (state.family, state.price_on(TODAY)) == ("GTX", usd("600"))
    world.do(products, GTX, UndoImport(run=LATER))
    assert world.state(products, GTX).price_on(TODAY) == usd("550")
    assert isinstance(world.run(products, GTX, UndoImport(run=RUN)), ChangedSinceImport)
    gtx.given(added).when(row()).refused(AlreadyExists)


def test_an_imported_product_goes_with_its_run_and_frees_its_code():
    world = World()
    world.do(products, GTX, row(code="A"))
    world.do(products, GTX, UndoImport(run=RUN))
    assert not world.state(products, GTX).active
    world.do(products, OTHER, AddProduct(name="Other", code="A"))
    assert isinstance(world.run(products, GTX, row(LATER, code="A")), Taken)
