"""What a renewal is called: after what it renews and the year it is for, without repeats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.attending_contracts import renewal_title


@pytest.mark.parametrize(
    ("title", "called"),
    [
        ("Cleaning", "Renewal of Cleaning (2028)"),
        ("Renewal of Cleaning (2027)", "Renewal of Cleaning (2028)"),
        ("Renewal of Renewal of Cleaning (2026) (2027)", "Renewal of Cleaning (2028)"),
        ("Support (2027 edition)", "Renewal of Support (2027 edition) (2028)"),
    ],
)
def test_a_renewal_is_called_after_what_it_renews_and_its_year(title: str, called: str):
    assert renewal_title(title, 2028) == called


@given(st.text(min_size=1, max_size=300))
def test_a_title_of_any_length_stays_one_and_comes_to_rest(title: str):
    once = renewal_title(title, 2028)
    assert len(once) <= 200
    assert renewal_title(once, 2028) == once
