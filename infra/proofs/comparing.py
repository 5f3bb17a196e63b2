"""Comparing a tenant's log as it stands in the database with what was published of it: each event with its leaf.

Where the published tiles are still those that were signed, an event that was altered, moved, put in or taken out is named by its
position. Where tiles and log were replaced together, the first of the checkpoints that does not fit tells between which positions.

The hashes are computed here, not by the database, whose functions its superuser may replace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from psycopg import Connection, sql

from infra.database import Tenant
from infra.event_store.loader import COLUMNS, Row
from infra.proofs.checkpoints import opened
from infra.proofs.leaves import leaf_of
from infra.proofs.merkle import HASH, parent
from infra.proofs.notes import VerifierKey
from infra.proofs.positions import Range, count, joined, named
from infra.proofs.published import Published

_AT_ONCE = 4096


_CHECKPOINTS = 1000
"""Of how many of the earlier checkpoints it is looked whether the published tree leads to them."""


class Difference(NamedTuple):
    """What does not fit, and the closed range of positions within which it lies."""

    first: int
    last: int
    what: str


def places(found: Iterable[Difference]) -> list[Range]:
    """Between which positions it lies, as rising ranges."""
    return joined((one.first, one.last) for one in found)


def differ(found: Sequence[Range]) -> str:
    """Ranges in words, of which there is one at least: `positions 3, 7-9 and 14 differ`."""
    return f"{named(found)} {'differs' if count(found) == 1 else 'differ'}"


def rows(connection: Connection[Any], tenant: Tenant) -> Iterator[Row]:
    """Every event of the log by position, a part at a time. `connection` must not be in autocommit: it stands at one moment."""
    with connection.cursor(name="log", binary=True) as cursor:
        cursor.itersize = _AT_ONCE
        query = sql.SQL("SELECT {} FROM {}.events ORDER BY position, stream, version")
        yield from cursor.execute(query.format(sql.SQL(COLUMNS), sql.Identifier(tenant.schema)))


def compare(
    connection: Connection[Any], tenant: Tenant, published: Published, keys: Sequence[VerifierKey] = (), *, most: int | None = _AT_ONCE
) -> tuple[int, list[Difference]]:
    """(how many events are signed, what does not fit: `most` places of it, None: all), by the keys given, or those published.

    Raises LookupError where nothing is published, NoteRejected for a checkpoint that none of the keys signed, TilesDamaged.
    """
    note = published.checkpoint()
    if note is None:
        raise LookupError(f"{published.folder} holds no checkpoint")
    signed, tree = opened(note, keys or published.keys()), published.tree
    sizes = [size for size in published.sizes() if size < signed.size]
    roots = [(signed.size, signed.root)]
    notes = [note for size in sizes[:: len(sizes) // _CHECKPOINTS + 1] if (note := published.checkpoint(size)) is not None]
    roots += [(earlier.size, earlier.root) for earlier in (opened(note, keys or published.keys()) for note in notes)]

    def leaves(first: int, last: int) -> bytes:
        return tree.leaves(first, last, signed.size)

    found = list(islice(differences(rows(connection, tenant), leaves, signed.size), most))
    replaced = first_contradiction(_each(leaves, signed.size), roots)
    return signed.size, [*([replaced] if replaced else []), *found]


def _each(leaves: Callable[[int, int], bytes], size: int) -> Iterator[bytes]:
    for start in range(0, size, _AT_ONCE):
        part = leaves(start, min(size, start + _AT_ONCE))
        yield from (part[at : at + HASH] for at in range(0, len(part), HASH))


def differences(found: Iterable[Row], leaves: Callable[[int, int], bytes], size: int) -> Iterator[Difference]:
    """Each place where the log differs from the published leaf hashes, in order of positions.

    `leaves(first, last)`: the published hashes [first, last), one after the other, of a tree of `size`. Positions behind `size` have
    none yet: of those, only gaps are told.
    """
    expected, start, published = 1, 0, b""
    for row in found:
        position = row[0]
        if position < expected:
            yield Difference(position, position, "an event was put in beside the one that was recorded there")
            continue
        if position > expected:
            yield Difference(expected, position - 1, _removed(expected, position - 1))
        if position <= size:
            at = position - 1
            if not start <= at < start + len(published) // HASH:
                start = at
                published = leaves(start, min(size, start + _AT_ONCE))
            if leaf_of(row) != published[(at - start) * HASH : (at - start + 1) * HASH]:
                yield Difference(position, position, "the event is not the one that was recorded there: it was altered, moved or put in")
        expected = position + 1
    if expected <= size:
        yield Difference(expected, size, f"{_removed(expected, size)} from the end of the log")


def _removed(first: int, last: int) -> str:
    return "this event was removed" if first == last else "these events were removed"


def first_contradiction(leaves: Iterable[bytes], roots: Iterable[tuple[int, bytes]]) -> Difference | None:
    """Of the signed roots by size, the first to which the leaf hashes do not lead, and between which positions that is decided."""
    stream, good = iter(leaves), 0
    peaks: list[tuple[int, bytes]] = []
    for size, root in sorted(roots):
        for _ in range(size - sum(1 << level for level, _ in peaks)):
            leaf = next(stream, None)
            if leaf is None:
                return Difference(good + 1, size, "fewer events were published than were signed")
            level = 0
            while peaks and peaks[-1][0] == level:
                leaf, level = parent(peaks.pop()[1], leaf), level + 1
            peaks.append((level, leaf))
        if size and _bagged(peaks) != root:
            return Difference(good + 1, size, "what was published is not what was signed")
        good = size
    return None


def _bagged(peaks: list[tuple[int, bytes]]) -> bytes:
    """The root over whole trees that get smaller from left to right."""
    *rest, (_, found) = peaks
    for _, peak in reversed(rest):
        found = parent(peak, found)
    return found
