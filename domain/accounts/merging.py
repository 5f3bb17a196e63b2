"""Merging accounts that turn out to be one company, and taking that back.

The account that goes keeps its stream, so both histories stay. What it held (registrations, its own and those it had
taken in) passes to the one that stays, and comes back when the merge is undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from domain.accounts.commands import MergeAccount, MergedAway, UndoMerge
from domain.accounts.events import AccountAbsorbed, AccountAbsorptionUndone, AccountMerged, AccountMergeUndone
from domain.accounts.presence import merged_away
from domain.accounts.state import Account, above, account_read
from domain.hierarchy import chain_reads, check_no_cycle
from domain.kernel import Context, Event, Invalid, NotFound, On, Read
from domain.reservations import Taken, transfer


def merging_reads(account: Account | None, command: Any, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """What merging and its undoing look at: both chains, and every registration that changes hands."""
    if account is None:
        return
    match command:
        case MergeAccount(into=into):
            yield from chain_reads("account", into, facts, above)
            yield from (r.claim.read for r in account.held)
        case UndoMerge() if account.merged_into is not None:
            yield account_read(account.merged_into)
            yield from chain_reads("account", account.parent, facts, above)
            yield from (r.claim.read for r in account.held)


def merge(account: Account, into: UUID, ctx: Context) -> Iterable[Event | On]:
    """Raises Invalid, MergedAway, NotFound, HierarchyCycle."""
    if account.merged_into == into:
        return
    if account.merged_into is not None:
        raise merged_away(account)
    if into == ctx.own_id:
        raise Invalid("An account cannot be merged into itself; choose the one that stays.")
    stays: Account | None = ctx.fact(account_read(into))
    if stays is None or stays.withdrawn:
        raise NotFound("There is no such account to merge into; choose one that exists.", account=str(into))
    if stays.merged_into is not None:
        raise merged_away(stays)
    check_no_cycle(ctx.own_id, into, ctx.facts, above, "account")
    yield AccountMerged(into=into)
    yield On(account_read(into), AccountAbsorbed(account=ctx.own_id, registrations=account.held))
    for registration in account.held:
        yield from transfer(ctx, registration.claim, ctx.own_id, into)


def undo_merge(account: Account, ctx: Context) -> Iterable[Event | On]:
    """Raises MergedAway (undo the later merge first), Taken (the other uses a registration itself), HierarchyCycle."""
    if account.merged_into is None:
        return
    stays: Account | None = ctx.fact(account_read(account.merged_into))
    if stays is None:
        raise NotFound("The account it went into is not there.", account=str(account.merged_into))
    if stays.merged_into is not None:
        raise MergedAway("The account it went into was merged on; undo that merge first.", into=str(stays.merged_into))
    check_no_cycle(ctx.own_id, account.parent, ctx.facts, above, "account")
    yield AccountMergeUndone(into=account.merged_into)
    yield On(account_read(account.merged_into), AccountAbsorptionUndone(account=ctx.own_id))
    for registration in account.held:
        if stays.registration is not None and stays.registration.claim == registration.claim:
            raise Taken(
                "The account it went into now uses this registration itself; change it there first.",
                kind=registration.claim.kind,
                parts=list(registration.claim.parts),
                holder=str(account.merged_into),
            )
        yield from transfer(ctx, registration.claim, account.merged_into, ctx.own_id)
