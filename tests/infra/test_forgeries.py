"""P12: every true proof is accepted, with nothing but Python and `cryptography`; none of a thousand forged ones is."""

from __future__ import annotations

import base64
import io
import json
import random
import zipfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.event_store.loader import Row
from infra.proofs.leaves import envelope_of, leaf_of
from infra.proofs.notes import SigningKey
from infra.proofs.verify_bundle import Asked, Vkey, verify, verify_consistency, verify_inclusion
from tests.infra.alone import run_alone
from tests.infra.evidence import ORIGIN, Witnessed, witness

EVENTS = 70
SIZES = (1, 2, 3, 7, 8, 33, 64)


def _row(position: int) -> Row:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=position)
    state = json.dumps({"by": position, "name": {"$sealed": "x" * 20}}).encode()
    return (position, UUID(int=position % 7), position // 7 + (position % 7 > 0), "counter.raised", bytes(49), state, at, at)


ROWS = [_row(position) for position in range(1, EVENTS + 1)]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Witnessed:
    return witness(ROWS, tmp_path_factory.mktemp("published"), SIZES)


def _known(log: Witnessed, *kept: int) -> Asked:
    return Asked([Vkey.parse(str(log.key.verifier))], [(str(size), log.notes[size]) for size in kept])


def test_every_true_bundle_is_accepted(log: Witnessed):
    for size in (*SIZES, EVENTS):
        for kept in (one for one in (*SIZES, EVENTS) if one <= size):
            whole = log.bundle(ROWS[:size], size=size, positions=(1, size))
            assert verify(whole, _known(log, kept)).code == 0, "a bundle of the whole log fits any earlier checkpoint"
            part = log.bundle(ROWS[size // 2 : size // 2 + 1], size=size, sizes=[kept])
            assert verify(part, _known(log, kept)).code == 0, (size, kept)


@pytest.mark.parametrize("name", ["README.txt", "report.pdf", "told.jsonl", "verify.py"])
def test_what_people_read_is_the_file_that_was_packed(log: Witnessed, name: str):
    with zipfile.ZipFile(io.BytesIO(log.bundle(ROWS[:3], report=b"%PDF-1.4"))) as archive:
        files = {one: archive.read(one) for one in archive.namelist()}
    for content in (files[name] + b" ", None):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for one, kept in files.items():
                if one != name or content is not None:
                    archive.writestr(one, content if one == name and content is not None else kept)
        verdict = verify(made.getvalue(), _known(log))
        assert (verdict.code, verdict.wrong) == (1, [f"{name} is not the file that was packed: do not read it."])


def test_a_checkpoint_that_the_bundle_was_not_made_for_is_undecided_and_says_what_to_do(log: Witnessed):
    verdict = verify(log.bundle(ROWS[:1]), _known(log, 33))
    assert (verdict.code, verdict.undecided) == (
        2,
        ["Whether this is the log of 33: export the bundle again with --checkpoint 33, or give --consistency."],
    )


def test_a_checkpoint_newer_than_the_bundle_is_compared_by_a_proof_of_consistency(log: Witnessed):
    bundle, known = log.bundle(ROWS[:3], size=33), _known(log, EVENTS)
    verdict = verify(bundle, known)
    assert (verdict.code, verdict.positions) == (1, [(34, EVENTS)])
    assert "/v1/proofs/consistency?from=33&to=70" in verdict.wrong[0]
    proof = {"from": 33, "to": EVENTS, "proof": [base64.b64encode(one).decode() for one in log.tiles.consistency(33, EVENTS)]}
    assert verify(bundle, Asked(known.keys, known.checkpoints, [json.dumps(proof).encode()])).code == 0
    proof["proof"][0] = proof["proof"][1]
    assert verify(bundle, Asked(known.keys, known.checkpoints, [json.dumps(proof).encode()])).code == 1


@cache
def _answered(log: Witnessed, position: int, size: int) -> str:
    """As the API answers."""
    row = ROWS[position - 1]
    proof = log.tiles.inclusion(position - 1, size)
    answer = {
        "position": position,
        "leaf_index": position - 1,
        "envelope": base64.b64encode(envelope_of(row)).decode(),
        "size": size,
        "proof": [base64.b64encode(one).decode() for one in proof],
        "checkpoint": log.notes[size].decode(),
    }
    return json.dumps(answer)


def _inclusion(log: Witnessed, position: int, size: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_answered(log, position, size))
    return found


@settings(max_examples=1000)
@given(st.integers(0, 2**64))
def test_none_of_a_thousand_forged_proofs_is_accepted(log: Witnessed, seed: int):
    chance = random.Random(seed)
    size = chance.choice((33, 64, EVENTS))
    position = chance.randint(1, size)
    true = _inclusion(log, position, size)
    assert verify(json.dumps(true).encode(), _known(log)).code == 0
    forged = json.loads(json.dumps(true))
    match chance.randrange(7):
        case 0:
            forged["leaf_index"] += chance.choice((-1, 1, 2, 64, size))
        case 1:
            forged["envelope"] = _flipped(chance, forged["envelope"])
        case 2:
            at = chance.randrange(len(forged["proof"]))
            forged["proof"][at] = _flipped(chance, forged["proof"][at])
        case 3:
            forged["proof"] = forged["proof"][:-1] if chance.random() < 0.5 else forged["proof"][1:]
        case 4:
            forged["proof"].insert(chance.randint(0, len(forged["proof"])), base64.b64encode(chance.randbytes(32)).decode())
        case 5:
            other = chance.choice([one for one in range(1, size + 1) if one != position])
            forged["envelope"] = _inclusion(log, other, size)["envelope"]
        case 6:
            lines = true["checkpoint"].split("\n")
            lines[chance.choice((1, 2))] = chance.choice(("69", base64.b64encode(chance.randbytes(32)).decode()))
            forged["checkpoint"] = "\n".join(lines)
    assert verify(json.dumps(forged).encode(), _known(log)).code != 0, (seed, forged)


def test_a_proof_is_judged_by_the_key_that_was_given_and_by_the_position_that_the_event_says(tmp_path: Path):
    """Whoever signs could sign another log, or one in which two events stand in each other's place."""
    swapped = [*ROWS[:4], ROWS[5], ROWS[4], *ROWS[6:]]
    ours, theirs = (witness(rows, tmp_path / name) for name, rows in (("ours", swapped), ("theirs", ROWS)))
    assert verify(_answered(theirs, 5, EVENTS).encode(), _known(ours)).wrong == [
        "The checkpoint of the proof is not signed by a key that you gave."
    ]
    moved = {**_inclusion(ours, 5, EVENTS), "envelope": base64.b64encode(envelope_of(swapped[4])).decode()}
    verdict = verify(json.dumps(moved).encode(), _known(ours))
    assert (verdict.wrong, verdict.positions) == (["Position 5: the event says that it stands at another position."], [(5, 5)])


def test_a_bundle_of_a_stream_names_the_place_from_which_an_event_was_left_out(log: Witnessed):
    stream = UUID(int=3)
    whole = [row for row in ROWS if row[1] == stream]
    assert verify(log.bundle(whole, streams=[stream]), _known(log)).code == 0
    verdict = verify(log.bundle([*whole[:2], *whole[3:]], streams=[stream]), _known(log))
    assert (verdict.code, verdict.positions) == (1, [(whole[1][0] + 1, whole[3][0])])


@settings(max_examples=100)
@given(st.integers(0, 2**64))
def test_no_forged_proof_of_the_tree_is_accepted(log: Witnessed, seed: int):
    chance = random.Random(seed)
    old, new = sorted(chance.sample((2, 3, 7, 8, 33, 64, EVENTS), 2))
    roots, proof = [log.tiles.root(size) for size in (old, new)], log.tiles.consistency(old, new)
    assert verify_consistency(old, new, *roots, proof)
    parts = [*roots, *proof]
    at = chance.randrange(len(parts))
    parts[at] = chance.choice((chance.randbytes(32), parts[at - 1]))
    if parts != [*roots, *proof]:
        assert not verify_consistency(old, new, parts[0], parts[1], parts[2:]), seed
    index = chance.randrange(new)
    leaf, path = leaf_of(ROWS[index]), log.tiles.inclusion(index, new)
    assert verify_inclusion(index, new, leaf, path, roots[1])
    assert not verify_inclusion(index, new, leaf_of(ROWS[index - 1]), path, roots[1])
    assert not verify_inclusion(index ^ 1, new, leaf, path, roots[1])


def _flipped(chance: random.Random, encoded: str) -> str:
    raw = bytearray(base64.b64decode(encoded))
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return base64.b64encode(raw).decode()


@settings(max_examples=100)
@given(st.integers(0, 2**64))
def test_no_forged_bundle_is_accepted(log: Witnessed, seed: int):
    chance = random.Random(seed)
    size = chance.choice((33, 64, EVENTS))
    first = chance.randint(1, size)
    last = min(size, first + chance.randrange(6))
    true = log.bundle(ROWS[first - 1 : last], size=size, positions=(first, last))
    known = _known(log)
    assert verify(true, known).code == 0
    with zipfile.ZipFile(io.BytesIO(true)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    events, tree = (files[name].splitlines() for name in ("events.jsonl", "tree.jsonl"))
    match chance.randrange(6):
        case 0:
            at = chance.randrange(len(tree))
            line = json.loads(tree[at])
            tree[at] = json.dumps({**line, "hash": _flipped(chance, line["hash"])}).encode()
        case 1:
            at = chance.randrange(len(events))
            line = json.loads(events[at])
            name = chance.choice(("position", "recorded_at", "effective_at", "version", "stream", "topic", "state"))
            line[name] = {"stream": str(UUID(int=99)), "topic": "counter.lowered", "state": "e30="}.get(name) or line[name] + 1
            events[at] = json.dumps(line).encode()
        case 2:
            del events[chance.randrange(len(events))]
        case 3:
            events.insert(chance.randint(0, len(events)), chance.choice(events))
        case 4:
            about = json.loads(files["bundle.json"])
            about["positions"] = [first - 1, last] if first > 1 else [first, last + 1]
            files["bundle.json"] = json.dumps(about).encode()
        case 5:
            other = SigningKey.generate(ORIGIN)
            files["checkpoint"] = (files["checkpoint"].decode().partition("\n\n")[0] + "\n\n" + other.line("x\n")).encode()
            files["keys"] = f"{other.verifier}\n".encode()
    files |= {"events.jsonl": b"\n".join(events), "tree.jsonl": b"\n".join(tree)}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    assert verify(made.getvalue(), known).code == 1, seed


def test_what_a_bundle_hides_behind_true_nodes_is_not_accepted(log: Witnessed):
    """A node above an event that is given instead of being computed from it."""
    row = list(ROWS[4])
    row[5] = b'{"by":9}'
    forged = leaf_of(tuple(row))
    bundle = log.bundle([tuple(row)])
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    lines = [json.loads(line) for line in files["tree.jsonl"].splitlines()]
    lines = [line for line in lines if (line["level"], line["index"]) != (0, 4)]
    lines.append({"level": 0, "index": 4, "hash": base64.b64encode(forged).decode()})
    node = log.tiles.nodes(EVENTS)
    lines += [{"level": level, "index": 4 >> level, "hash": base64.b64encode(node(level, 4 >> level)).decode()} for level in range(1, 7)]
    files["tree.jsonl"] = "\n".join(json.dumps(line) for line in lines).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    assert verify(made.getvalue(), _known(log)).code == 1


def test_the_verifier_of_a_bundle_runs_where_there_is_no_concord_and_no_network(log: Witnessed, tmp_path: Path):
    bundle = tmp_path / "bundle"
    with zipfile.ZipFile(io.BytesIO(log.bundle(ROWS[:9], positions=(1, 9), sizes=[33]))) as archive:
        archive.extractall(bundle)
    (tmp_path / "kept").write_bytes(log.notes[33])
    (tmp_path / "proof.json").write_text(json.dumps(_inclusion(log, 5, 64)))
    key = ("--key", str(log.key.verifier))
    for arguments, said in (
        ((*key, "--checkpoint", "kept"), "Nothing is missing of positions 1 to 9."),
        ((), "9 events are byte for byte what concord.example/proofs/acme recorded there"),
        (("proof.json", *key), "recorded at position 5, of 64 events"),
    ):
        done = run_alone(tmp_path, bundle / "verify.py", *arguments)
        assert (done.returncode, done.stderr) == (0, ""), done
        assert said in done.stdout
    assert run_alone(tmp_path, bundle / "verify.py", "proof.json").returncode == 2
    (bundle / "tree.jsonl").unlink()
    assert run_alone(tmp_path, bundle / "verify.py", *key).returncode == 2
