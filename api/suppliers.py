"""Suppliers: what they may deliver, how they score and why, what is held from them. A supplier's id is that of its account."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.accounts import SIGHT as ACCOUNT_SIGHT
from api.accounts import SUPPLIER as SUPPLIERS_ACCOUNT
from api.accounts import noun as accounts_noun
from api.callers import Caller, SupplierReader
from api.disputes import SUPPLIER as SUPPLIERS_CASE
from api.execution import Sight, seen
from api.moments import PROBLEMS
from api.nouns import IdParameter, Noun
from api.problems import documented
from api.reading import Found, PartOfId, Searched, Slice, order, page, reading, rows_of, stood
from api.registers import Answer, AtEyed, Eyed, answered, check_eyes, register_at
from api.seen_by import SeenBy
from domain.accounts import Account, accounts
from domain.accounts.events import AccountRole
from domain.kernel import Invalid, NotFound, Read
from domain.suppliers import SCORECARD_ID, supplier_id, suppliers
from domain.suppliers import commands as c
from domain.suppliers import decider as r
from domain.suppliers import scorecards as scorecard_rules
from domain.suppliers.state import Supplier
from domain.suppliers.terms import Band, Weight
from domain.values import Country, Key
from infra.access import Action, Object
from projections.accounts import ACCOUNTS, Accounts
from projections.as_of import Basis
from projections.dispute_tables import DISPUTES
from projections.disputes import Disputes
from projections.members import Members
from projections.supplier_list import SupplierCard, supplier_list
from projections.supplier_scores import QualifiedFor, Scorecard, qualifications, scorecards
from projections.suppliers import Suppliers
from projections.withheld import SupplierBalance, supplier_balance

MODELS = (Suppliers, Accounts, Members, Disputes)
_ACCOUNT = "01936e4c-0000-7000-8000-000000000004"


def _account(supplier: Supplier, _facts: object) -> list[Read]:
    return [Read("account", supplier.account)]


def _object(supplier: Supplier, facts: Any) -> Object:
    account: Account | None = facts.get(supplier.account)
    return ACCOUNT_SIGHT.thing(account, facts) if account is not None else Object()


_RECORDING = (c.RecordOrder, c.RecordDelivery, c.RecordInvoice)


def _needed(command: Any) -> Action:
    """Whoever buys records what came of it; who leads says what a supplier may deliver, and scores it."""
    kind = command if isinstance(command, type) else type(command)
    return Action.SUPPLIER_RECORD if kind in _RECORDING else Action.SUPPLIER_CHANGE


async def _check_account(caller: Caller, command: Any) -> None:
    """Refuse an account that is out of the caller's reach, or no supplier's. Raises NotFound, Invalid."""
    account: Account = (await seen(caller, accounts, command.account, _needed(command), ACCOUNT_SIGHT)).state
    if AccountRole.SUPPLIER not in account.roles:
        raise Invalid("This account is no supplier; give it that role first.", account=str(command.account))


noun = Noun("supplier", "suppliers", suppliers, sight=Sight(_object, _account), seen_by=Action.SUPPLIER_READ)
for path, command, operation, summary, example, raises in (
    (
        "/qualifications",
        c.QualifySupplier,
        "qualify_supplier",
        "Say what a supplier may deliver where",
        {"account": _ACCOUNT, "commodity": "castings", "region": "europe", "status": "qualified", "until": "2030-12-31"},
        (r.QualificationIncomplete,),
    ),
    (
        "/orders",
        c.RecordOrder,
        "record_supplier_order",
        "Record that something was ordered",
        {"account": _ACCOUNT, "order": "PO-4711", "on": "2026-03-02", "commodity": "castings", "region": "europe"},
        (r.SupplierBlocked, r.NotQualified),
    ),
    (
        "/deliveries",
        c.RecordDelivery,
        "record_supplier_delivery",
        "Record a delivery, and what of it was refused",
        {
            "account": _ACCOUNT,
            "order": "PO-4711",
            "delivery": "LS-88",
            "due_on": "2026-03-20",
            "delivered_on": "2026-03-23",
            "units": "200",
        },
        (),
    ),
    (
        "/invoices",
        c.RecordInvoice,
        "record_supplier_invoice",
        "Record what was invoiced against what was agreed",
        {
            "account": _ACCOUNT,
            "invoice": "RE-2026-117",
            "on": "2026-03-24",
            "agreed": {"amount": "420.00", "currency": "EUR"},
            "invoiced": {"amount": "461.00", "currency": "EUR"},
        },
        (),
    ),
    (
        "/scores",
        c.ScoreSupplier,
        "score_supplier",
        "Score a supplier at the end of a month",
        {"account": _ACCOUNT, "month": "2026-03"},
        (r.MonthNotBegun,),
    ),
):
    noun.opens(
        command,
        _needed(command),
        operation=operation,
        summary=summary,
        example=example,
        path=path,
        check=_check_account,
        stream=lambda command: supplier_id(command.account),
        raises=(Invalid, *raises),
    )

Sorts = Literal["name", "-name", "score", "-score"]


class SuppliersAsked(Slice, SeenBy):
    """Which suppliers, in which order."""

    id_part: PartOfId | None = None
    owner: UUID | None = None
    country: Country | None = None
    band: Key | None = None
    blocked: Annotated[bool | None, Field(description="Their score blocks orders.")] = None
    commodity: Annotated[Key | None, Field(description="Qualified for it, somewhere.")] = None
    text: Annotated[Searched | None, Field(description="Looked for in the account's name.")] = None
    sort: Sorts = "name"


class SupplierAsked(Eyed):
    """One supplier, and how many of its scores and of the events behind them."""

    months: Annotated[int, Field(ge=1, le=120)] = 12
    events: Annotated[int, Field(ge=0, le=200, description="Told of each measure of the latest score, newest first.")] = 20


class SupplierView(SupplierCard):
    """A supplier with what it may deliver."""

    qualifications: list[QualifiedFor]
    position: int
    as_of: int | None
    basis: Basis


class ScorecardsThen(BaseModel):
    """The scores of the last months, latest first."""

    items: list[Scorecard]
    position: int
    as_of: int | None
    basis: Basis


class BalanceThen(SupplierBalance):
    """The balance, and the moment it is about."""

    as_of: int | None
    basis: Basis


@noun.router.get("", response_model=Found[SupplierCard], operation_id="list_suppliers", responses=documented(Invalid, NotFound, *PROBLEMS))
async def list_suppliers(caller: SupplierReader, asked: Annotated[SuppliersAsked, Query()]) -> Response:
    """The suppliers within the caller's reach, with their scores and what is held from them."""
    sort, descending = order(asked.sort)
    async with reading(caller, asked, *MODELS) as opened:
        scope = await rows_of(caller, Action.SUPPLIER_READ, ACCOUNTS.name, opened.as_of, asked, supplier=SUPPLIERS_ACCOUNT)
        given = {name: getattr(asked, name) for name in ("id_part", "owner", "country", "band", "blocked", "commodity", "text")}
        found = await supplier_list(opened, scope=scope, sort=sort, descending=descending, limit=asked.limit, cursor=asked.cursor, **given)
        return page(found, opened.as_of)


async def _check_seen(caller: Caller, id: UUID) -> None:
    """Today's rights decide, whatever the moment. Raises NotFound."""
    await seen(caller, accounts, id, Action.SUPPLIER_READ, ACCOUNT_SIGHT)


@noun.router.get("/{id}", response_model=SupplierView, operation_id="read_supplier", responses=documented(NotFound, *PROBLEMS))
async def read_supplier(id: IdParameter, caller: SupplierReader, asked: Annotated[Eyed, Query()]) -> Response:
    """One supplier: its score, what is held from it, and what it may deliver where."""
    await _check_seen(caller, id)
    async with reading(caller, asked, *MODELS) as opened:
        await check_eyes(caller, asked, accounts_noun, Action.SUPPLIER_READ, id, opened.as_of)
        found = await supplier_list(opened, id=id, limit=1)
        if not found.items:
            raise NotFound("This account is no supplier, or was none then.")
        card = found.items[0]
        shown = {name: getattr(card, name) for name in SupplierCard.model_fields}
        view = SupplierView.model_construct(
            **shown, qualifications=await qualifications(opened, id), position=opened.position, as_of=None, basis=Basis.KNOWN
        )
        return stood(view, opened.as_of, opened.position)


@noun.router.get(
    "/{id}/scorecard", response_model=ScorecardsThen, operation_id="read_supplier_scorecard", responses=documented(NotFound, *PROBLEMS)
)
async def read_supplier_scorecard(id: IdParameter, caller: SupplierReader, asked: Annotated[SupplierAsked, Query()]) -> Response:
    """How a supplier scored, month by month, and the events behind each number of the latest score."""
    await _check_seen(caller, id)
    async with reading(caller, asked, *MODELS) as opened:
        await check_eyes(caller, asked, accounts_noun, Action.SUPPLIER_READ, id, opened.as_of)
        items = await scorecards(opened, id, months=asked.months, events=asked.events)
        view = ScorecardsThen(items=items, position=opened.position, as_of=None, basis=Basis.KNOWN)
        return stood(view, opened.as_of, opened.position)


@noun.router.get(
    "/{id}/balance", response_model=BalanceThen, operation_id="read_supplier_balance", responses=documented(NotFound, *PROBLEMS)
)
async def read_supplier_balance(id: IdParameter, caller: SupplierReader, asked: Annotated[Eyed, Query()]) -> Response:
    """What is held from a supplier, and what stays payable of the documents in dispute, with the days on which it is to be paid."""
    await _check_seen(caller, id)
    async with reading(caller, asked, *MODELS) as opened:
        await check_eyes(caller, asked, accounts_noun, Action.SUPPLIER_READ, id, opened.as_of)
        scope = await rows_of(caller, Action.DISPUTE_READ, DISPUTES.name, opened.as_of, asked, supplier=SUPPLIERS_CASE)
        found = await supplier_balance(opened, id, scope=scope)
        return stood(found, opened.as_of, found.position)


router = noun.router


class ScorecardView(BaseModel):
    """How suppliers are scored: weights that add up to 100, bands that cover 0 to 100, over so many months."""

    version: int
    weights: list[Weight]
    bands: list[Band]
    months: int


card = Noun("scorecard", "scorecard", scorecard_rules)
card.changes(
    "",
    c.DefineScorecard,
    Action.DISPUTE_CONFIGURE,
    operation="define_scorecard",
    summary="State how suppliers are scored",
    example={
        "weights": [{"measure": "on_time", "percent": 60}, {"measure": "quality", "percent": 40}],
        "bands": [
            {"key": "poor", "name": "Poor", "at_least": "0", "blocks_orders": True},
            {"key": "good", "name": "Good", "at_least": "50"},
        ],
    },
    raises=(r.ScorecardFaulty,),
    stream=SCORECARD_ID,
)


@card.router.get("", response_model=Answer[ScorecardView], operation_id="read_scorecard", responses=documented(NotFound, *PROBLEMS))
async def read_scorecard(caller: SupplierReader, moment: AtEyed) -> Response:
    """How suppliers are scored, now or as it was."""
    found = await register_at(caller, card, SCORECARD_ID, Action.SUPPLIER_READ, moment)
    rules = found.state
    shown = ScorecardView(version=rules.version, weights=list(rules.weights), bands=list(rules.bands), months=rules.months)
    return answered(shown, found)


routers = (router, card.router)
