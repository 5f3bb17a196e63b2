"""Words in stored texts: where each text of an event stands, and the event without some words that somebody asked to be erased.

A text is found by its JSON pointer (RFC 6901) in the event as it is stored, personal fields opened; words in it by code points.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

from domain.kernel import ERASED
from domain.privacy import Cut, MentionsErased, Passage


class Span(NamedTuple):
    """Code points `start` to before `end` of the text at the pointer `field`."""

    field: str
    start: int
    end: int


class Masked(NamedTuple):
    """Words of one stored event that name a person, and are shown to nobody. `digest`: SHA-256 (hex) of the event's stored bytes.

    After a restore another event may stand in the same place, whose bytes are others: nothing of it is cut.
    """

    tenant: str
    person: UUID
    stream: UUID
    version: int
    digest: str
    spans: tuple[Span, ...]
    at: str
    case: str

    @property
    def cut(self) -> Cut:
        """As the log says it."""
        words = tuple(Passage(field=field, start=start, end=end) for field, start, end in self.spans)
        return Cut(stream=self.stream, version=self.version, digest=self.digest, words=words)


def masked_by(tenant: str, event: MentionsErased, at: str) -> list[Masked]:
    """What an event of the log says is to be masked."""
    return [
        Masked(
            tenant,
            event.person,
            cut.stream,
            cut.version,
            cut.digest,
            tuple(Span(w.field, w.start, w.end) for w in cut.words),
            at,
            event.case,
        )
        for cut in event.cuts
    ]


def texts(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """(pointer, text) of every text in a JSON value; keys are none."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, f"{field}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from texts(inner, f"{field}/{number}")


def cut(raw: dict[str, Any], spans: Iterable[Span], instead: str = ERASED) -> list[str]:
    """Put `instead` in the place of words of the JSON object, in place; returns those words. A text that is erased whole stays so.

    The rest of a text stays, so that texts which were alike are alike, and those that were not are not: histories fold as before.
    """
    removed = []
    for field, start, end in sorted(spans, reverse=True):
        *path, last = [part.replace("~1", "/").replace("~0", "~") for part in field.split("/")[1:]]
        inner: Any = raw
        for part in path:
            inner = inner[int(part)] if isinstance(inner, list) else inner[part]
        key: Any = int(last) if isinstance(inner, list) else last
        text = inner[key]
        if isinstance(text, str) and text != ERASED:
            removed.append(text[start:end])
            inner[key] = text[:start] + instead + text[end:]
    return removed
