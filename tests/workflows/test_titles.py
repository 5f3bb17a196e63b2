"""What members are told has a title that fits, and says what it is to say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.titles import LONGEST, titled


@pytest.mark.parametrize(
    ("name", "says", "title"),
    [
        ("Cleaning", " is signed by all", "Cleaning is signed by all"),
        ("Cleaning", "", "Cleaning"),
        ("C" * 300, " is over", f"{'C' * 191}… is over"),
    ],
)
def test_a_name_is_cut_before_what_is_said_of_it(name: str, says: str, title: str):
    assert titled(name, says) == title


@given(st.text(max_size=400), st.text(max_size=400))
def test_a_title_is_never_longer_than_a_name_may_be(name: str, says: str):
    assert len(titled(name, says)) <= LONGEST
