"""What an account allows: the decider."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from domain.accounts.commands import (
    AccountIsClosed,
    AssignAccountOwner,
    ChangeAccount,
    CloseAccount,
    DeclareDifferent,
    ImportAccount,
    MergeAccount,
    OpenAccount,
    RegisterAccount,
    ReopenAccount,
    SetAccountAttributes,
    SetAccountParent,
    SetAccountRoles,
    UndoMerge,
)
from domain.accounts.events import (
    DETAILS,
    AccountAttributesSet,
    AccountClosed,
    AccountDetailsChanged,
    AccountImported,
    AccountImportUndone,
    AccountOpened,
    AccountOwnerAssigned,
    AccountParentChanged,
    AccountRegistered,
    AccountReimported,
    AccountReopened,
    AccountRolesChanged,
    AccountsDeclaredDifferent,
    Registration,
    row,
)
from domain.accounts.likeness import candidate_reads, check_likeness
from domain.accounts.merging import merge, merging_reads, undo_merge
from domain.accounts.presence import check_present, merged_away
from domain.accounts.state import Account, above, evolve
from domain.attributes import Attributed, AttributeSchema, schema_read, validated
from domain.backdating import check_dating
from domain.hierarchy import chain_reads, check_no_cycle
from domain.imports import ChangedSinceImport, UndoImport
from domain.kernel import AlreadyExists, Context, Decider, Event, Invalid, NotFound, On, Read
from domain.reservations import release, reserve
from domain.standing import check_active, check_team, standing_reads

_FIELDS = schema_read(Attributed.ACCOUNT)


def reads(account: Account | None, command: Any, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """A command's candidates, owner and team, the chain above its parent, and each registration that may change hands."""
    match command:
        case OpenAccount(parent=parent, owner=owner, team=team, similar=similar):
            yield from (*chain_reads("account", parent, facts, above), *standing_reads(owner, team), *candidate_reads(similar), _FIELDS)
            yield from _claims(command.registration)
        case ImportAccount(parent=parent):
            yield from chain_reads("account", parent, facts, above)
            yield from _claims(command.registration, *_own(account))
        case UndoImport(run=run) if account is not None and account.provenance is not None:
            before = account.provenance.before(run)
            yield from chain_reads("account", before.get("parent"), facts, above)
            yield from _claims(before.get("registration"), *_own(account))
        case ChangeAccount(similar=similar):
            yield from candidate_reads(similar)
        case RegisterAccount(registration=registration):
            yield from _claims(registration, *_own(account))
        case AssignAccountOwner(owner=owner, team=team):
            yield from standing_reads(owner, team)
        case SetAccountParent(parent=parent):
            yield from chain_reads("account", parent, facts, above)
        case SetAccountAttributes():
            yield _FIELDS
        case _:
            yield from merging_reads(account, command, facts)


def _own(account: Account | None) -> tuple[Registration | None, ...]:
    return () if account is None else (account.registration,)


def _claims(*registrations: Registration | None) -> Iterator[Read]:
    return (r.claim.read for r in registrations if r is not None)


def _register(account: Account, registration: Registration | None, ctx: Context) -> Iterable[Event | On]:
    """Take the new registration; give the old one back, unless a merged account brought the same."""
    yield AccountRegistered(registration=registration)
    old = None if account.registration is None else account.registration.claim
    if registration is not None:
        yield from reserve(ctx, registration.claim, ctx.own_id)
    if old is not None and old not in {r.claim for r in (*account.carried, *([registration] if registration else []))}:
        yield from release(ctx, old, ctx.own_id)


def _change(account: Account, changes: Mapping[str, Any], ctx: Context) -> Iterable[Event | On]:
    """The events by which `changes` (fields of a row) become so; nothing for what is so already."""
    details = {name: changes.get(name, getattr(account, name)) for name in DETAILS}
    if any(getattr(account, name) != value for name, value in details.items()):
        yield AccountDetailsChanged(**details)
    if changes.get("registration", account.registration) != account.registration:
        yield from _register(account, changes["registration"], ctx)
    roles = tuple(sorted(set(changes.get("roles", account.roles))))
    if roles != account.roles:
        yield AccountRolesChanged(roles=roles)
    then = account.owned_at(ctx.at)
    owner, team = changes.get("owner", then.owner), changes.get("team", then.team)
    if (owner, team) != (then.owner, then.team):
        yield AccountOwnerAssigned(owner=owner, team=team, since=ctx.at)
    if changes.get("parent", account.parent) != account.parent:
        check_no_cycle(ctx.own_id, changes["parent"], ctx.facts, above, "account")
        yield AccountParentChanged(parent=changes["parent"])
    if changes.get("attributes", account.attributes) != account.attributes:
        yield AccountAttributesSet(attributes=dict(changes["attributes"]), definitions=changes.get("definitions", 0))


def _opened(command: OpenAccount, ctx: Context) -> Iterable[Event | On]:
    check_active(ctx, command.owner, "owner")
    check_team(ctx, command.team)
    check_present(ctx, command.parent, "parent account")
    schema: AttributeSchema | None = ctx.fact(_FIELDS)
    attributes = validated(schema, command.attributes, {}, complete=True)
    check_likeness(ctx, command.legal_name, command.domain, command.similar, frozenset(command.different_from))
    yield AccountOpened(**row(command) | {"attributes": attributes})
    if command.different_from:
        yield AccountsDeclaredDifferent(others=tuple(sorted(set(command.different_from))))
    if command.registration is not None:
        yield from reserve(ctx, command.registration.claim, ctx.own_id)


def _imported(account: Account | None, command: ImportAccount, ctx: Context) -> Iterable[Event | On]:
    said = row(command)
    if account is None or account.withdrawn:
        check_no_cycle(ctx.own_id, command.parent, ctx.facts, above, "account")
        yield AccountImported(**said, source=command.source, source_id=command.source_id, run=command.run)
        if command.registration is not None:
            yield from reserve(ctx, command.registration.claim, ctx.own_id)
    elif account.provenance is None:
        raise AlreadyExists("This account was not imported; match the row with it by hand, or leave it out.")
    elif news := account.provenance.news(said):
        if account.merged_into is not None:
            raise merged_away(account)
        yield AccountReimported(**said, run=command.run)
        yield from _change(account, news, ctx)


def _undone(account: Account, run: UUID, ctx: Context) -> Iterable[Event | On]:
    if account.provenance is None or not account.provenance.spoke(run):
        return
    if account.merged_into is not None:
        raise merged_away(account)
    back = account.provenance.returning(run, row(account))
    if back is None and account.absorbed:
        raise ChangedSinceImport("Other accounts were merged into this one since; undo those merges first.", fields=["merged accounts"])
    yield AccountImportUndone(run=run, withdrawn=back is None)
    yield from _change(account, back or {}, ctx)
    if back is None and account.registration is not None:
        yield from release(ctx, account.registration.claim, ctx.own_id)


def decide(account: Account | None, command: Any, ctx: Context) -> tuple[Event | On, ...]:
    check_dating(ctx)
    match command:
        case OpenAccount():
            if account is not None:
                raise AlreadyExists("This account is open already; change it instead.")
            return tuple(_opened(command, ctx))
        case ImportAccount():
            return tuple(_imported(account, command, ctx))
    if account is None or account.withdrawn:
        raise NotFound("There is no such account; open it first.")
    match command:
        case UndoImport(run=run):
            return tuple(_undone(account, run, ctx))
        case MergeAccount(into=into):
            return tuple(merge(account, into, ctx))
        case UndoMerge():
            return tuple(undo_merge(account, ctx))
    if account.merged_into is not None:
        raise merged_away(account)
    match command:
        case CloseAccount(reason=reason):
            return () if account.closed else (AccountClosed(reason=reason),)
        case ReopenAccount():
            return (AccountReopened(),) if account.closed else ()
    if account.closed:
        raise AccountIsClosed("This account is closed; reopen it first.")
    return tuple(_changed(account, command, ctx))


def _changed(account: Account, command: Any, ctx: Context) -> Iterable[Event | On]:
    """What may be changed of an open account."""
    match command:
        case ChangeAccount():
            yield from _redescribed(account, command, ctx)
        case RegisterAccount(registration=registration):
            yield from _change(account, {"registration": registration}, ctx)
        case SetAccountRoles(roles=roles):
            yield from _change(account, {"roles": roles}, ctx)
        case AssignAccountOwner(owner=owner, team=team):
            check_active(ctx, owner, "owner")
            check_team(ctx, team)
            yield from _change(account, {"owner": owner, "team": team}, ctx)
        case SetAccountParent(parent=parent):
            check_present(ctx, parent, "parent account")
            yield from _change(account, {"parent": parent}, ctx)
        case SetAccountAttributes(attributes=changes):
            schema: AttributeSchema | None = ctx.fact(_FIELDS)
            after = validated(schema, changes, account.attributes)
            yield from _change(account, {"attributes": after, "definitions": schema.version if schema else 0}, ctx)
        case DeclareDifferent(others=others):
            yield from _declared(account, others)
        case _:
            raise TypeError(f"an account knows no {type(command).__name__}")


def _redescribed(account: Account, command: ChangeAccount, ctx: Context) -> Iterable[Event | On]:
    given = {name: getattr(command, name) for name in DETAILS if name in command.model_fields_set}
    if given.get("legal_name", account.legal_name) is None and account.legal_name is not None:
        raise Invalid("An account needs a legal name; enter one or leave the field away.")
    name, domain = given.get("legal_name", account.legal_name), given.get("domain", account.domain)
    if (name, domain) != (account.legal_name, account.domain):
        check_likeness(ctx, name, domain, command.similar, account.different_from | set(command.different_from))
    yield from _change(account, given, ctx)
    yield from _declared(account, command.different_from)


def _declared(account: Account, others: Iterable[UUID]) -> Iterable[Event]:
    if new := sorted(set(others) - account.different_from):
        yield AccountsDeclaredDifferent(others=tuple(new))


accounts = Decider("account", initial=None, decide=decide, evolve=evolve, reads=reads)
