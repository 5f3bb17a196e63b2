"""Papers as PDF, by typst. The content goes in as JSON, never as source; the same content and instant give the same bytes.

It takes 10 to 100 ms of one processor: call it in a thread. Typst itself takes several threads at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst

from domain.papers.content import PaperContent

_HERE = Path(__file__).parent


@cache
def _fonts() -> typst.Fonts:
    """Our own font, and what typst brings itself; never the machine's, which would change the bytes."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[_HERE / "fonts"])


def print_paper(content: PaperContent, at: datetime) -> bytes:
    """The paper as PDF, dated `at` in its properties (seconds count, nothing finer)."""
    return _printed("paper.typ", {"paper": content.canonical().decode()}, at)


def print_signatures(record: Mapping[str, Any], at: datetime) -> bytes:
    """The page with the signatures as a PDF of its own; see `signatures.typ` for the record."""
    return _printed("signatures.typ", {"record": json.dumps(record, ensure_ascii=False, sort_keys=True)}, at)


def print_evidence(record: Mapping[str, Any], at: datetime) -> bytes:
    """The report in a bundle of evidence; see `evidence.typ` for the record."""
    return _printed("evidence.typ", {"record": json.dumps(record, ensure_ascii=False, sort_keys=True)}, at)


def _printed(file: str, inputs: dict[str, str], at: datetime) -> bytes:
    # the root holds nothing but these files, so that a paper can read nothing else
    compiler = typst.Compiler(_HERE / file, root=_HERE, font_paths=_fonts(), ignore_system_fonts=True, sys_inputs=inputs)
    printed = compiler.compile(format="pdf", timestamp=int(at.timestamp()), pdf_standards=["1.7"])
    assert isinstance(printed, bytes)
    return printed
