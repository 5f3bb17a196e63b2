"""The hash that binds a review, and an approval, to what was read."""

from __future__ import annotations

import json
from hashlib import sha256
from uuid import UUID

from domain.contracts.terms import Terms


def content_hash(title: str, number: str | None, party: UUID, terms: Terms, zone: str) -> str:
    """SHA-256 over all that is agreed, as JSON with sorted keys: the same content has the same hash in every process."""
    agreed = {"title": title, "number": number, "party": str(party), "terms": terms.model_dump(mode="json"), "zone": zone}
    return sha256(json.dumps(agreed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
