"""When two company names may mean the same company."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher

_NEAR = 0.9
"""Share of common text (Ratcliff/Obershelp, `difflib`) from which two normalised names count as near-equal."""
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "&": " and "})
# Forms a company takes in law; they tell little about which company it is. Longest first, dots already gone.
_FORMS = frozenset(
    """inc incorporated corp corporation co company ltd limited llc llp lp plc pllc pty gmbh mbh ag kg kgaa ohg ug ek se sa sas sarl sasu
    srl spa sl slu bv nv vof cv ab as asa aps oy oyj kft zrt doo dd ad ood eood sro sp zoo kk pte pvt bhd sdn sae""".split()
)


def normalised_name(name: str) -> str:
    """`name` without case, accents, punctuation and legal form: `Müller & Söhne GmbH` is `muller and sohne`.

    A name that consists of nothing else keeps its legal form, so that no two such names become equal.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold().translate(_LETTERS)).casefold()
    letters = "".join(c for c in plain.translate(_LETTERS) if not unicodedata.combining(c)).replace(".", "").replace("'", "")
    words = re.findall(r"[^\W_]+", letters)
    while len(words) > 1 and words[-1] in _FORMS:
        words.pop()
    return " ".join(words)


def near_equal(one: str, other: str) -> bool:
    """Whether two names are so close that a person should look: equal once normalised and unspaced, or 90 % the same."""
    a, b = normalised_name(one).replace(" ", ""), normalised_name(other).replace(" ", "")
    if not a or not b:
        return one.strip().casefold() == other.strip().casefold()
    if a == b:
        return True
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    return matcher.real_quick_ratio() >= _NEAR and matcher.quick_ratio() >= _NEAR and matcher.ratio() >= _NEAR
