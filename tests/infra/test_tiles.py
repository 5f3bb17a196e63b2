"""The tree as tiles in a folder: laid out as the specification says, grown in any steps, and proving what the whole tree proves."""

from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.proofs import merkle
from infra.proofs.tiles import Growth, Tiles, TilesDamaged, spelt, tile_path

LEAVES = [sha256(b"leaf %d" % n).digest() for n in range(70_000)]


@cache
def tree(level, index):
    return merkle.parent(tree(level - 1, 2 * index), tree(level - 1, 2 * index + 1)) if level else LEAVES[index]


def grown(folder, *sizes):
    size = 0
    for until in sizes:
        growth = Growth(folder, size)
        growth.add(b"".join(LEAVES[size:until]))
        growth.finish()
        growth.tidy()
        size = until
    return Tiles(folder)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """The tree of the specification's example, grown in three steps."""
    return grown(tmp_path_factory.mktemp("large"), 300, 65_536, 70_000)


def test_a_tiles_number_is_spelt_in_groups_of_three_digits():
    assert [spelt(n) for n in (0, 67, 999, 1000, 1234067)] == ["000", "067", "999", "x001/000", "x001/x234/067"]
    assert tile_path(1, 1234067, 7) == "tile/1/x001/x234/067.p/7"


def test_seventy_thousand_leaves_are_the_tiles_that_the_specification_names(large):
    files = {str(path.relative_to(large.folder)): path.stat().st_size for path in large.folder.rglob("*") if path.is_file()}
    expected = {tile_path(0, number): 8192 for number in range(273)}
    expected |= {tile_path(0, 273, 112): 112 * 32, tile_path(1, 0): 8192, tile_path(1, 1, 17): 17 * 32, tile_path(2, 0, 1): 32}
    assert files == expected


def test_a_tree_of_exactly_one_tile_has_it_full_and_one_hash_above(tmp_path):
    tiles = grown(tmp_path, 256)
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert files == ["tile/0/000", "tile/1/000.p/1"]
    assert tiles.root(256) == merkle.root(256, tree)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 65_535, 65_536, 65_537, 69_999, 70_000])
def test_roots_and_proofs_from_tiles_are_those_of_the_whole_tree(large, size):
    assert large.root(size) == merkle.root(size, tree)
    for index in {0, size // 3, size - 1}:
        proof = large.inclusion(index, size)
        assert proof == merkle.inclusion(index, size, tree)
        assert merkle.verify_inclusion(index, size, LEAVES[index], proof, large.root(size))
    assert large.consistency(size, 70_000) == merkle.consistency(size, 70_000, tree)


@settings(max_examples=40)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=5))
def test_however_it_is_grown_the_tree_is_the_same(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("grown")
    sizes = [sum(steps[: n + 1]) for n in range(len(steps))]
    tiles = grown(folder, *sizes)
    assert Growth(folder, sizes[-1]).root == tiles.root(sizes[-1]) == merkle.root(sizes[-1], tree)
    # every size that was once published can still be proven to be its beginning
    for old in sizes:
        proof = tiles.consistency(old, sizes[-1])
        assert merkle.verify_consistency(old, sizes[-1], merkle.root(old, tree), tiles.root(sizes[-1]), proof)
    assert tiles.leaves(sizes[0] - 1, sizes[-1], sizes[-1]) == b"".join(LEAVES[sizes[0] - 1 : sizes[-1]])


def test_growing_again_after_a_crash_leaves_the_same_files(tmp_path):
    grown(tmp_path / "once", 200, 600)
    grown(tmp_path / "twice", 200)
    crashed = Growth(tmp_path / "twice", 200)
    crashed.add(b"".join(LEAVES[200:530]))  # neither finished nor published
    growth = Growth(tmp_path / "twice", 200)
    growth.add(b"".join(LEAVES[200:600]))
    growth.finish()
    growth.tidy()
    once, twice = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()}
        for name in ("once", "twice")
    )
    assert once == twice


def test_a_tile_that_is_missing_or_cut_short_is_told(tmp_path):
    grown(tmp_path, 300)
    part = tmp_path / tile_path(0, 1, 44)
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(TilesDamaged, match=r"tile/0/001\.p/44"):
        Growth(tmp_path, 300)
    part.unlink()
    with pytest.raises(TilesDamaged, match=r"tile/0/001\.p/44"):
        Tiles(tmp_path).root(300)


def test_whoever_may_look_at_the_folder_may_read_every_tile(tmp_path):
    grown(tmp_path / "public", 600)
    for path in (tmp_path / "public").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)
