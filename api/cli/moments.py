"""`--as-of`: sent as it is written, and read by the API, which knows the tenant's zone; what is no moment is refused here already."""

from __future__ import annotations

from api.instants import in_words, written_moment


def as_of_text(written: str | None) -> str | None:
    """What the API's `as_of` takes; None: now. Raises ValueError, which says what can be written."""
    if written is None:
        return None
    try:
        return written_moment(written) if in_words(written) else None
    except ValueError as error:
        raise ValueError(f"--as-of {written!r}: {error}.") from None


def moment_params(as_of: str | None, basis: str) -> dict[str, str | None]:
    """Query parameters of a read."""
    return {"as_of": as_of_text(as_of), "basis": None if as_of is None else str(basis)}


def moment_words(as_of: str | None, basis: str) -> str:
    """What a heading says about the moment; empty for now."""
    at = as_of_text(as_of)
    if at is None:
        return ""
    return f"as of {in_words(at)}, " + ("as known then" if str(basis) == "known" else "as we now know it was")
