"""What a restore, a list of backups and the proofs after it say, so that it can be typed as it is told."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from api.cli.audit_bundles import _told_differences, verify
from api.cli.backups import between, beyond
from api.cli.proofs import status
from infra.proofs.comparing import Difference

ENDED = datetime(2026, 11, 22, 13, 42, 27, 310_000, tzinfo=UTC)


@pytest.mark.parametrize("later", [0, 0.5, 0.7, 90])
def test_both_ends_of_what_can_be_restored_are_accepted_as_they_are_shown(later):
    last = ENDED + timedelta(seconds=later)
    for shown in between(ENDED, last):
        assert ENDED <= datetime.fromisoformat(shown) <= last
    assert between(ENDED, ENDED + timedelta(seconds=90)) == ("2026-11-22T13:42:28Z", "2026-11-22T13:43:57Z")


def test_a_restore_that_leaves_out_what_was_signed_names_the_command_that_signs_again():
    said = beyond("acme", 32_383, 32_382)
    assert "up to position 32,383, and what followed 32,382 is no more" in said
    assert said.endswith("concord proofs restart --tenant acme")


def test_the_status_of_a_log_that_is_signed_no_more_names_both_ways_on(monkeypatch, capsys):
    found = {"signed": 0, "head": 4, "unsigned_seconds": 1.0, "parked_at": 5, "cause": "the log ends at 4, but 5 events were signed"}

    @contextmanager
    def calling(_):
        yield SimpleNamespace(get=lambda _: found)

    monkeypatch.setattr("api.cli.proofs.calling", calling)
    with pytest.raises(SystemExit):
        status(tenant="acme")
    said = capsys.readouterr().out
    assert "concord proofs check" in said
    assert "After a restore to an earlier instant: concord proofs restart --tenant acme" in said


def test_a_bundle_that_is_not_there_is_not_found(capsys):
    with pytest.raises(SystemExit) as ended:
        verify(Path("nofile.zip"))
    assert ended.value.code == 3
    assert "There is no file nofile.zip." in capsys.readouterr().err


def test_one_place_and_several_are_told_in_their_number():
    ended = _told_differences([Difference(101, 102, "these events were removed"), Difference(205, 205, "this event was removed")], [])
    assert ended.lines == ("  - positions 101 to 102: these events were removed", "  - position 205: this event was removed")
