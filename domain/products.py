"""Products: what is sold, at which list price, once or per period. Price changes are dated; deals keep what they were quoted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field

from domain.attributes import Attributes, AttributeValue
from domain.backdating import check_backdating, check_dating
from domain.imports import Provenance, UndoImport
from domain.kernel import AlreadyExists, Command, Context, Decider, Event, Invalid, NotFound, On, Read, Refused
from domain.reservations import Claim, release, reserve
from domain.values import Money, Name


class Charge(StrEnum):
    """How the list price is meant: once, or for each month or year."""

    ONE_OFF = "one_off"
    MONTHLY = "monthly"
    YEARLY = "yearly"

    @property
    def recurring(self) -> bool:
        return self is not Charge.ONE_OFF


class ProductRow(BaseModel):
    """All that is said of a product at the beginning, and by an import."""

    name: Name
    code: Name | None = None
    price: Money | None = None
    unit: Name = "piece"
    charge: Charge = Charge.ONE_OFF
    family: Name | None = None
    attributes: Attributes = Field(default_factory=dict)


ROW = tuple(ProductRow.model_fields)
DESCRIPTION = ("name", "code", "unit", "family")


class ProductAdded(Event, ProductRow, topic="product.added"):
    pass


class ProductImported(Event, ProductRow, topic="product.imported"):
    """A source told of a product that we did not know."""

    source: str
    source_id: str
    run: UUID


class ProductReimported(Event, ProductRow, topic="product.reimported"):
    """The source says something new; events for what changed by it follow."""

    run: UUID


class ProductImportUndone(Event, topic="product.import_undone"):
    """`run` never was; with `withdrawn` the product came with it and goes with it."""

    run: UUID
    withdrawn: bool


class ProductDescribed(Event, topic="product.described"):
    """The whole description from now on."""

    name: str
    code: str | None
    unit: str
    family: str | None


class ProductPriceChanged(Event, topic="product.price_changed"):
    """List price and charge on `valid_from` and after, until a later change; None: it has no list price."""

    price: Money | None
    charge: Charge
    valid_from: date


class ProductAttributesSet(Event, topic="product.attributes_set"):
    attributes: Attributes


class ProductRetired(Event, topic="product.retired"):
    """Not for new lines any more."""


class ProductRestored(Event, topic="product.restored"):
    pass


class AddProduct(Command, ProductRow):
    """Put a product on the list."""


class ImportProduct(Command, ProductRow):
    """What a source says of a product; quiet if it said so before."""

    source: Name
    source_id: Name
    run: UUID


class DescribeProduct(Command):
    """Change name, code, unit or family; fields left away stay."""

    name: Name | None = None
    code: Name | None = None
    unit: Name | None = None
    family: Name | None = None


class ChangePrice(Command):
    """A new list price from a day on, today or later (earlier only by who may date back)."""

    price: Money | None
    valid_from: date | None = None
    charge: Charge | None = None


class RetireProduct(Command):
    pass


class RestoreProduct(Command):
    pass


class ProductIsRetired(Refused):
    """The product is retired; restore it first."""


class ListPrice(NamedTuple):
    """What holds from a day on."""

    valid_from: date
    price: Money | None
    charge: Charge


@dataclass(frozen=True, slots=True)
class Product:
    """A product; `prices` in order of days, the first one from the beginning of time."""

    name: str
    code: str | None = None
    unit: str = "piece"
    family: str | None = None
    prices: tuple[ListPrice, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    retired: bool = False
    withdrawn: bool = False
    provenance: Provenance | None = None

    @property
    def active(self) -> bool:
        """Whether it may stand on new lines."""
        return not (self.retired or self.withdrawn)

    def listed(self, day: date) -> ListPrice:
        """Price and charge on `day`."""
        return next((p for p in reversed(self.prices) if p.valid_from <= day), ListPrice(date.min, None, Charge.ONE_OFF))

    def price_on(self, day: date) -> Money | None:
        """The list price on `day`, if it has one."""
        return self.listed(day).price


def _claim(code: str) -> Claim:
    return Claim("product_code", (code.casefold(),))


def product_read(id: UUID) -> Read:
    return Read("product", id)


def reads(product: Product | None, command: Any, _facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """The reservations of the codes it had and will have."""
    match command:
        case AddProduct(code=code) | ImportProduct(code=code) | DescribeProduct(code=code):
            codes = {code}
        case UndoImport(run=run) if product is not None and product.provenance is not None:
            codes = {product.provenance.before(run).get("code")}
        case _:
            return
    codes.add(product.code if product is not None else None)
    yield from (_claim(c).read for c in sorted(c for c in codes if c is not None))


def _said(source: Any) -> dict[str, Any]:
    return {name: getattr(source, name) for name in ROW}


def _current(product: Product, day: date) -> dict[str, Any]:
    listed = product.listed(day)
    own = {name: getattr(product, name) for name in (*DESCRIPTION, "attributes")}
    return own | {"price": listed.price, "charge": listed.charge}


def _change(product: Product, changes: Mapping[str, Any], day: date, ctx: Context) -> Iterable[Event | On]:
    """The events by which `changes` (fields of a row) become so, prices from `day` on."""
    description = {name: changes.get(name, getattr(product, name)) for name in DESCRIPTION}
    if any(getattr(product, name) != value for name, value in description.items()):
        yield ProductDescribed(**description)
        if description["code"] != product.code:
            yield from _swap_code(product.code, description["code"], ctx)
    listed = product.listed(day)
    price, charge = changes.get("price", listed.price), changes.get("charge", listed.charge)
    if (price, charge) != (listed.price, listed.charge):
        yield ProductPriceChanged(price=price, charge=charge, valid_from=day)
    if changes.get("attributes", product.attributes) != product.attributes:
        yield ProductAttributesSet(attributes=changes["attributes"])


def _swap_code(old: str | None, new: str | None, ctx: Context) -> Iterable[On]:
    if new is not None:
        yield from reserve(ctx, _claim(new), ctx.own_id)
    if old is not None and (new is None or _claim(old) != _claim(new)):
        yield from release(ctx, _claim(old), ctx.own_id)


def _priced(product: Product, command: ChangePrice, ctx: Context) -> Iterable[Event | On]:
    day = command.valid_from or ctx.at.date()
    if command.price is not None and command.price.amount < 0:
        raise Invalid("A list price cannot be negative; give a discount on the deal's line instead.")
    if day < ctx.today:
        check_backdating(ctx, day)
    charge = command.charge or product.listed(day).charge
    return _change(product, {"price": command.price, "charge": charge}, day, ctx)


def _imported(product: Product | None, command: ImportProduct, ctx: Context) -> Iterable[Event | On]:
    said = _said(command)
    if product is None or product.withdrawn:
        yield ProductImported(**said, source=command.source, source_id=command.source_id, run=command.run)
        yield from _swap_code(None, command.code, ctx)
    elif product.provenance is None:
        raise AlreadyExists("This product was not imported; match the row with it by hand, or leave it out.")
    elif news := product.provenance.news(said):
        yield ProductReimported(**said, run=command.run)
        yield from _change(product, news, ctx.at.date(), ctx)


def _undone(product: Product, run: UUID, ctx: Context) -> Iterable[Event | On]:
    if product.provenance is None or not product.provenance.spoke(run):
        return
    back = product.provenance.returning(run, _current(product, ctx.today))
    yield ProductImportUndone(run=run, withdrawn=back is None)
    yield from _change(product, back or {}, ctx.at.date(), ctx)
    if back is None:
        yield from _swap_code(product.code, None, ctx)


def decide(product: Product | None, command: Any, ctx: Context) -> tuple[Event | On, ...]:
    check_dating(ctx)
    match command:
        case AddProduct(price=price):
            if product is not None:
                raise AlreadyExists("This product is on the list already; change it instead.")
            if price is not None and price.amount < 0:
                raise Invalid("A list price cannot be negative; give a discount on the deal's line instead.")
            return (ProductAdded(**_said(command)), *_swap_code(None, command.code, ctx))
        case ImportProduct():
            return tuple(_imported(product, command, ctx))
    if product is None or product.withdrawn:
        raise NotFound("There is no such product; add it first.")
    match command:
        case UndoImport(run=run):
            return tuple(_undone(product, run, ctx))
        case RetireProduct():
            return () if product.retired else (ProductRetired(),)
        case RestoreProduct():
            return (ProductRestored(),) if product.retired else ()
    if product.retired:
        raise ProductIsRetired("This product is retired; restore it first.")
    match command:
        case DescribeProduct():
            given = {name: getattr(command, name) for name in DESCRIPTION if name in command.model_fields_set}
            if given.get("name", "") is None or given.get("unit", "") is None:
                raise Invalid("A product needs a name and a unit; enter them or leave the fields away.")
            return tuple(_change(product, given, ctx.today, ctx))
        case ChangePrice():
            return tuple(_priced(product, command, ctx))
        case _:
            raise TypeError(f"a product knows no {type(command).__name__}")


def _begun(event: ProductAdded | ProductImported) -> Product:
    """What it costs at the beginning it has always cost, as far as we know."""
    own = {name: getattr(event, name) for name in (*DESCRIPTION, "attributes")}
    return Product(**own, prices=(ListPrice(date.min, event.price, event.charge),))


def evolve(product: Product | None, event: Event) -> Product | None:
    match event:
        case ProductAdded():
            return _begun(event)
        case ProductImported(source=source, source_id=source_id, run=run):
            return replace(_begun(event), provenance=Provenance(source, source_id).heard(run, _said(event)))
    if product is None:
        return None
    match event:
        case ProductReimported(run=run) if product.provenance is not None:
            return replace(product, provenance=product.provenance.heard(run, _said(event)))
        case ProductImportUndone(run=run, withdrawn=withdrawn) if product.provenance is not None:
            return replace(product, provenance=product.provenance.without(run), withdrawn=withdrawn)
        case ProductDescribed():
            return replace(product, **{name: getattr(event, name) for name in DESCRIPTION})
        case ProductPriceChanged(price=price, charge=charge, valid_from=day):
            others = (p for p in product.prices if p.valid_from != day)
            return replace(product, prices=tuple(sorted((*others, ListPrice(day, price, charge)), key=lambda p: p.valid_from)))
        case ProductAttributesSet(attributes=attributes):
            return replace(product, attributes=attributes)
        case ProductRetired():
            return replace(product, retired=True)
        case ProductRestored():
            return replace(product, retired=False)
        case _:
            return product


products = Decider("product", initial=None, decide=decide, evolve=evolve, reads=reads)
