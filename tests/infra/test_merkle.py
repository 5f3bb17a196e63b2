"""The Merkle tree: against RFC 9162's definitions written down naively, against published vectors, and against forgeries."""

import base64
import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.proofs import merkle

PUBLISHED = Path(__file__).resolve().parents[3] / "shared/data/vectors/rfc6962-merkle/testdata"
OURS = Path(__file__).parent / "merkle_vectors.json"
"""Made by `python -m tests.infra.test_merkle` from the naive definitions, so that a checkout alone has vectors too."""


def naive_root(entries):
    """MTH of RFC 9162 section 2.1.1, over the entries themselves."""
    if not entries:
        return sha256().digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = largest_power_below(len(entries))
    return sha256(b"\x01" + naive_root(entries[:k]) + naive_root(entries[k:])).digest()


def naive_path(m, entries):
    """PATH of section 2.1.3.1."""
    if len(entries) == 1:
        return []
    k = largest_power_below(len(entries))
    if m < k:
        return [*naive_path(m, entries[:k]), naive_root(entries[k:])]
    return [*naive_path(m - k, entries[k:]), naive_root(entries[:k])]


def naive_subproof(m, entries, b):
    """SUBPROOF of section 2.1.4.1; PROOF is SUBPROOF with b true."""
    if m == len(entries):
        return [] if b else [naive_root(entries)]
    k = largest_power_below(len(entries))
    if m <= k:
        return [*naive_subproof(m, entries[:k], b), naive_root(entries[k:])]
    return [*naive_subproof(m - k, entries[k:], False), naive_root(entries[:k])]


def largest_power_below(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def entries_of(size):
    return [f"entry {n}".encode() for n in range(size)]


def tree_over(entries):
    return merkle.over([merkle.leaf_hash(entry) for entry in entries])


@st.composite
def trees(draw):
    """A tree's entries, a leaf of it, and an older size of it."""
    entries = draw(st.lists(st.binary(max_size=6), min_size=1, max_size=70))
    index = draw(st.integers(0, len(entries) - 1))
    return entries, index, draw(st.integers(1, len(entries)))


def flipped(value, bit):
    changed = bytearray(value)
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    return bytes(changed)


@given(trees())
def test_roots_and_proofs_are_those_of_the_definitions(tree):
    entries, index, old = tree
    node, size = tree_over(entries), len(entries)
    assert merkle.root(size, node) == naive_root(entries)
    assert merkle.root(old, node) == naive_root(entries[:old])
    assert merkle.inclusion(index, size, node) == naive_path(index, entries)
    assert merkle.consistency(old, size, node) == naive_subproof(old, entries, True)


@given(trees())
def test_a_proof_of_what_is_so_holds(tree):
    entries, index, old = tree
    node, size = tree_over(entries), len(entries)
    assert merkle.verify_inclusion(index, size, merkle.leaf_hash(entries[index]), naive_path(index, entries), naive_root(entries))
    assert merkle.verify_consistency(old, size, naive_root(entries[:old]), naive_root(entries), merkle.consistency(old, size, node))


@given(trees(), st.integers(0, 255), st.data())
def test_a_forged_inclusion_never_holds(tree, bit, data):
    entries, index, _ = tree
    size, leaf, root, proof = len(entries), merkle.leaf_hash(entries[index]), naive_root(entries), naive_path(index, entries)
    assert not merkle.verify_inclusion(index, size, flipped(leaf, bit), proof, root)
    assert not merkle.verify_inclusion(index, size, leaf, proof, flipped(root, bit))
    assert not merkle.verify_inclusion(index, size, leaf, [*proof, leaf], root)
    assert not merkle.verify_inclusion(index, size, leaf, [leaf, *proof], root)
    assert not merkle.verify_inclusion(size, size, leaf, proof, root)
    assert not merkle.verify_inclusion(-1, size, leaf, proof, root)
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        assert not merkle.verify_inclusion(index, size, leaf, [*proof[:place], flipped(proof[place], bit), *proof[place + 1 :]], root)
        assert not merkle.verify_inclusion(index, size, leaf, [*proof[:place], *proof[place + 1 :]], root)
        assert not merkle.verify_inclusion(index, size, leaf, [*proof[:place], proof[place][:-1], *proof[place + 1 :]], root)
    elsewhere = data.draw(st.integers(0, size - 1))
    same = elsewhere == index or (naive_path(elsewhere, entries) == proof and entries[elsewhere] == entries[index])
    assert same or not merkle.verify_inclusion(elsewhere, size, leaf, proof, root)


@given(trees(), st.integers(0, 255), st.data())
def test_a_forged_consistency_never_holds(tree, bit, data):
    entries, _, old = tree
    size, proof = len(entries), naive_subproof(old, entries, True)
    before, after = naive_root(entries[:old]), naive_root(entries)
    assert not merkle.verify_consistency(old, size, flipped(before, bit), after, proof)
    assert not merkle.verify_consistency(old, size, before, flipped(after, bit), proof)
    assert not merkle.verify_consistency(old, size, before, after, [*proof, before])
    assert not merkle.verify_consistency(0, size, merkle.EMPTY, after, [])
    assert not merkle.verify_consistency(size + 1, size, before, after, proof)
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        assert not merkle.verify_consistency(old, size, before, after, [*proof[:place], flipped(proof[place], bit), *proof[place + 1 :]])
        assert not merkle.verify_consistency(old, size, before, after, [*proof[:place], *proof[place + 1 :]])
    # a log whose past was altered: no proof makes the old root begin the new tree
    altered = [*entries[: old - 1], entries[old - 1] + b"!", *entries[old:]]
    assert not merkle.verify_consistency(old, size, before, naive_root(altered), naive_subproof(old, altered, True))


def test_proofs_of_what_is_not_there_are_refused():
    node = tree_over(entries_of(4))
    for refused in (lambda: merkle.inclusion(4, 4, node), lambda: merkle.inclusion(-1, 4, node), lambda: merkle.root(-1, node)):
        with pytest.raises(ValueError):
            refused()
    for old in (0, 5, -1):
        with pytest.raises(ValueError, match=f"from a tree of {old} leaves"):
            merkle.consistency(old, 4, node)


def test_the_empty_tree_has_the_hash_of_nothing():
    assert merkle.root(0, tree_over([])).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def published(kind):
    if not PUBLISHED.is_dir():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"there is no {PUBLISHED}: only our own vectors are tried"))]
    files = sorted((PUBLISHED / kind).rglob("*.json"))
    return [pytest.param(file, id=str(file.relative_to(PUBLISHED / kind))) for file in files]


def decoded(case, *names):
    return [base64.b64decode(case[name] or "") for name in names], [base64.b64decode(h) for h in case["proof"] or ()]


@pytest.mark.parametrize("file", published("inclusion"))
def test_published_vectors_of_inclusion_are_decided_as_published(file):
    case = json.loads(file.read_text())
    (leaf, root), proof = decoded(case, "leafHash", "root")
    assert merkle.verify_inclusion(case["leafIdx"], case["treeSize"], leaf, proof, root) is not case["wantErr"]


@pytest.mark.parametrize("file", published("consistency"))
def test_published_vectors_of_consistency_are_decided_as_published(file):
    case = json.loads(file.read_text())
    (before, after), proof = decoded(case, "root1", "root2")
    assert merkle.verify_consistency(case["size1"], case["size2"], before, after, proof) is not case["wantErr"]


def test_our_own_vectors_are_decided_as_the_definitions_say():
    cases = json.loads(OURS.read_text())
    assert len(cases["inclusion"]) == len(cases["consistency"]) == 24
    for case in cases["inclusion"]:
        (leaf, root), proof = decoded(case, "leafHash", "root")
        assert merkle.verify_inclusion(case["leafIdx"], case["treeSize"], leaf, proof, root) is not case["wantErr"]
    for case in cases["consistency"]:
        (before, after), proof = decoded(case, "root1", "root2")
        assert merkle.verify_consistency(case["size1"], case["size2"], before, after, proof) is not case["wantErr"]


def make_vectors():
    """In the shape of the published ones; each true one beside the same with two hashes of the proof swapped."""

    def text(*values):
        return [base64.b64encode(value).decode() for value in values]

    made = {"inclusion": [], "consistency": []}
    for index, size in (
        (0, 2),
        (0, 8),
        (5, 8),
        (6, 7),
        (11, 12),
        (0, 13),
        (12, 13),
        (100, 255),
        (255, 256),
        (256, 257),
        (17, 999),
        (998, 999),
    ):
        entries = entries_of(size)
        leaf, root = text(merkle.leaf_hash(entries[index]), naive_root(entries))
        proof = text(*naive_path(index, entries))
        for wrong in (False, True):
            shown = [*proof[1:], leaf] if wrong else proof
            made["inclusion"].append({"leafIdx": index, "treeSize": size, "root": root, "leafHash": leaf, "proof": shown, "wantErr": wrong})
    for old, new in ((1, 2), (1, 8), (4, 8), (6, 8), (7, 8), (3, 7), (5, 13), (255, 257), (256, 257), (256, 512), (500, 999), (998, 999)):
        entries = entries_of(new)
        before, after = text(naive_root(entries[:old]), naive_root(entries))
        proof = text(*naive_subproof(old, entries, True))
        for wrong in (False, True):
            shown = [*proof[1:], before] if wrong else proof
            made["consistency"].append({"size1": old, "size2": new, "root1": before, "root2": after, "proof": shown, "wantErr": wrong})
    return made


if __name__ == "__main__":
    OURS.write_text(json.dumps(make_vectors(), indent=1) + "\n")
