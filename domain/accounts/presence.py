"""Whether an account is there for others to refer to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from domain.accounts.commands import AccountIsClosed, MergedAway
from domain.accounts.state import Account, account_read
from domain.kernel import Context, NotFound, Read


def merged_away(account: Account) -> MergedAway:
    return MergedAway("This account was merged into another; act on that one, or undo the merge.", into=str(account.merged_into))


def account_reads(ids: Iterable[UUID | None]) -> Iterator[Read]:
    """What `check_present` looks at."""
    return (account_read(id) for id in ids if id is not None)


def check_present(ctx: Context, id: UUID | None, what: str = "account", *, open_only: bool = False) -> None:
    """Refuse an account that is not there or was merged away, and with `open_only` one that is closed; None is none, and fine."""
    if id is None:
        return
    found: Account | None = ctx.fact(account_read(id))
    if found is None or found.withdrawn:
        raise NotFound(f"There is no such {what}; choose one that exists.", account=str(id))
    if found.merged_into is not None:
        raise merged_away(found)
    if open_only and found.closed:
        raise AccountIsClosed(f"The {what} chosen is closed; reopen it first.", account=str(id))
