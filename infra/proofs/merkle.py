"""The Merkle tree of RFC 6962 and RFC 9162 section 2.1, over SHA-256: root, proofs, and their verification.

Nothing but the standard library, and no storage: a tree is a function `node(level, index)` that gives the hash over the leaves
[index * 2**level, (index + 1) * 2**level), all of which are there. Leaf 0 is the first. A hash is 32 bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

HASH = 32
EMPTY = sha256().digest()
"""The root of the tree without leaves."""

Node = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry), RFC 9162 section 2.1.1."""
    return sha256(b"\0" + entry).digest()


def parent(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right), RFC 9162 section 2.1.1."""
    return sha256(b"\1" + left + right).digest()


def over(leaves: Sequence[bytes]) -> Node:
    """The nodes above leaf hashes that are all at hand."""

    def node(level: int, index: int) -> bytes:
        if not level:
            return leaves[index]
        return parent(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return node


def root(size: int, node: Node) -> bytes:
    """The root of the tree over the first `size` leaves. Raises ValueError if `size` is negative."""
    if size < 0:
        raise ValueError("a tree has no less than 0 leaves")
    return _range(0, size, node) if size else EMPTY


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """The proof that leaf `index` is in the tree of `size` leaves, from the leaf upwards (PATH, RFC 9162 section 2.1.3.1).

    Raises ValueError if it is not.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    return [_range(low, high, node) for low, high in _path(index, 0, size)]


def consistency(old: int, new: int, node: Node) -> list[bytes]:
    """The proof that the tree of `new` leaves begins with that of `old` leaves (PROOF, RFC 9162 section 2.1.4.1).

    Empty where they are the same. Raises ValueError unless 0 < old <= new: nothing can be proven of a tree without leaves.
    """
    if not 0 < old <= new:
        raise ValueError(f"no proof leads from a tree of {old} leaves to one of {new}")
    return [_range(low, high, node) for low, high in _subproof(old, 0, new, whole=True)]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that the leaf hash is leaf `index` of the tree with this size and root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size or not _hashes(leaf, root, *proof):
        return False
    at, last, found = index, size - 1, leaf
    for sibling in proof:
        if not last:
            return False
        if at & 1 or at == last:
            found = parent(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = parent(found, sibling)
        at, last = at >> 1, last >> 1
    return not last and found == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the new tree begins with the old one (RFC 9162 section 2.1.4.2).

    Trees of the same size are consistent if their roots are equal, without a proof. Of an empty tree nothing can be shown.
    """
    if old == new > 0:
        return not proof and old_root == new_root
    if not 0 < old < new or not _hashes(old_root, new_root, *proof):
        return False
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if not last:
            return False
        if at & 1 or at == last:
            before, after = parent(sibling, before), parent(sibling, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = parent(after, sibling)
        at, last = at >> 1, last >> 1
    return not last and before == old_root and after == new_root


def _range(low: int, high: int, node: Node) -> bytes:
    """The root over the leaves [low, high); every range that RFC 9162's splits lead to begins at a multiple of its whole trees."""
    size = high - low
    level = (size - 1).bit_length()
    if size == 1 << level:
        return node(level, low >> level)
    middle = low + (1 << level - 1)
    return parent(node(level - 1, low >> level - 1), _range(middle, high, node))


def _split(low: int, high: int) -> int:
    """Where a tree of at least two leaves is divided: after the largest power of two that is smaller than it."""
    return low + (1 << (high - low - 1).bit_length() - 1)


def _path(index: int, low: int, high: int) -> Iterator[tuple[int, int]]:
    if high - low == 1:
        return
    middle = _split(low, high)
    if index < middle:
        yield from _path(index, low, middle)
        yield middle, high
    else:
        yield from _path(index, middle, high)
        yield low, middle


def _subproof(old: int, low: int, high: int, *, whole: bool) -> Iterator[tuple[int, int]]:
    if old == high:
        if not whole:
            yield low, high
        return
    middle = _split(low, high)
    if old <= middle:
        yield from _subproof(old, low, middle, whole=whole)
        yield middle, high
    else:
        yield from _subproof(old, middle, high, whole=False)
        yield low, middle


def _hashes(*values: bytes) -> bool:
    return all(len(value) == HASH for value in values)
