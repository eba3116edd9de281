"""Where the proof of a ledger lives: tiles, signed heads, what anchors have."""

import json

import pytest

from highroad.domain.entry import Fence
from highroad.domain.error import FenceLost
from highroad.domain.proof import RawEntry, SignedHead, Tile, TreeHead, read_head
from highroad.ports.proofs import LogExtent
from highroad.ports.store import Store
from highroad.testing.contracts.store.ground import Ground, OpenStore
from highroad.testing.contracts.store.samples import NOW, intent, noted


def head(number: int, log_id: str, *, size: int = 1) -> SignedHead:
    """A head as far as a store looks at one."""
    statement = {
        "at": NOW,
        "key": "0" * 16,
        "number": number,
        "trees": [{"log": log_id, "root": "ab" * 32, "size": size}],
    }
    return read_head(number, json.dumps(statement).encode(), b"\xffsigned")


def tile(log_id: str, position: int, *, level: int = 0, hashes: bytes = b"\x00" * 32) -> Tile:
    """A tile with one hash."""
    return Tile(log_id=log_id, level=level, position=position, hashes=hashes)


class ProvingContract(Ground):
    """What is stored of the proof, and under which fence."""

    async def test_a_ledger_has_a_name_that_stays(
        self, store: Store, other: Store, open_store: OpenStore
    ) -> None:
        """Every process knows it by the same one, today and later."""
        name = await store.proofs.ledger_id()
        assert name
        assert await other.proofs.ledger_id() == name
        await store.close()
        again = open_store()
        assert await again.proofs.ledger_id() == name
        await again.close()

    async def test_the_extent_of_a_log_grows_with_its_entries(
        self, store: Store, fence: Fence
    ) -> None:
        """Also of a log that has none yet."""
        (empty,) = await store.proofs.extents()
        assert empty == LogExtent(log_id=fence.log_id, first=0, size=0)
        await store.append([intent("call_1"), noted()], fence=fence)
        (extent,) = await store.proofs.extents()
        assert extent == LogExtent(log_id=fence.log_id, first=0, size=2)

    async def test_entries_are_given_as_they_lie_there(self, store: Store, fence: Fence) -> None:
        """Page by page, with their exact bytes; nothing of another log."""
        first, second = intent("call_1"), noted()
        await store.append([first, second, noted()], fence=fence)
        expected = [
            RawEntry(seq, e.schema, e.kind, e.organization, e.run_id, e.call_id, e.at_ms, e.body)
            for seq, e in enumerate([first, second, noted()])
        ]
        assert await store.proofs.raw(fence.log_id) == expected
        assert await store.proofs.raw(fence.log_id, first=1, limit=1) == expected[1:2]
        assert await store.proofs.raw(fence.log_id, first=3) == []
        assert await store.proofs.raw("log_elsewhere") == []

    @pytest.mark.usefixtures("fence")
    async def test_one_process_signs_until_it_is_gone(self, store: Store, other: Store) -> None:
        """Asking twice changes nothing, and the next owner follows."""
        assert await store.proofs.take_signing()
        assert await store.proofs.take_signing()
        await other.acquire(pid=2, at_ms=NOW)
        assert not await other.proofs.take_signing()
        await store.close()
        await other.acquire(pid=2, at_ms=NOW)
        assert await other.proofs.take_signing()

    async def test_a_head_is_given_back_word_for_word(
        self, store: Store, fence: Fence, other: Store
    ) -> None:
        """By number, page by page; every process sees it."""
        assert await store.proofs.last_head() is None
        heads = [head(number, fence.log_id, size=number) for number in range(3)]
        for made in heads:
            assert await store.proofs.sign(made, [], fence=fence)
        assert heads[1].trees == (TreeHead(log_id=fence.log_id, size=1, root=b"\xab" * 32),)
        assert await other.proofs.last_head() == heads[2]
        assert await other.proofs.heads() == heads
        assert await other.proofs.heads(after=0, limit=1) == [heads[1]]
        assert await other.proofs.heads(after=2) == []

    @pytest.mark.promise("P12")
    async def test_a_number_is_signed_once(self, store: Store, fence: Fence) -> None:
        """The second head of a number is turned down with its tiles, and the first one stays."""
        first, second = head(0, fence.log_id), head(0, fence.log_id, size=2)
        assert await store.proofs.sign(first, [tile(fence.log_id, 0)], fence=fence)
        longer = tile(fence.log_id, 0, hashes=bytes(64))
        assert not await store.proofs.sign(second, [longer], fence=fence)
        assert await store.proofs.heads() == [first]
        assert await store.proofs.tiles(fence.log_id, 0) == [tile(fence.log_id, 0)]

    @pytest.mark.promise("P12")
    async def test_an_older_fence_signs_nothing(self, store: Store, fence: Fence) -> None:
        """Nor does that of another ledger."""
        newer = await store.acquire(pid=1, at_ms=NOW)
        assert newer is not None
        for lost in (fence, Fence("log_elsewhere", newer.epoch)):
            with pytest.raises(FenceLost):
                await store.proofs.sign(head(0, fence.log_id), [tile(fence.log_id, 0)], fence=lost)
        assert await store.proofs.last_head() is None
        assert await store.proofs.tiles(fence.log_id, 0) == []
        assert await store.proofs.sign(head(0, fence.log_id), [], fence=newer)

    async def test_tiles_are_found_by_level_and_position(
        self, store: Store, fence: Fence, other: Store
    ) -> None:
        """In order, whatever order they came in."""
        tiles = [tile(fence.log_id, position) for position in (2, 0, 1)]
        above = tile(fence.log_id, 0, level=1)
        await store.proofs.sign(head(0, fence.log_id), [*tiles, above], fence=fence)
        found = await other.proofs.tiles(fence.log_id, 0)
        assert [each.position for each in found] == [0, 1, 2]
        assert await other.proofs.tiles(fence.log_id, 0, first=1, limit=1) == [tiles[2]]
        assert await other.proofs.tiles(fence.log_id, 1) == [above]
        assert await other.proofs.tiles(fence.log_id, 2) == []
        assert await other.proofs.tiles("log_elsewhere", 0) == []

    async def test_a_tile_gives_way_to_a_longer_one(self, store: Store, fence: Fence) -> None:
        """The last one of a level grows."""
        for number, hashes in enumerate((bytes(32), bytes(64))):
            await store.proofs.sign(
                head(number, fence.log_id),
                [tile(fence.log_id, 0, hashes=hashes)],
                fence=fence,
            )
        (longer,) = await store.proofs.tiles(fence.log_id, 0)
        assert longer.hashes == bytes(64)

    async def test_what_anchors_have_is_remembered(self, store: Store, other: Store) -> None:
        """Each by its name, the newest number."""
        assert await store.proofs.anchored() == {}
        await store.proofs.confirm("file:///a", 0)
        await store.proofs.confirm("file:///a", 3)
        await store.proofs.confirm("https://b", 1)
        assert await other.proofs.anchored() == {"file:///a": 3, "https://b": 1}
