"""`concord products`: what is sold, at which list price."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli.changes import change
from api.cli.client import calling
from api.cli.formats import NONE, money, plain, short, table, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import out, say_json, told
from api.cli.references import PRODUCT, find
from api.cli.tree import add, group
from api.cli.views import View, reading
from api.cli.written_values import a_day
from api.cli.written_values import money as written_money

ProductName = Annotated[str, typer.Argument(metavar="PRODUCT", help="Its name, code or id.")]
Charge = Annotated[str | None, typer.Option("--charge", help="one_off, monthly or yearly.")]


@reading(pages=True)
def products(view: View) -> None:
    """What is sold, at which list price.

    Example:
      concord products list --as-of 2026-03-31
    """
    with view.calling() as client:
        found, _ = view.named(client, PRODUCT)
    view.print_list(found, "product", _products, empty="No products yet. Add one with `concord products add NAME`.")


def _products(found: list[dict[str, Any]]) -> Any:
    made = table("id", "product", "code", "family", "unit", "list price", right=("list price",), whole=("id",))
    for one in found:
        item = one["item"]
        price = item["prices"][-1] if item["prices"] else None
        per = f" / {words(price['charge'])}" if price and price["charge"] != "one_off" else ""
        made.add_row(short(one["id"]), plain(item["name"]) + (" [dim](retired)[/]" if item["retired"] else ""), plain(item["code"]),
                     plain(item["family"]), plain(item["unit"]), f"{money(price['price'])}{per}" if price else NONE)  # fmt: skip
    return made


@reading()
def show_product(view: View, product: ProductName) -> None:
    """One product with all its list prices.

    Example:
      concord products show "GTX Pro"
    """
    with view.calling() as client:
        id = find(client, PRODUCT, product)["id"]
        answer = client.get(f"/v1/products/{id}", view.params(client))
    if view.as_json:
        say_json({"id": id, **answer})
        return
    item = answer["item"]
    view.heading()
    out.print(f"[bold]{plain(item['name'])}[/]" + (" [red]retired[/]" if item["retired"] else "") + f"\n[dim]{id}[/]")
    made = table("valid from", "list price", "charge", right=("list price",), whole=("valid from",))
    for price in item["prices"]:
        made.add_row(price["valid_from"] or "always", money(price["price"]), words(price["charge"]))
    out.print(made)


@told
def add_product(
    name: str,
    code: Annotated[str | None, typer.Option("--code", help="Its code; no two products have the same.")] = None,
    price: Annotated[str | None, typer.Option("--price", metavar="AMOUNT", help="The list price, like '4821.00 EUR'.")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="What one is (default: piece).")] = None,
    family: Annotated[str | None, typer.Option("--family", help="What it belongs to.")] = None,
    charge: Charge = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Put a product on the list.

    Example:
      concord products add "GTX Pro" --code GTX-P --price "4821.00 EUR"
    """
    given = {"code": code, "price": written_money(price, price=True) if price else None, "unit": unit, "family": family, "charge": charge}
    with calling(tenant) as client:
        answer = client.post("/v1/products", {"name": name} | {k: v for k, v in given.items() if v is not None})
    if as_json:
        say_json(answer.body)
        return
    out.print(f"On the list: [bold]{plain(name)}[/]. [dim]{answer.body['id']}[/]")


@told
def price_product(
    product: ProductName,
    price: Annotated[str, typer.Argument(metavar="AMOUNT", help="The new list price, like '4990 EUR'.")],
    valid_from: Annotated[str | None, typer.Option("--from", metavar="DAY", help="From this day on (default: today).")] = None,
    charge: Charge = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Set a new list price from a day on.

    Example:
      concord products price "GTX Pro" "4990 EUR" --from 2027-01-01
    """
    given = {"price": written_money(price, price=True), "valid_from": a_day(valid_from, "--from") if valid_from else None, "charge": charge}
    change(PRODUCT, product, "/price", {k: v for k, v in given.items() if v is not None}, "The price is set", tenant, as_json=as_json)


@told
def retire_product(product: ProductName, tenant: TenantName = None, as_json: Json = False) -> None:
    """Keep the product out of new lines.

    Example:
      concord products retire "GTX Pro"
    """
    change(PRODUCT, product, "/retire", {}, "Retired", tenant, as_json=as_json)


@told
def restore_product(product: ProductName, tenant: TenantName = None, as_json: Json = False) -> None:
    """Sell the product again.

    Example:
      concord products restore "GTX Pro"
    """
    change(PRODUCT, product, "/restore", {}, "On the list again", tenant, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    made = group(app, "products", "Products: what is sold, at which list price", ("list", products), ("show", show_product))
    for name, command in (("add", add_product), ("price", price_product), ("retire", retire_product), ("restore", restore_product)):
        add(made, command, name=name)
