"""What the case of a breach is called: each so that it can be told from the others by its name."""

from __future__ import annotations

from datetime import date

from workflows.claiming import claim_title

DAY = date(2026, 3, 31)


def test_a_case_is_called_after_what_was_owed_when_and_by_which_contract():
    assert claim_title("Quality report", DAY, "Housings from Kolbe") == "Quality report for 2026-03-31, Housings from Kolbe"


def test_a_long_name_is_cut_but_the_day_is_kept():
    title = claim_title("Report " * 40, DAY, "Contract " * 40)
    assert len(title) <= 200
    assert " for 2026-03-31, Contract" in title
