"""Dirty values to known ones, with a stated confidence.

| how                                        | confidence |
|--------------------------------------------|------------|
| the same                                   | 1          |
| but for case and spaces around             | 0.99       |
| but for spaces, hyphens, accents (GTXPro)  | 0.97       |
| but for the legal form (Acme Inc, Acme)    | 0.95       |
| near (technolgy, technology)               | 0.96 x the similarity of the letters (normalised indel distance) |

Values whose digits differ (GTK 500, GTK 600) or that are near to two known ones are never taken, only asked about.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz import fuzz, process

ACCEPT = 0.9
"""At least this confident: taken, and stated in the report."""
ASK = 0.6
"""Below this nothing is proposed; between the two it is asked."""
_NEAR_CEILING = 0.96
_DIGITS_DIFFER = 0.5
_MARGIN = 0.03
_MANY = 3000
_LEGAL_FORMS = frozenset(
    "inc incorporated corp corporation co company ltd limited llc llp plc gmbh ag kg ohg ug se sa sas sarl srl spa bv nv ab as oy aps pty pte kk".split()
)


@lru_cache(maxsize=100_000)
def squashed(text: str) -> str:
    """Letters and digits only, without case and accents: what two spellings of one name share."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if c.isalnum())


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold().replace("&", " "))


def _without_legal_form(text: str) -> str:
    words = _words(text)
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    return squashed("".join(words))


@dataclass(frozen=True, slots=True)
class Match:
    """`value` is read as `to` (None: nothing known is near), with what else it might be."""

    value: str
    to: str | None
    confidence: float
    how: str
    others: tuple[tuple[str, float], ...] = ()

    @property
    def taken(self) -> bool:
        """Confident enough to go on without asking."""
        return self.to is not None and self.confidence >= ACCEPT


@dataclass(slots=True)
class Vocabulary:
    """Known values by which dirty ones are read. Add all of them before the first look-up."""

    _exact: dict[str, set[str]] = field(default_factory=dict)
    _folded: dict[str, set[str]] = field(default_factory=dict)
    _squashed: dict[str, set[str]] = field(default_factory=dict)
    _stems: dict[str, set[str]] = field(default_factory=dict)
    _memo: dict[str, Match] = field(default_factory=dict)

    def add(self, values: Iterable[str] | Mapping[str, str]) -> None:
        """Know these values. A mapping gives what each stands for (an alias and its name)."""
        pairs = values.items() if isinstance(values, Mapping) else ((v, v) for v in values)
        for value, name in pairs:
            self._exact.setdefault(value, set()).add(name)
            self._folded.setdefault(value.strip().casefold(), set()).add(name)
            self._squashed.setdefault(squashed(value), set()).add(name)
            self._stems.setdefault(_without_legal_form(value), set()).add(name)
        self._memo.clear()

    def __len__(self) -> int:
        return len(self._exact)

    @property
    def _cutoff(self) -> float:
        # comparing with thousands of names is quick only when most are given up early, so then only near ones are proposed
        return ASK * 100 if len(self._squashed) < _MANY else ACCEPT / _NEAR_CEILING * 100

    def match(self, value: str) -> Match:
        """The known value that `value` means, as far as that can be told. Looked up once per distinct value."""
        found = self._memo.get(value)
        if found is None:
            found = self._memo[value] = self._find(value)
        return found

    def _find(self, value: str) -> Match:
        for index, key, confidence, how in (
            (self._exact, value, 1.0, "the same"),
            (self._folded, value.strip().casefold(), 0.99, "but for upper and lower case"),
            (self._squashed, squashed(value), 0.97, "but for spaces and signs"),
            (self._stems, _without_legal_form(value), 0.95, "but for the legal form"),
        ):
            names = index.get(key, set()) if key else set()
            if len(names) == 1:
                return Match(value, next(iter(names)), confidence, how)
            if names:
                return Match(value, None, 0.0, "several known values read like this", tuple((n, confidence) for n in sorted(names)))
        return self._nearest(value)

    def _nearest(self, value: str) -> Match:
        target = squashed(value)
        if not target or not self._squashed:
            return Match(value, None, 0.0, "nothing known is like it")
        best: dict[str, float] = {}
        for text, score, _ in process.extract(target, self._squashed.keys(), scorer=fuzz.ratio, limit=6, score_cutoff=self._cutoff):
            confidence = score / 100 * _NEAR_CEILING
            if re.findall(r"\d+", text) != re.findall(r"\d+", target):
                confidence = min(confidence, _DIGITS_DIFFER)
            for name in self._squashed[text]:
                best[name] = max(best.get(name, 0.0), round(confidence, 3))
        ranked = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
        if not ranked:
            return Match(value, None, 0.0, "nothing known is like it")
        (name, confidence), rest = ranked[0], tuple(ranked[1:4])
        if rest and confidence - rest[0][1] < _MARGIN:
            return Match(value, name, min(confidence, ACCEPT - 0.01), "near to several", rest)
        if confidence < ASK:
            return Match(value, None, confidence, "nothing known is like it", tuple(ranked[:3]))
        return Match(value, name, confidence, "nearly the same letters", rest)
