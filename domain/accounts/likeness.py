"""Whether an account may be one that we know already: the same web domain, or a near-equal name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from domain.accounts.commands import LooksAlike
from domain.accounts.state import Account, account_read
from domain.company_names import near_equal
from domain.kernel import Context, Read


def candidate_reads(candidates: Iterable[UUID]) -> Iterator[Read]:
    return (account_read(id) for id in candidates)


def likeness(name: str | None, domain: str | None, other: Account) -> str | None:
    """Why the two may be one company: `domain`, `name`, or None."""
    if domain is not None and domain == other.domain:
        return "domain"
    return "name" if name and other.legal_name and near_equal(name, other.legal_name) else None


def check_likeness(ctx: Context, name: str | None, domain: str | None, candidates: Iterable[UUID], confirmed: frozenset[UUID]) -> None:
    """Refuse while a candidate looks alike that nobody has said to be different.

    The search that found the candidates may be behind: one that no longer looks alike, or is merged away, does not count.
    """
    alike = []
    for id in candidates:
        other: Account | None = ctx.fact(account_read(id))
        if id in confirmed or id == ctx.stream or other is None or other.withdrawn or other.merged_into is not None:
            continue
        if reason := likeness(name, domain, other):
            alike.append({"account": str(id), "name": other.legal_name, "reason": reason})
    if alike:
        raise LooksAlike(
            "This looks like an account that exists already; open that one, or go on and say that it is a different entity.",
            candidates=alike,
        )
