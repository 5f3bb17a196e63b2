"""The auditor's way at a terminal: keep a checkpoint, prove against it later; and the operator's, with the tree."""

from __future__ import annotations

import time
from base64 import b64encode

from infra.proofs.checkpoints import Checkpoint


def signed(concord, at_least):
    """Wait until so many events are signed; returns how many are."""
    deadline = time.monotonic() + 120
    while (found := concord("proofs", "status", "--json").json["signed"]) < at_least:
        assert time.monotonic() < deadline, "nothing was signed"
        time.sleep(0.2)
    return found


def test_what_was_signed_is_kept_and_proven_later(concord, tmp_path):
    size = signed(concord, 1)
    kept = tmp_path / "checkpoint.txt"
    kept.write_text(concord("proofs", "checkpoint").out)
    assert "Position 1 is one of the" in concord("proofs", "inclusion", "1").out

    concord("accounts", "open", "Proven AG")
    now = signed(concord, size + 1)
    said = concord("proofs", "consistency", str(kept)).out
    assert "begin with the" in said
    assert "unaltered" in said
    assert concord("proofs", "consistency", str(size), "--to", str(now), "--json").json["to"] == now

    old = Checkpoint.parse(kept.read_text().rpartition("\n\n")[0] + "\n")
    kept.write_text(kept.read_text().replace(b64encode(old.root).decode(), b64encode(bytes(32)).decode()))
    assert "altered since" in concord("proofs", "consistency", str(kept), code=4).err
    assert "is no file with a checkpoint" in concord("proofs", "consistency", "nowhere.txt", code=2).err
    assert "is not in that checkpoint" in concord("proofs", "inclusion", "99999999", code=4).err
    concord("proofs", "inclusion", code=2)


def test_the_tree_is_compared_and_made_anew_and_keys_are_rotated(concord):
    size = signed(concord, 1)
    assert concord("proofs", "check", "--json").json["compared"] >= size
    assert "made anew" in concord("proofs", "rebuild").out
    before = concord("proofs", "keys", "--json").json["items"]
    assert "signs from now on" in concord("proofs", "rotate", "--overlap-days", "2").out
    after = concord("proofs", "keys", "--json").json["items"]
    assert [key["vkey"] for key in after[: len(before)]] == [key["vkey"] for key in before]
    assert len(after) == len(before) + 1
    signed(concord, after[-1]["added_position"] + 1)
    assert concord("proofs", "checkpoint").out.count("\n— ") >= 2
    listed = concord("proofs", "keys")
    assert listed.out.splitlines() == [key["vkey"] for key in after], "a file of keys as verifiers take it"
    assert f"Key {len(after) - 1} signs since" in listed.err
    assert "signs until" in listed.err
    findings = {finding["check"]: finding["level"] for finding in concord("doctor", "--json").json}
    assert findings["proofs"] == "ok"
