"""The tree as tiles in a folder (c2sp.org/tlog-tiles): read for proofs, and grown by adding leaf hashes at its right edge.

A tile is up to 256 hashes of one level, 32 bytes each: leaf hashes on level 0, on each further level the roots of full tiles of the
level below. A full tile never changes; of one that is not full yet there is a file for each width at which it was published.
"""

from __future__ import annotations

import contextlib
import shutil
from hashlib import sha256
from pathlib import Path
from struct import Struct

from infra.proofs import durable
from infra.proofs.merkle import HASH, Node, consistency, inclusion, root

WIDTH = 256
"""Hashes of a full tile."""
FULL = WIDTH * HASH
_PAIR = Struct(f"{2 * HASH}s")


class TilesDamaged(Exception):  # noqa: N818  names what was found
    """A tile that the tree needs is missing, or not as long as it should be."""


def spelt(number: int) -> str:
    """1234067 is `x001/x234/067`."""
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03}")
    return "/".join(reversed(groups))


def tile_path(level: int, number: int, width: int = WIDTH) -> str:
    """Where a tile lies below its folder."""
    return f"tile/{level}/{spelt(number)}" + (f".p/{width}" if width < WIDTH else "")


def width_at(size: int, level: int) -> int:
    """How many hashes the last tile of a level has in a tree of `size` leaves, if it is not full; 0: there is no such tile."""
    return (size >> 8 * level) % WIDTH


def top(tile: bytes) -> bytes:
    """The hash over all hashes of a tile, or of a part of one whose width is a power of two."""
    while len(tile) > HASH:
        tile = b"".join([sha256(b"\1" + pair).digest() for (pair,) in _PAIR.iter_unpack(tile)])
    return tile


class Tiles:
    """The tree in a folder, as far as it was grown. Every method raises TilesDamaged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def root(self, size: int) -> bytes:
        return root(size, self.nodes(size))

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """See `merkle.inclusion`."""
        return inclusion(index, size, self.nodes(size))

    def consistency(self, old: int, new: int) -> list[bytes]:
        """See `merkle.consistency`."""
        return consistency(old, new, self.nodes(new))

    def leaves(self, first: int, last: int, size: int) -> bytes:
        """The leaf hashes [first, last) of the tree of `size` leaves, one after the other; those that lead to its root."""
        numbers, vouched = range(first // WIDTH, -(-last // WIDTH)), set[tuple[int, int]]()
        tiles = [self._vouched(0, number, size, vouched) for number in numbers]
        start = first // WIDTH * WIDTH
        return b"".join(tiles)[(first - start) * HASH : (last - start) * HASH]

    def nodes(self, size: int) -> Node:
        """The nodes of the tree of `size` leaves; each tile is read once."""
        known: dict[tuple[int, int], bytes] = {}

        def node(level: int, index: int) -> bytes:
            height = level % 8
            first = index << height
            place = level // 8, first // WIDTH
            if place not in known:
                known[place] = self.tile(*place, size)
            at = first % WIDTH * HASH
            return top(known[place][at : at + (HASH << height)])

        return node

    def tile(self, level: int, number: int, size: int) -> bytes:
        """A tile as it is in the tree of `size` leaves."""
        width = min(WIDTH, (size >> 8 * level) - number * WIDTH)
        found = self._read(tile_path(level, number))
        if found is None and width < WIDTH:
            found = self._read(tile_path(level, number, width)) or self._wider(level, number, width)
            # it may have been filled just now, and its parts removed
            found = found or self._read(tile_path(level, number))
        if found is None or len(found) < width * HASH:
            raise TilesDamaged(f"{tile_path(level, number, width)} is missing or cut short in {self.folder}")
        return found[: width * HASH]

    def _vouched(self, level: int, number: int, size: int, known: set[tuple[int, int]]) -> bytes:
        """A tile, if the one above has its hash, and so on up to one that is not full; of those the root is made."""
        tile = self.tile(level, number, size)
        if len(tile) == FULL and (level, number) not in known:
            above = self._vouched(level + 1, number // WIDTH, size, known)
            if top(tile) != above[number % WIDTH * HASH :][:HASH]:
                raise TilesDamaged(f"{tile_path(level, number)} is not the one that the tree was made of in {self.folder}")
            known.add((level, number))
        return tile

    def _wider(self, level: int, number: int, width: int) -> bytes | None:
        folder = self.folder / f"{tile_path(level, number)}.p"
        widths = sorted(int(file.name) for file in folder.iterdir() if file.name.isdecimal()) if folder.is_dir() else []
        return next((self._read(tile_path(level, number, found)) for found in widths if found > width), None)

    def _read(self, path: str) -> bytes | None:
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / path).read_bytes()
        return None


class Growth:
    """Adds leaves to the tree of `size` leaves in a folder. Raises TilesDamaged if its right edge is not there.

    Nothing is durable before `finish`. What is grown again in the same way leaves the same files.
    """

    def __init__(self, folder: Path, size: int = 0) -> None:
        self._tiles = Tiles(folder)
        self.size = size
        self._edge: list[bytes] = []
        for level in range(-(-size.bit_length() // 8)):
            width = width_at(size, level)
            self._edge.append(self._tiles.tile(level, size >> 8 * (level + 1), size) if width else b"")
        self._put: list[Path] = []
        self._filled: list[Path] = []

    @property
    def root(self) -> bytes:
        """The root over all leaves so far: whatever it is made of lies in the last tile of its level."""

        def node(level: int, index: int) -> bytes:
            at = (index << level % 8) % WIDTH * HASH
            return top(self._edge[level // 8][at : at + (HASH << level % 8)])

        return root(self.size, node)

    def add(self, leaves: bytes) -> None:
        """Add leaf hashes, one after the other."""
        count, level = len(leaves) // HASH, 0
        while leaves:
            if level == len(self._edge):
                self._edge.append(b"")
            number = self.size >> 8 * (level + 1)
            leaves = self._edge[level] + leaves
            full = len(leaves) - len(leaves) % FULL
            tiles = [leaves[at : at + FULL] for at in range(0, full, FULL)]
            for offset, tile in enumerate(tiles):
                self._write(tile_path(level, number + offset), tile)
                self._filled.append(self._tiles.folder / f"{tile_path(level, number + offset)}.p")
            self._edge[level] = leaves[full:]
            leaves = b"".join(map(top, tiles))
            level += 1
        self.size += count
        if len(self._put) > WIDTH:
            self._settle()

    def finish(self) -> None:
        """Write the last tile of each level, and make everything durable."""
        for level, edge in enumerate(self._edge):
            if edge:
                self._write(tile_path(level, self.size >> 8 * (level + 1), len(edge) // HASH), edge)
        self._settle()

    def tidy(self) -> None:
        """Remove the parts of tiles that are full now; once a checkpoint needs the full ones, none needs those."""
        for parts in self._filled:
            shutil.rmtree(parts, ignore_errors=True)
        self._filled.clear()

    def _settle(self) -> None:
        durable.settle(self._put)
        self._put.clear()

    def _write(self, path: str, tile: bytes) -> None:
        place = self._tiles.folder / path
        durable.put(place, tile)
        self._put.append(place)
