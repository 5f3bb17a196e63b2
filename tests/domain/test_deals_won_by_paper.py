"""A deal is won by a paper that everybody has signed."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from domain.deals import AdvanceDeal
from domain.deals.refusals import PaperNotSigned
from domain.kernel import natural_id
from tests.domain.deal_world import ALL_PROVEN, DEAL, deal, opened

last = deal.given(opened(), *ALL_PROVEN).on(DEAL)


PAPER = natural_id("test", "paper")


def completed(**changes: Any) -> Any:
    """A paper about the deal that everybody has signed."""
    standing = {"number": "C-2026-7F3KQ2", "subject": SimpleNamespace(noun="deal", id=DEAL), "signed_on": date(2026, 2, 27)}
    return SimpleNamespace(**{**standing, **changes})


def test_a_deal_is_won_by_a_paper_that_everybody_has_signed_and_books_on_the_last_signature():
    asked = last.knowing({PAPER: completed()}).when(AdvanceDeal(to="won", paper=PAPER)).events[-1]
    assert (asked.signature, asked.won_on) == (f"C-2026-7F3KQ2 ({PAPER})", date(2026, 2, 27))


@pytest.mark.parametrize(
    "paper",
    [
        None,
        completed(signed_on=None),
        completed(subject=SimpleNamespace(noun="deal", id=PAPER)),
        completed(subject=SimpleNamespace(noun="contract", id=DEAL)),
    ],
)
def test_a_paper_that_is_not_signed_or_about_something_else_wins_nothing(paper: Any):
    last.knowing({PAPER: paper}).when(AdvanceDeal(to="won", paper=PAPER)).refused(PaperNotSigned, paper=str(PAPER))
