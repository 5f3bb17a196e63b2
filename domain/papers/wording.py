"""Wording with blanks: `{their_name}` in a template's or clause's text is filled in; nothing else in a text means anything.

There is no logic in wording, on purpose: a template can neither compute nor read what was not given to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from domain.kernel import Invalid

BLANKS = (
    *("our_name", "their_name", "seller_name", "buyer_name", "title", "number", "date", "valid_until", "total", "reference", "contact"),
)
"""What may be filled in: parties, ours and theirs, or who of them sells and buys; the paper's own title, number and date, its total, the reference of what it is about, our contact."""
_BLANK = re.compile(r"\{([a-z_]{1,40})\}")
_EMPTY = "…"


class BlankUnknown(Invalid):
    """The wording has a blank that nothing fills; `blanks` names those there are."""


def check_wording(*texts: str) -> None:
    """Refuse blanks that nothing fills. Raises BlankUnknown."""
    unknown = sorted({name for text in texts for name in _BLANK.findall(text)} - set(BLANKS))
    if unknown:
        raise BlankUnknown(f"Nothing fills {{{unknown[0]}}}; use one of the blanks there are.", unknown=unknown, blanks=list(BLANKS))


def worded(text: str, values: Mapping[str, str]) -> str:
    """The text with its blanks filled; a blank without a value becomes an ellipsis, which a reader sees."""
    return _BLANK.sub(lambda blank: values.get(blank[1]) or _EMPTY, text)


def paragraphs(text: str | None, values: Mapping[str, str]) -> tuple[str, ...]:
    """The paragraphs of a wording: an empty line ends each; its own line breaks do not matter."""
    filled = worded(text or "", values)
    return tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", filled) if part.strip())
