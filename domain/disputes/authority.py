"""By what right something is written off: by the amount, in the reporting currency at the rate of the day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from domain.authority import LimitKind
from domain.disputes.entries import Authority
from domain.disputes.guards import settings_of
from domain.disputes.refusals import AuthorityMissing
from domain.kernel import Context, Forbidden, Read, Role
from domain.members import Member
from domain.rates import convert, rate_on, rate_reads
from domain.settings import SETTINGS_ID, Settings
from domain.standing import member_read
from domain.values import Money, zone


def authority_reads(currency: str, member: UUID | None, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """What `authority` looks at: the rates to the reporting currency and to that of the member's own limit."""
    settings: Settings | None = facts.get(SETTINGS_ID)
    yield from rate_reads(currency, (settings or Settings()).currency)
    if member is None:
        return
    yield member_read(member)
    if (own := _own_limit(facts.get(member))) is not None:
        yield from rate_reads(currency, own.currency)


def _own_limit(member: Member | None) -> Money | None:
    return None if member is None else member.limits.get(LimitKind.WRITE_OFF)


def authority(amount: Money, member: UUID | None, ctx: Context) -> Authority:
    """The actor's right to write `amount` off. `member`: the actor, where their own limit is to count besides their roles'.

    Raises AuthorityMissing, with the limit there is and the roles that may; NoRate.
    """
    settings = settings_of(ctx)
    day = ctx.now.astimezone(zone(settings.zone)).date()
    rate = rate_on(ctx.facts, amount.currency, settings.currency, day)
    reported = convert(amount, settings.currency, rate)
    rules = settings.dispute_rules

    def right(role: str, limit: Money | None) -> Authority:
        return Authority(role=role, limit=limit, amount=reported, rate=rate.rate, rate_day=rate.day, rules=rules.version)

    best: Money | None = None
    for allowed in rules.write_off_limits:
        if not ctx.actor.has(allowed.role):
            continue
        limit = None if allowed.amount is None else Money(amount=allowed.amount, currency=settings.currency)
        if limit is None or reported.amount <= limit.amount:
            return right(allowed.role.value, limit)
        best = limit if best is None or limit.amount > best.amount else best
    own = _own(member, ctx)
    if own is not None and _within(amount, own, day, ctx):
        return right("own_limit", own)
    roles = [limit.role for limit in rules.write_off_limits if limit.amount is None or limit.amount >= reported.amount]
    raise AuthorityMissing(
        f"Writing off {reported} is above what you may: {best if best is not None else 'nothing'}. Ask {_named(roles)}.",
        amount=str(reported),
        limit=None if best is None else str(best),
        roles=[role.value for role in roles],
    )


def _named(roles: list[Role]) -> str:
    return " or ".join(role.value.replace("_", " ") for role in roles) or "an administrator for a limit"


def _own(member: UUID | None, ctx: Context) -> Money | None:
    if member is None:
        return None
    if member != ctx.actor.id:
        raise Forbidden("A limit counts for its own member only; leave `member` away.", member=str(member))
    return _own_limit(ctx.fact(member_read(member)))


def _within(amount: Money, limit: Money, day: date, ctx: Context) -> bool:
    rate = rate_on(ctx.facts, amount.currency, limit.currency, day)
    return convert(amount, limit.currency, rate).amount <= limit.amount
