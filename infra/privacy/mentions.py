"""Where texts of other things name a person: found by what the person is or was called, and by mail addresses and numbers.

Deals, disputes, contracts and whatever else has texts may name people in them; such a text is sealed by nobody's key of theirs.
Found are names in either order ("Jo Weber", "Weber, Jo"), whatever their case; names of one word, such as Kim, as they are
written, with a capital; mail addresses; and telephone numbers by their last eight digits, however these are grouped. Words within files are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg import sql

from domain.kernel import ERASED
from domain.privacy import Cut, Passage
from infra.database import Tenant
from infra.event_store import Store
from infra.masks import Span, cut, texts
from infra.privacy.persons import Kept

_ASKED = 2_000
"""Events that are looked through at a time."""
_DIGITS = range(7, 9)
"""How many digits make a telephone number, at least; and of a longer one the last so many, which stay in every way of dialling."""
_IDENTITY = {"name", "email", "phone", "mobile", "source_id"}
"""Who somebody else is. A contact or a member of the same name is no mention."""
_FOUND = (
    "SELECT position, stream, version, topic, state, effective_at FROM {}.events, LATERAL (SELECT convert_from(state, 'UTF8') AS said) AS t "
    "WHERE position > %(after)s AND topic NOT LIKE 'privacy.%%' "
    "AND (strpos(said, '$sealed') > 0 OR said ILIKE ANY (%(words)s) OR said ~ ANY (%(numbers)s)) ORDER BY position LIMIT %(most)s"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that name the person: where in the log, in which text of the event, and the text."""

    position: int
    stream: UUID
    version: int
    topic: str
    day: datetime
    state: bytes
    span: Span
    text: str

    @property
    def sentence(self) -> str:
        """The sentence with the words in it, or what of it stands near them."""
        _, start, end = self.span
        before, after = self.text[max(start - 120, 0) : start], self.text[end : end + 120]
        before = re.split(r"[.!?]\s|\n", before)[-1] if len(before) < start or re.search(r"[.!?]\s|\n", before) else before
        after = re.split(r"(?<=[.!?])\s|\n", after)[0]
        return " ".join(f"{before}{self.text[start:end]}{after}".split())


@dataclass(frozen=True, slots=True)
class Wording:
    """How a person is named. `pattern` decides; `words` (ILIKE) and `numbers` (regular expressions) let nothing pass by that it finds."""

    pattern: re.Pattern[str]
    words: list[str]
    numbers: list[str]


def cuts_of(found: Iterable[Mention]) -> tuple[Cut, ...]:
    """These words, by the events that hold them."""
    events: dict[tuple[UUID, int], list[Mention]] = {}
    for mention in found:
        events.setdefault((mention.stream, mention.version), []).append(mention)
    return tuple(
        Cut(
            stream=stream,
            version=version,
            digest=sha256(named[0].state).hexdigest(),
            words=tuple(Passage(field=field, start=start, end=end) for field, start, end in (mention.span for mention in named)),
        )
        for (stream, version), named in events.items()
    )


async def mentions_of(store: Store, tenant: Tenant, kept: Kept, also: Iterable[str] = ()) -> list[Mention]:
    """Where the log's texts name the person, in order; `also`: other words for them. Looks through the whole log: seconds, in a large one.

    What falls with the person's own keys is left out. Later than the erasure nobody knows any more what to look for.
    """
    wording = wording_of(kept, also)
    if wording is None:
        return []
    query = sql.SQL(_FOUND).format(sql.Identifier(tenant.schema))
    values: dict[str, Any] = {"after": 0, "words": wording.words, "numbers": wording.numbers, "most": _ASKED}
    found: list[Mention] = []
    while True:
        async with store.database.connection() as connection:
            rows = await (await connection.execute(query, values)).fetchall()
        for position, stream, version, topic, state, day in rows:
            for span, text in _spans(store, tenant, kept, wording.pattern, (stream, version, topic, state)):
                found.append(Mention(position, stream, version, topic, day, state, span, text))
        if len(rows) < _ASKED:
            return found
        values["after"] = rows[-1][0]


def _spans(store: Store, tenant: Tenant, kept: Kept, pattern: re.Pattern[str], row: tuple[UUID, int, str, bytes]) -> list[tuple[Span, str]]:
    _, _, topic, _ = row
    raw, sealed_for, _ = store.codec.stored(tenant.slug, *row)
    noun, own = topic.partition(".")[0], set(kept.subjects)
    spans = []
    for field, text in texts(raw):
        name = field.split("/")[1]
        sealed = name in sealed_for
        if text == ERASED or (sealed and sealed_for[name] in own) or (sealed and noun in {"contact", "member"} and name in _IDENTITY):
            continue
        for match in pattern.finditer(text):
            span = Span(field, *match.span())
            # what takes no other words is a code or an amount, not a text
            probe = deepcopy(raw)
            cut(probe, [span], "[" + match[0][1:])
            if store.codec.admits(topic, probe, raw):
                spans.append((span, text))
    return spans


def wording_of(kept: Kept, also: Iterable[str] = ()) -> Wording | None:
    """How the person is and was named, by their own events; None: in no way that could be looked for."""
    own = [entry.event for entry in kept.events if entry.originator_id == kept.person]

    def said(*fields: str) -> list[str]:
        return [v for e in own for f in fields if isinstance(v := getattr(e, f, None), str) and v != ERASED]

    names = list(dict.fromkeys(" ".join(name.split()) for name in (*said("name"), *also) if name.strip()))
    addresses = list(dict.fromkeys(said("email")))
    numbers = list(dict.fromkeys(tail for phone in said("phone", "mobile") if (tail := _tail(phone))))
    alternatives = [*map(_name, names), *map(_address, addresses), *map(_number, numbers)]
    if not alternatives:
        return None
    pattern = re.compile("|".join(sorted(alternatives, key=len, reverse=True)), re.IGNORECASE)
    return Wording(pattern, [_anchor(word) for word in (*names, *addresses)], ["[^0-9A-Za-z]{0,3}".join(n) for n in numbers])


def _name(name: str) -> str:
    words = name.split()
    if len(words) == 1 and "@" not in name:
        # begun with a small letter it may be one of our own codes, such as `legal`
        return rf"(?-i:(?<!\w){re.escape(name[:1].upper() + name[1:])}(?!\w))"
    orders = [r"\s+".join(map(re.escape, words)), rf"{re.escape(words[-1])},\s*" + r"\s+".join(map(re.escape, words[:-1]))]
    return rf"(?<!\w)(?:{'|'.join(orders)})(?!\w)"


def _address(address: str) -> str:
    return rf"(?<![\w.+-]){re.escape(address)}(?![\w-]|\.\w)"


def _tail(phone: str) -> str:
    digits = re.sub(r"\D", "", phone)
    return digits[-max(_DIGITS) :] if len(digits) >= min(_DIGITS) else ""


def _number(digits: str) -> str:
    return r"(?<!\w)(?<!\d[.,])(?:[+(]?\d[\d()\s./-]{0,12})?" + r"[()\s./-]{0,3}".join(digits) + r"(?![\d]|[.,]\d)"


def _anchor(words: str) -> str:
    """The longest run of ASCII letters and digits, which JSON and every collation leave as they are; without one, everything."""
    runs: Sequence[str] = re.findall(r"[0-9A-Za-z]+", words)
    return f"%{max(runs, key=len, default='')}%"
