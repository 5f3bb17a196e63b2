"""Products: what is sold, at which list price, once or per period."""

from datetime import date

from pydantic import BaseModel

from api.nouns import Noun
from api.registers import add_reads
from domain.attributes import Attributes
from domain.products import (
    AddProduct,
    ChangePrice,
    Charge,
    DescribeProduct,
    Product,
    ProductIsRetired,
    RestoreProduct,
    RetireProduct,
    products,
)
from domain.values import Money
from infra.access import Action


class PriceView(BaseModel):
    """What holds from a day on; `valid_from` null: always."""

    valid_from: date | None
    price: Money | None
    charge: Charge


class ProductView(BaseModel):
    """A product, its prices in order of days."""

    name: str
    code: str | None
    unit: str
    family: str | None
    prices: list[PriceView]
    attributes: Attributes
    retired: bool


def _show(product: Product) -> ProductView:
    prices = [
        PriceView(valid_from=None if p.valid_from == date.min else p.valid_from, price=p.price, charge=p.charge) for p in product.prices
    ]
    plain = {name: getattr(product, name) for name in ("name", "code", "unit", "family", "retired")}
    return ProductView(**plain, prices=prices, attributes=dict(product.attributes))


noun = Noun("product", "products", products)
add_reads(noun, ProductView, Action.CATALOGUE_READ, topics="product.", show=_show)
noun.opens(
    AddProduct,
    Action.CATALOGUE_CHANGE,
    operation="add_product",
    summary="Put a product on the list",
    example={"name": "GTX Pro", "code": "GTX-P", "price": {"amount": "4821.00", "currency": "EUR"}, "unit": "piece"},
)
for path, command, operation, summary, example in (
    ("", DescribeProduct, "describe_product", "Change name, code, unit or family", {"family": "GTX"}),
    ("/price", ChangePrice, "change_price", "Set a new list price from a day on", {"price": {"amount": "4990", "currency": "EUR"}}),
    ("/retire", RetireProduct, "retire_product", "Keep the product out of new lines", {}),
    ("/restore", RestoreProduct, "restore_product", "Sell the product again", {}),
):
    noun.changes(path, command, Action.CATALOGUE_CHANGE, operation=operation, summary=summary, example=example, raises=(ProductIsRetired,))
router = noun.router
