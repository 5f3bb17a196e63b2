"""Money reads alike in every answer: with all decimals of its currency, however it was written when it was told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from domain.kernel import Role
from domain.values import minor_digits
from tests.api.conftest import World, key, ok, opening
from tests.api.test_contracts import draft, terms
from tests.api.test_disputes import claim, do

_NUMBER = re.compile(r"-?[0-9]+([.][0-9]+)?")
_NO_MONEY = {"probability", "quantity", "discount_percent", "number", "leakage_share", "days_median", "days_p90", "days_mean", "rate"}
"""Digits that stand beside amounts."""


def unlike(found: Any, currency: str | None = None, where: str = "") -> Iterator[str]:
    """The amounts below something of a currency that have other decimals than it."""
    match found:
        case dict():
            currency = found.get("currency", currency)
            for name, value in found.items():
                if name not in _NO_MONEY:
                    yield from unlike(value, currency, f"{where}/{name}")
        case list():
            for value in found:
                yield from unlike(value, currency, where)
        case str() if currency and _NUMBER.fullmatch(found) and len(found.partition(".")[2]) != minor_digits(currency):
            yield f"{where}: {found} {currency}"


async def test_every_amount_has_the_decimals_of_its_currency(reading: World):
    place = reading.acme
    async with reading.client(Role.ADMIN) as all_, reading.client(Role.PROCUREMENT) as ours:
        owed = [await all_.post("/v1/deals", json=opening(place, amount=amount), headers=key()) for amount in AMOUNTS]
        selling = draft(reading, terms=terms(value={"amount": "24000", "currency": "KWD"}))
        contract = ok(await all_.post("/v1/contracts", json=selling, headers=key()), 201)["id"]
        lines = [{**claim(place)["lines"][0], "net": "410", "tax": "0"}]
        case = ok(await ours.post("/v1/disputes", json=claim(place, lines=lines), headers=key()), 201)["id"]
        await do(ours, case, "acknowledge", {"by": "them"})
        then = (await do(ours, case, "proposals", {"terms": {"credit": "400", "pay": "10.0"}}))["position"]
        shown = [f"/v1/deals/{ok(one, 201)['id']}" for one in owed] + [f"/v1/contracts/{contract}", f"/v1/disputes/{case}"]
        lists = ["deals", "deals/board", "forecast", "contracts", "disputes", "disputes/figures", "suppliers"]
        for path in [*shown, *(f"/v1/{name}" for name in lists), f"/v1/suppliers/{place.supplier}/balance"]:
            found = ok(await all_.get(path, params={"at_least": then}))
            assert not list(unlike(found)), path
            assert found.get("items", found.get("rows", True)), path
        assert ok(await all_.get(f"/v1/disputes/{case}"))["item"]["ledger"]["credited"] == "0.00"


AMOUNTS = ({"amount": "12500", "currency": "EUR"}, {"amount": "900.0", "currency": "JPY"}, {"amount": "7.5", "currency": "KWD"})


def test_the_comparison_finds_what_is_unlike():
    assert list(unlike({"currency": "EUR", "open": "0", "of": [{"tax": "1.00"}], "quantity": "2"})) == ["/open: 0 EUR"]
