"""Who may say that something was so earlier than we learnt it."""

from __future__ import annotations

from datetime import date

from domain.kernel import SYSTEM, Context, Forbidden, Invalid, Role

BACKDATERS = frozenset({Role.ADMIN, Role.FINANCE, Role.FINANCE_CHIEF})
"""Roles that may date a fact back; imports and workflows (`SYSTEM`) may too."""


class BackdatingNotAllowed(Forbidden):
    """Only administration, finance and imports may date a fact back."""


def check_dating(ctx: Context) -> None:
    """Refuse an `effective_at` in the future, and one in the past from an actor who may not date back."""
    if ctx.effective_at is None or ctx.effective_at == ctx.now:
        return
    if ctx.effective_at > ctx.now:
        raise Invalid(
            "A fact cannot be dated into the future; leave the date away or use today's.", effective_at=ctx.effective_at.isoformat()
        )
    check_backdating(ctx, ctx.effective_at)


def check_backdating(ctx: Context, when: date) -> None:
    """Refuse an actor who may not say what was so at `when` (an instant or a day) in the past."""
    if ctx.actor.id != SYSTEM.id and not ctx.actor.has(*BACKDATERS):
        raise BackdatingNotAllowed(
            "Only administration and finance may date a fact back; ask one of them, or record it as of now.",
            when=when.isoformat(),
            roles=sorted(BACKDATERS),
        )
