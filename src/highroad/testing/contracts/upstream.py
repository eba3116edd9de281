"""The contract kit of `highroad.ports.upstream.Upstream`.

Derive a test class from `UpstreamContract` and give it the fixture `upstream`: an open one, before
a server that has these tools.

- `echo` takes `text` and answers with it.
- `fail` answers that it failed.
- `count` tells its progress three times, 1 to 3 of 3, and then answers `counted`.
- `wait` answers never; `given_up` answers with the number of its calls that were called off.
- `die` ends the server while it is called.
- `traced` answers with what the request says of a trace: `traceparent`, `tracestate` and `baggage`
  of its `_meta`, as a JSON object of those that are there.
- `grow` adds a tool `grown`, and says that the tools are others.

And it has one prompt, two resources, and a template of resources.
"""

import asyncio
from collections.abc import Callable

import pytest

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.ports.upstream import Upstream, UpstreamAway, UpstreamProgress
from highroad.resilience.failures import mcp
from highroad.resilience.failures.reading import meaning_of

_PATIENCE_S = 20.0


@pytest.mark.anyio
class UpstreamContract:
    """Every sentence of the port."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """The ledger runs on asyncio."""
        return "asyncio"

    @pytest.fixture
    def upstream(self) -> Upstream:
        """An open one, before a server as above."""
        raise NotImplementedError("give your test class a fixture `upstream`")

    async def test_it_lists_tools_as_the_server_tells_of_them(self, upstream: Upstream) -> None:
        """With the schema of their arguments."""
        listed = {str(each["name"]): each for each in await upstream.tools()}
        schema = listed["echo"]["inputSchema"]
        assert isinstance(schema, dict)
        assert isinstance(schema["properties"], dict)
        assert "text" in schema["properties"]
        assert upstream.name

    async def test_it_tells_what_there_is_besides(self, upstream: Upstream) -> None:
        """A template is a resource too."""
        assert await upstream.beside() == {"prompts": 1, "resources": 3}

    async def test_a_call_brings_what_the_server_answers(self, upstream: Upstream) -> None:
        """Text as it was sent."""
        assert _texts(await upstream.call("echo", {"text": "grüßt"})) == ["grüßt"]

    async def test_several_calls_are_under_way_at_once(self, upstream: Upstream) -> None:
        """Each is answered with its own."""
        said = [str(number) for number in range(8)]
        answered = await asyncio.gather(*(upstream.call("echo", {"text": each}) for each in said))
        assert [_texts(each) for each in answered] == [[each] for each in said]

    async def test_a_tool_that_failed_says_so_in_its_result(self, upstream: Upstream) -> None:
        """It is no exception: the model is told."""
        assert mcp.is_error(await upstream.call("fail", {}))

    async def test_who_follows_is_told_how_far_it_came(self, upstream: Upstream) -> None:
        """In order."""
        told: list[UpstreamProgress] = []

        async def follow(progress: UpstreamProgress) -> None:
            told.append(progress)

        answered = await upstream.call("count", {}, follow=follow)
        await _until(lambda: len(told) >= 3)  # noqa: PLR2004 - as the server has it
        assert _texts(answered) == ["counted"]
        assert [(each.done, each.total) for each in told] == [(1, 3), (2, 3), (3, 3)]

    async def test_the_server_is_told_what_its_work_is_part_of(self, upstream: Upstream) -> None:
        """And nothing where there is nothing to tell."""
        around = f"00-{7:032x}-{7:016x}-01"
        (told,) = _texts(await upstream.call("traced", {}, traceparent=around))
        (nothing,) = _texts(await upstream.call("traced", {}))
        assert (told, nothing) == (f'{{"traceparent": "{around}"}}', "{}")

    async def test_a_call_that_is_given_up_is_called_off_at_the_server(
        self, upstream: Upstream
    ) -> None:
        """It need not work for nobody."""
        waiting = asyncio.ensure_future(upstream.call("wait", {}))
        await upstream.call("echo", {"text": "so it has come"})
        waiting.cancel()
        await asyncio.wait({waiting})
        for _ in range(100):
            if _texts(await upstream.call("given_up", {})) == ["1"]:
                return
            await asyncio.sleep(0.05)
        pytest.fail("the server was never told")

    async def test_a_server_that_dies_in_a_call_leaves_it_in_doubt_and_comes_again(
        self, upstream: Upstream
    ) -> None:
        """Nothing proves that the call did nothing; the next one is answered."""
        changes: list[None] = []
        upstream.on_change(lambda: changes.append(None))
        with pytest.raises(Exception) as died:
            await upstream.call("die", {})
        assert not isinstance(died.value, UpstreamAway)
        assert not meaning_of(died.value).is_not_applied
        for _ in range(10):
            try:
                assert _texts(await upstream.call("echo", {"text": "again"})) == ["again"]
                break
            except UpstreamAway:
                continue
        else:
            pytest.fail("it never came again")
        await _until(lambda: bool(changes))

    async def test_it_tells_that_the_tools_are_others(self, upstream: Upstream) -> None:
        """So that they are looked at anew."""
        changes: list[None] = []
        upstream.on_change(lambda: changes.append(None))
        await upstream.call("grow", {})
        await _until(lambda: bool(changes))
        assert "grown" in [each["name"] for each in await upstream.tools()]

    async def test_a_closed_one_sends_nothing(self, upstream: Upstream) -> None:
        """However often it is closed."""
        for _ in range(2):
            await upstream.close()
        with pytest.raises(UpstreamAway):
            await upstream.call("echo", {"text": "nobody hears"})


def _texts(answered: JsonObject) -> list[JsonValue]:
    content = answered["content"]
    assert isinstance(content, list)
    return [each["text"] for each in content if isinstance(each, dict)]


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - what is waited for is told to a list
            await asyncio.sleep(0.01)
