r"""Text of others made harmless to a terminal: what would move the cursor, change the screen or turn the reading round is shown instead.

A title may hold whatever somebody typed or imported. Written raw, an escape sequence in it could retitle the window, repaint
the screen or hide what follows; so each such character becomes its own visible escape, like \x1b.
"""

from __future__ import annotations

import re

# C0 without tab and line feed, DEL and C1; line and paragraph separators; bidirectional embeddings, overrides and isolates;
# lone surrogates, which no encoding can write
_UNSAFE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_ACTIVE = re.compile(f"[{_UNSAFE}]")
_ACTIVE_OR_BREAK = re.compile(f"[\t\n{_UNSAFE}]")


def inert(text: str) -> str:
    """The text with every active character as its visible escape; lines and tabs stay."""
    return _ACTIVE.sub(_escape, text)


def one_line(text: str) -> str:
    """The same for a place of one line: line breaks and tabs are shown too."""
    return _ACTIVE_OR_BREAK.sub(_escape, text)


def inert_json(document: str) -> str:
    r"""A JSON document that means the same and holds no active character: they stand in strings only, where \u009b is \x9b."""
    return _ACTIVE.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")
