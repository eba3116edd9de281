"""The tree is that of RFC 6962: roots, inclusion, consistency, at every size and tile border."""

import hashlib
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from highroad.domain.error import LedgerError
from highroad.domain.proof import TILE
from highroad.ledger.proof import merkle, paths
from highroad.ledger.proof.merkle import (
    EMPTY,
    HASH,
    RightEdge,
    is_consistent,
    is_included,
    leaf_hash,
)
from highroad.testing import MemoryStore

INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""Leaves and roots of certificate-transparency's own tests of RFC 6962."""
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
BORDERS = [255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537]


@cache
def leaf(number):
    return leaf_hash(str(number).encode())


@cache
def root_of(low, high):
    """RFC 6962, section 2.1, word for word."""
    count = high - low
    if count == 0:
        return hashlib.sha256().digest()
    if count == 1:
        return leaf(low)
    k = 1
    while k * 2 < count:
        k *= 2
    left, right = root_of(low, low + k), root_of(low + k, high)
    return hashlib.sha256(b"\x01" + left + right).digest()


def grown(size, *, steps=()):
    """A tree of `size` leaves that grew step by step, and all tiles that it gave on the way."""
    edge, tiles = RightEdge("log"), {}
    for until in (*steps, size):
        edge.extend(leaf(number) for number in range(edge.size, until))
        tiles |= {(tile.level, tile.position): tile for tile in edge.unstored()}
        edge.stored()
    return edge, tiles


@pytest.fixture
def stored():
    """Stores a tree of `size` leaves."""

    async def store(size, *, steps=()):
        ledger = MemoryStore()
        _, tiles = grown(size, steps=steps)
        ledger.ledger.tiles = {("log", *key): tile for key, tile in tiles.items()}
        return ledger.proofs

    return store


@pytest.mark.promise("P12")
@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size):
    edge = RightEdge("log")
    edge.extend(map(leaf_hash, INPUTS[:size]))
    assert edge.root().hex() == ROOTS[size]


@pytest.mark.promise("P12")
@pytest.mark.parametrize("size", [*range(20), *BORDERS])
def test_the_root_of_any_size_is_that_of_the_definition(size):
    edge, _ = grown(size)
    assert edge.root() == root_of(0, size)


@given(st.lists(st.integers(0, 1_200), max_size=5), st.integers(0, 1_200))
@settings(max_examples=50)
def test_growing_by_steps_gives_the_same_tree_and_tiles(steps, size):
    steps = sorted(step for step in steps if step <= size)
    edge, tiles = grown(size, steps=steps)
    whole, at_once = grown(size)
    assert edge.root() == whole.root() == root_of(0, size)
    assert tiles == at_once


def test_tiles_hold_complete_nodes_only_and_all_of_them():
    _, tiles = grown(65_537 + 300)
    sizes = {key: len(tile.hashes) // HASH for key, tile in tiles.items()}
    lengths = {
        level: sum(count for (at, _), count in sizes.items() if at == level) for level in range(3)
    }
    assert lengths == {0: 65_837, 1: 257, 2: 1}
    assert max(sizes.values()) == TILE
    assert tiles[1, 0].hashes[:HASH] == root_of(0, 256)
    assert tiles[2, 0].hashes == root_of(0, 65_536)


def test_what_could_not_be_stored_is_given_again():
    edge = RightEdge("log")
    edge.extend(map(leaf, range(300)))
    first = edge.unstored()
    edge.extend(map(leaf, range(300, 301)))
    again = edge.unstored()
    assert again[0] == first[0]
    assert len(again[1].hashes) == len(first[1].hashes) + HASH
    edge.stored()
    assert edge.unstored() == []


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 700, 65_536, 65_537])
async def test_a_tree_goes_on_from_its_stored_right_edge(size, stored):
    edge = await paths.read_edge(await stored(size), "log", size)
    edge.extend(map(leaf, range(size, size + 300)))
    assert edge.root() == root_of(0, size + 300)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 255, 256, 257, 600, 65_537])
async def test_roots_of_earlier_sizes_come_from_tiles(size, stored):
    store = await stored(65_800 if size > 60_000 else 700)
    assert await paths.root(store, "log", size) == root_of(0, size)


@pytest.mark.promise("P12")
@given(st.data())
@settings(max_examples=40)
async def test_inclusion_is_proved_and_nothing_else_is(data):
    size = data.draw(st.sampled_from([1, 2, 3, 5, 8, 13, 255, 256, 257, 513, 700]))
    index = data.draw(st.integers(0, size - 1))
    store = MemoryStore()
    store.ledger.tiles = {("log", *key): tile for key, tile in grown(700)[1].items()}
    proof = await paths.inclusion(store.proofs, "log", index=index, size=size)
    facts = {"index": index, "size": size, "proof": proof, "root": root_of(0, size)}
    assert is_included(leaf(index), **facts)
    assert not is_included(leaf(index + 1), **facts)
    assert not is_included(leaf(index), **facts | {"root": root_of(0, size + 1)})
    assert not is_included(leaf(index), **facts | {"proof": [*proof, EMPTY]})
    assert not is_included(leaf(index), **facts | {"index": size})
    if proof:
        assert not is_included(leaf(index), **facts | {"proof": proof[:-1]})
        assert not is_included(leaf(index), **facts | {"index": (index + 1) % size})
        forged = [*proof[:-1], bytes(HASH)]
        assert not is_included(leaf(index), **facts | {"proof": forged})


@pytest.mark.promise("P12")
@given(st.data())
@settings(max_examples=40)
async def test_consistency_is_proved_and_nothing_else_is(data):
    second = data.draw(st.sampled_from([0, 1, 2, 3, 6, 7, 8, 255, 256, 257, 512, 700]))
    first = data.draw(st.integers(0, second))
    store = MemoryStore()
    store.ledger.tiles = {("log", *key): tile for key, tile in grown(700)[1].items()}
    proof = await paths.consistency(store.proofs, "log", first=first, second=second)
    facts = {
        "first": first,
        "first_root": root_of(0, first),
        "second": second,
        "second_root": root_of(0, second),
        "proof": proof,
    }
    assert is_consistent(**facts)
    assert not is_consistent(**facts | {"first_root": bytes(HASH)})
    assert not is_consistent(**facts | {"proof": [*proof, EMPTY]})
    assert not is_consistent(**facts | {"first": second + 1})
    if first:
        assert not is_consistent(**facts | {"second_root": bytes(HASH)})
    if proof:
        assert not is_consistent(**facts | {"proof": proof[:-1]})
        assert not is_consistent(**facts | {"proof": [bytes(HASH), *proof[1:]]})


@pytest.mark.promise("P12")
def test_the_proofs_of_the_rfcs_own_example():
    """RFC 6962, section 2.1.3: seven leaves."""
    spans = [[(part.start, part.stop) for part in merkle.inclusion(at, 7)] for at in (0, 3, 4, 6)]
    assert spans == [
        [(1, 2), (2, 4), (4, 7)],
        [(2, 3), (0, 2), (4, 7)],
        [(5, 6), (6, 7), (0, 4)],
        [(4, 6), (0, 4)],
    ]
    spans = [[(part.start, part.stop) for part in merkle.consistency(n, 7)] for n in (3, 4, 6)]
    assert spans == [
        [(2, 3), (3, 4), (0, 2), (4, 7)],
        [(4, 7)],
        [(4, 6), (6, 7), (0, 4)],
    ]


async def test_a_proof_reads_few_tiles(stored):
    store = await stored(65_800)
    asked = []
    read = store.tiles

    async def counted(log_id, level, **page):
        asked.append((level, page["first"]))
        return await read(log_id, level, **page)

    store.tiles = counted
    await paths.inclusion(store, "log", index=300, size=65_700)
    assert len(asked) == len(set(asked)) <= 5


@pytest.mark.parametrize("position", [0, 2])
async def test_a_tile_that_is_missing_or_cut_is_told(position):
    store = MemoryStore()
    _, tiles = grown(700)
    tiles[0, position] = replace(tiles[0, position], hashes=tiles[0, position].hashes[:-HASH])
    store.ledger.tiles = {("log", *key): tile for key, tile in tiles.items()}
    with pytest.raises(LedgerError, match="highroad audit verify"):
        await paths.inclusion(store.proofs, "log", index=254 if position == 0 else 698, size=700)
    with pytest.raises(LedgerError, match="highroad audit verify"):
        await paths.root(store.proofs, "log", 1_000)


async def test_proofs_of_what_is_not_there_are_refused(stored):
    store = await stored(10)
    with pytest.raises(LedgerError, match="no entry 10"):
        await paths.inclusion(store, "log", index=10, size=10)
    with pytest.raises(LedgerError, match="shrink"):
        await paths.consistency(store, "log", first=5, second=4)
