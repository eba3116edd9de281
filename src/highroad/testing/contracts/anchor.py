"""The contract kit of `highroad.ports.anchor.Anchor`.

Derive a test class from `AnchorContract` and give it the fixture `open_anchor`:

    class TestMyAnchor(AnchorContract):
        @pytest.fixture
        def open_anchor(self, tmp_path):
            return lambda: MyAnchor(tmp_path / "heads")
"""

from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

import pytest

from highroad.ports.anchor import Anchor

OpenAnchor: TypeAlias = Callable[[], Anchor]

FIRST, SECOND, THIRD = (
    f'{{"signature":"0{number}","statement":"{{\\"note\\":\\"ä\\"}}"}}' for number in range(3)
)


def once(lines: list[str]) -> list[str]:
    """Each line where it first stood: an anchor may keep what was sent twice, or not."""
    return list(dict.fromkeys(lines))


@pytest.mark.anyio
class AnchorContract:
    """Every sentence of the port. Each time `open_anchor` is called, a process uses the anchor."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """The ledger runs on asyncio."""
        return "asyncio"

    @pytest.fixture
    def open_anchor(self) -> OpenAnchor:
        """A function that opens the same anchor, empty at first, as another process would."""
        raise NotImplementedError("give your test class a fixture `open_anchor`")

    @pytest.fixture
    async def anchor(self, open_anchor: OpenAnchor) -> AsyncIterator[Anchor]:
        """An empty anchor."""
        anchor = open_anchor()
        yield anchor
        await anchor.close()

    async def test_it_is_empty_at_first(self, anchor: Anchor) -> None:
        """Nothing is there before something is published."""
        assert list(await anchor.lines()) == []

    async def test_lines_come_back_word_for_word_in_order(self, anchor: Anchor) -> None:
        """However they were sent."""
        await anchor.publish([FIRST])
        await anchor.publish([SECOND, THIRD])
        assert list(await anchor.lines()) == [FIRST, SECOND, THIRD]

    async def test_what_was_published_outlives_the_process(
        self, anchor: Anchor, open_anchor: OpenAnchor
    ) -> None:
        """The next one adds behind it."""
        await anchor.publish([FIRST])
        await anchor.close()
        again = open_anchor()
        await again.publish([SECOND])
        assert list(await again.lines()) == [FIRST, SECOND]
        await again.close()

    async def test_publishing_twice_does_no_harm(self, anchor: Anchor) -> None:
        """A publisher that died before it was told sends the same lines again."""
        await anchor.publish([FIRST, SECOND])
        await anchor.publish([FIRST, SECOND, THIRD])
        assert once(list(await anchor.lines())) == [FIRST, SECOND, THIRD]

    async def test_two_histories_are_both_remembered(self, anchor: Anchor) -> None:
        """That a ledger was split shows only if the anchor keeps what contradicts itself."""
        other = FIRST.replace("ä", "ö")
        await anchor.publish([FIRST])
        await anchor.publish([other])
        assert list(await anchor.lines()) == [FIRST, other]

    async def test_its_name_is_the_same_each_time(
        self, anchor: Anchor, open_anchor: OpenAnchor
    ) -> None:
        """Under it the ledger remembers what it has."""
        assert anchor.name
        assert anchor.name == open_anchor().name

    async def test_closing_twice_is_safe(self, anchor: Anchor) -> None:
        """As everywhere."""
        await anchor.close()
        await anchor.close()
