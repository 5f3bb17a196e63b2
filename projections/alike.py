"""Which accounts may be the one that is about to begin: the search behind the warning."""

from __future__ import annotations

import re
from uuid import UUID

from domain.company_names import near_equal, normalised_name
from projections.accounts import ACCOUNTS
from projections.reading import EVERYTHING, Reading, Scope

_LOOKED_AT = 500
_FOUND = 20
_TELLING = 4
"""Letters from which a word tells companies apart, and with which two near names begin alike."""


async def alike(reading: Reading, name: str | None, domain: str | None, *, scope: Scope = EVERYTHING) -> list[UUID]:
    """Accounts with the same web domain or a near-equal name, at most 20: those that share a word, or begin alike."""
    kept = set(normalised_name(name or "").split())
    told = [word for word in re.findall(r"\w+", (name or "").casefold()) if len(word) >= _TELLING and normalised_name(word) in kept]
    patterns = [f"%{_loosely(word)}%" for word in sorted(set(told), key=lambda word: (-len(word), word))[:3]]
    if begin := re.match(r"\w{2,}", (name or "").strip().casefold()):
        patterns.append(f"{_loosely(begin[0][:_TELLING])}%")
    query = (
        f"SELECT id, legal_name, domain FROM {ACCOUNTS.name} WHERE merged_into IS NULL AND {scope.sql} AND "
        f"(domain = %(domain)s OR words LIKE ANY (%(patterns)s::text[])) ORDER BY (domain IS NOT DISTINCT FROM %(domain)s) DESC, id LIMIT {_LOOKED_AT}"
    )
    found = await reading.rows(query, {**scope.params, "domain": domain, "patterns": patterns})
    like = [id for id, legal_name, at in found if (domain and at == domain) or (name and legal_name and near_equal(name, legal_name))]
    return like[:_FOUND]


def _loosely(word: str) -> str:
    """A pattern for LIKE: vowels, and letters with accents, may be any others."""
    return re.sub(r"[aeiouy]|[^\x00-\x7f]", "_", word)
