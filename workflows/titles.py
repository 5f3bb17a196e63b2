"""Titles of what members are told: what it is about, and what is said of it, in the length that a name may have."""

from __future__ import annotations

LONGEST = 200


def titled(name: str, says: str = "") -> str:
    """`name` with what is said of it behind; cut where both together would be too long, the name first."""
    says = says if len(says) < LONGEST // 2 else says[: LONGEST // 2].rstrip() + "…"
    room = LONGEST - len(says)
    return (name if len(name) <= room else name[: room - 1].rstrip() + "…") + says
