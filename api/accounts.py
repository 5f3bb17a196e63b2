"""Accounts: companies in any of their roles."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from api.callers import Caller
from api.execution import Sight, absent, seen
from api.nouns import Noun
from domain.accounts import (
    Account,
    AccountIsClosed,
    AssignAccountOwner,
    ChangeAccount,
    CloseAccount,
    DeclareDifferent,
    LooksAlike,
    MergeAccount,
    MergedAway,
    OpenAccount,
    RegisterAccount,
    ReopenAccount,
    SetAccountAttributes,
    SetAccountParent,
    SetAccountRoles,
    UndoMerge,
    accounts,
)
from domain.accounts.events import AccountRole
from domain.attributes import AttributeRefused
from infra.access import Action, Object, scope
from projections.accounts import Accounts
from projections.alike import alike

_ID = "01936e4c-0000-7000-8000-000000000004"


def account_object(account: Account, _facts: object = None) -> Object:
    """What an access decision sees of an account."""
    return Object.of(account.owner, account.team, supplier=AccountRole.SUPPLIER in account.roles)


SIGHT = Sight(account_object)
SUPPLIER = "roles @> ARRAY['supplier']"
"""SQL: the row of an account is a supplier's."""


def reach_of(found: Iterable[Account | None], *owners: UUID) -> Object:
    """What belongs to several accounts is as near as the nearest of them, and as its own `owners`."""
    things = [account_object(account) for account in found if account is not None]
    return Object(
        frozenset(owners).union(*(t.owners for t in things)),
        frozenset().union(*(t.teams for t in things)),
        supplier=any(t.supplier for t in things),
    )


def _about(command: OpenAccount) -> Object:
    return Object.of(command.owner, command.team, supplier=AccountRole.SUPPLIER in command.roles)


async def check_account(caller: Caller, id: UUID | None) -> None:
    """Refuse to name an account that is out of the caller's reach. Raises NotFound."""
    if id is not None:
        await seen(caller, accounts, id, Action.ACCOUNT_READ, SIGHT)


def look_at_account(caller: Caller, account: Account | None) -> None:
    """As `check_account`, of a state that is read already. Raises NotFound."""
    if account is None or account.withdrawn or not caller.may(Action.ACCOUNT_READ, account_object(account)):
        raise absent()


async def _check_into(caller: Caller, _id: UUID, command: Any) -> None:
    await check_account(caller, command.into)


async def _check_parent(caller: Caller, _id: UUID, command: Any) -> None:
    await check_account(caller, command.parent)


async def _with_similar(caller: Caller, command: Any) -> Any:
    """The command with the accounts that look like the one it tells of, among those that the caller may see."""
    if not command.model_fields_set & {"legal_name", "domain"}:
        return command
    async with caller.doors.reader.read(caller.tenant, Accounts) as opened:
        reach = scope(caller.standing, Action.ACCOUNT_READ, owner="owner", team="team", supplier=SUPPLIER)
        found = await alike(opened, command.legal_name, command.domain, scope=reach)
    # what the caller names beyond their reach must not come back with its name
    return command.model_copy(update={"similar": tuple(found)})


noun = Noun("account", "accounts", accounts, sight=SIGHT, seen_by=Action.ACCOUNT_READ)
router = noun.router
noun.opens(
    OpenAccount,
    Action.ACCOUNT_OPEN,
    operation="open_account",
    summary="Begin an account",
    example={
        "legal_name": "Acme Werkzeuge GmbH",
        "roles": ["prospect"],
        "domain": "acme.example",
        "country": "DE",
        "owner": _ID,
        "registration": {"country": "DE", "registry": "HRB Charlottenburg", "number": "12345"},
    },
    about=_about,
    raises=(LooksAlike, AttributeRefused),
    prepare=_with_similar,
)
_REFUSALS = (AccountIsClosed, MergedAway)
noun.changes(
    "",
    ChangeAccount,
    Action.ACCOUNT_CHANGE,
    operation="change_account",
    summary="Change details",
    example={"industry": "Tools"},
    raises=(*_REFUSALS, LooksAlike),
    prepare=_with_similar,
)
for path, command, action, operation, summary, example, raises in (
    (
        "/registration",
        RegisterAccount,
        Action.ACCOUNT_CHANGE,
        "register_account",
        "Set or clear where the company is registered",
        {"registration": {"country": "DE", "registry": "HRB Charlottenburg", "number": "12345"}},
        (),
    ),
    (
        "/roles",
        SetAccountRoles,
        Action.ACCOUNT_CHANGE,
        "set_account_roles",
        "Set the account's roles",
        {"roles": ["customer", "supplier"]},
        (),
    ),
    ("/owner", AssignAccountOwner, Action.ACCOUNT_CHANGE, "assign_account_owner", "Set owner and team", {"owner": _ID, "team": None}, ()),
    (
        "/attributes",
        SetAccountAttributes,
        Action.ACCOUNT_CHANGE,
        "set_account_attributes",
        "Fill the tenant's own fields",
        {"attributes": {"renewal_risk": "low"}},
        (AttributeRefused,),
    ),
    (
        "/different",
        DeclareDifferent,
        Action.ACCOUNT_CHANGE,
        "declare_accounts_different",
        "Say that others are other entities",
        {"others": [_ID]},
        (),
    ),
    ("/close", CloseAccount, Action.ACCOUNT_CHANGE, "close_account", "Close the account", {"reason": "Out of business"}, ()),
    ("/reopen", ReopenAccount, Action.ACCOUNT_CHANGE, "reopen_account", "Open the account again", {}, ()),
    ("/merge/undo", UndoMerge, Action.ACCOUNT_MERGE, "undo_merge", "Say that it is a company of its own after all", {}, ()),
):
    noun.changes(path, command, action, operation=operation, summary=summary, example=example, raises=_REFUSALS + raises)
noun.changes(
    "/parent",
    SetAccountParent,
    Action.ACCOUNT_CHANGE,
    operation="set_account_parent",
    summary="Put the account below another",
    example={"parent": _ID},
    raises=_REFUSALS,
    before=_check_parent,
)
noun.changes(
    "/merge",
    MergeAccount,
    Action.ACCOUNT_MERGE,
    operation="merge_account",
    summary="Say that it is the same company as another",
    example={"into": _ID},
    raises=_REFUSALS,
    before=_check_into,
)
