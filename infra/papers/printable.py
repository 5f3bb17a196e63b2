"""Whether the fonts that come with Concord have every character of a text; a paper never shows a box instead of one.

Typst itself is asked, with its own shaping and its fallbacks: as PDF/A it refuses what it could not display. Takes some
milliseconds of one processor: call it in a thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

import typst

from domain.papers.content import PaperContent
from domain.papers.refusals import NotPrintable
from domain.papers.wording import paragraphs

_HERE = Path(__file__).parent
_MOST_NAMED = 12
"""Characters that a refusal names, for each place."""


def check_printable(places: Mapping[str, str]) -> None:
    """Refuse texts that cannot be printed as they are. `places`: where each stands, and what stands there. Raises NotPrintable."""
    if _displayed("\n\n".join(places.values())):
        return
    found = {place: missing for place, text in places.items() if (missing := _missing(text))}
    if not found:
        return
    told = "; ".join(f"{' '.join(characters)} in {place}" for place, characters in found.items())
    raise NotPrintable(
        f"Papers cannot be printed with these characters: {told}. Write it in Latin, Greek or Cyrillic letters.",
        missing={place: list(characters) for place, characters in found.items()},
    )


def places_of(content: PaperContent, note: str | None) -> dict[str, str]:
    """Every text that stands on a paper, by where it stands, in words. `note`: the paragraph that was added by hand."""
    found: dict[str, list[str]] = {}

    def add(place: str, *texts: str) -> None:
        found.setdefault(place, []).extend(texts)

    if note:
        add("the note", note)
    add("the title", content.title)
    add("our name", content.sender.name)
    add("the letterhead", *content.sender.lines)
    add("the name of the account", content.recipient.name)
    add("the address", *content.recipient.lines)
    for fact in content.facts:
        add(f'"{fact.label}"', fact.label, fact.value)
    for number, item in enumerate(content.items, 1):
        add(f"line {number}", item.label, item.detail, item.quantity, item.unit_price, item.discount, item.total)
    for total in content.sums:
        add(f'"{total.label}"', total.label, total.amount)
    by_hand = paragraphs(note, {})
    add("the introduction", *(words for words in content.intro if words not in by_hand))
    for clause in content.clauses:
        add(f"the clause {clause.key}", clause.title, *clause.paragraphs)
    add("the closing words", *content.closing)
    for slot in content.slots:
        add("the places to sign", slot.party, slot.name)
    add("the foot", *content.footer)
    return {place: "\n".join(texts) for place, texts in found.items()}


def _missing(text: str) -> tuple[str, ...]:
    """The characters that no font has, the first few of them, as they come; all that is not ASCII if none is missing by itself."""
    if _displayed(text):
        return ()
    others = dict.fromkeys(one for one in text if not (" " <= one <= "~" or one in "\n\t\r"))
    alone = [one for one in others if not _has(one)]
    return tuple(one if one.isprintable() else f"U+{ord(one):04X}" for one in (alone or others))[:_MOST_NAMED]


@cache
def _fonts() -> typst.Fonts:
    """The same as papers are printed with."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[_HERE / "fonts"])


@lru_cache(maxsize=4096)
def _has(character: str) -> bool:
    return _displayed(character)


def _displayed(text: str) -> bool:
    compiler = typst.Compiler(_HERE / "printable.typ", root=_HERE, font_paths=_fonts(), ignore_system_fonts=True, sys_inputs={"text": text})
    try:
        compiler.compile(format="pdf", timestamp=0, pdf_standards=["a-2b"])
    except typst.TypstError as error:
        return "could not be displayed" not in str(error)
    return True
