"""The contract kit of `highroad.ports.channel.Channel`.

Derive a test class from `ChannelContract` and give it the fixtures `channel` and `heard`:

    class TestMyChannel(ChannelContract):
        @pytest.fixture
        def channel(self, server):
            return MyChannel(server.url)

        @pytest.fixture
        def heard(self, server):
            return lambda: server.bodies
"""

import json
from collections.abc import Callable, Sequence

import pytest

from highroad.domain.notice import Notice, NoticeKind
from highroad.ports.channel import Channel, ChannelError

NOTICE = Notice(
    kind=NoticeKind.ASKED,
    organization="acme",
    call_id="call_1",
    run_id="run_1",
    tool="refund",
    thread="call_1",
    approval_id="apr_1",
    digest="d" * 64,
    level="human",
    quorum=1,
    reasons=("More than 50 euros; grüßt.",),
    created_ms=1_000,
    expires_ms=2_000,
    links={"approve": "https://desk.example/answer#a.b"},
)


@pytest.mark.anyio
class ChannelContract:
    """Every sentence of the port."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """The ledger runs on asyncio."""
        return "asyncio"

    @pytest.fixture
    def channel(self) -> Channel:
        """A channel to somebody who hears what it tells."""
        raise NotImplementedError("give your test class a fixture `channel`")

    @pytest.fixture
    def heard(self) -> Callable[[], Sequence[str]]:
        """A function that gives what was heard, in order, as text."""
        raise NotImplementedError("give your test class a fixture `heard`")

    @pytest.fixture
    def deaf(self) -> Channel:
        """A channel to somebody who does not take what it tells."""
        raise NotImplementedError("give your test class a fixture `deaf`")

    async def test_what_is_told_is_there_when_it_returns(
        self, channel: Channel, heard: Callable[[], Sequence[str]]
    ) -> None:
        """With its ids, its reasons and its links."""
        await channel.announce(NOTICE)
        (told,) = heard()
        assert NOTICE.approval_id is not None
        for part in (NOTICE.approval_id, NOTICE.tool, NOTICE.links["approve"]):
            assert part in told

    async def test_what_is_told_again_may_be_heard_again(
        self, channel: Channel, heard: Callable[[], Sequence[str]]
    ) -> None:
        """Nothing stands against it."""
        for _ in range(2):
            await channel.announce(NOTICE)
        assert json.dumps(heard()).count("apr_1") >= 1

    async def test_what_does_not_get_there_is_said(self, deaf: Channel) -> None:
        """So that it is told again."""
        with pytest.raises(ChannelError):
            await deaf.announce(NOTICE)

    async def test_a_channel_has_a_name_and_is_closed_twice(self, channel: Channel) -> None:
        """For logs."""
        assert channel.name
        for _ in range(2):
            await channel.close()
