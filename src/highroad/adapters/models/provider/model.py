"""A provider's model behind the port."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from pydantic_ai import direct
from pydantic_ai.messages import ModelMessage as Said
from pydantic_ai.messages import ModelResponse, ModelResponseStreamEvent
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings as ProviderSettings

from highroad.adapters.models.provider.connections import given_up, watch
from highroad.adapters.models.provider.failures import (
    broken_off,
    misspoken,
    no_reply,
    told_of,
)
from highroad.adapters.models.provider.families import Secrets, reached
from highroad.adapters.models.provider.messages import said
from highroad.adapters.models.provider.replies import Progress, reply_of
from highroad.adapters.models.provider.requests import check_hosted, parameters, settings
from highroad.domain.model import ModelReply, ModelRequest, ReplyPart
from highroad.domain.model_rules import ModelServer


class ProviderModel:
    """A model that a provider runs (`highroad.ports.model.Model`).

    Args:
        provider: One of `FAMILIES`, or any name where `server` is given.
        model: As the provider calls it.
        secrets: Reads keys, by the names of environment variables.
        server: Where it is reached, in place of the provider's own address.
        hosted: Tools that the provider runs itself, as pydantic-ai calls their kinds, such as
            `web_search`. Nothing of ours governs them.

    Raises:
        SettingsError: Its key or its library is missing, or it has no such hosted tool.
    """

    def __init__(
        self,
        provider: str,
        model: str,
        *,
        secrets: Secrets,
        server: ModelServer | None = None,
        hosted: tuple[str, ...] = (),
    ) -> None:
        family, self._client = reached(provider, model, secrets=secrets, server=server)
        check_hosted(hosted, self._client)
        self._provider = provider
        self._model = model
        self._shape = family.shape
        self._failures = family.failures()
        self._leaves_streams = family.leaves_streams
        self._hosted = hosted
        self._is_open = False

    @property
    def name(self) -> str:
        """`provider:model`."""
        return f"{self._provider}:{self._model}"

    @property
    def shape(self) -> str:
        """The form that its provider takes tools in."""
        return self._shape

    @property
    def context_tokens(self) -> int | None:
        """As far as somebody wrote it down."""
        return self._client.context_window

    async def reply(self, request: ModelRequest) -> AsyncGenerator[ReplyPart, None]:
        """Ask the provider once; nothing is tried again.

        Raises:
            ModelError: There is no whole reply.
        """
        await self._open()
        if not request.is_streamed:
            yield await self._at_once(request)
            return
        async with aclosing(self._in_parts(request)) as parts:
            async for part in parts:
                yield part

    async def close(self) -> None:
        """Give up connections."""
        if self._is_open:
            self._is_open = False
            await self._client.__aexit__(None, None, None)

    async def _open(self) -> None:
        """Hold the connections of the provider open from the first request on."""
        if self._is_open:
            return
        self._is_open = True
        await self._client.__aenter__()
        if self._leaves_streams:
            watch(self._client)

    async def _at_once(self, request: ModelRequest) -> ModelReply:
        said_so_far, asked_for, how = self._words(request)
        with told_of(self.name, self._failures):
            response = await direct.model_request(
                self._client,
                said_so_far,
                model_settings=how,
                model_request_parameters=asked_for,
                instrument=False,
            )
        if response.finish_reason is None and not response.parts:
            raise no_reply(self.name)
        return self._whole(response, request)

    async def _in_parts(self, request: ModelRequest) -> AsyncGenerator[ReplyPart, None]:
        progress = Progress()
        response: ModelResponse | None = None
        async with aclosing(self._events(request)) as events:
            async for event in events:
                if isinstance(event, ModelResponse):
                    response = event
                    break
                for part in progress.of_event(event):
                    yield part
        if response is None or response.finish_reason is None or response.state == "incomplete":
            raise broken_off(self.name)
        reply = self._whole(response, request)
        for ready in progress.rest(reply):
            yield ready
        yield reply

    async def _events(
        self, request: ModelRequest
    ) -> AsyncGenerator[ModelResponseStreamEvent | ModelResponse, None]:
        """What comes, and last all of it."""
        said_so_far, asked_for, how = self._words(request)
        with told_of(self.name, self._failures):
            async with (
                given_up(),
                direct.model_request_stream(
                    self._client,
                    said_so_far,
                    model_settings=how,
                    model_request_parameters=asked_for,
                    instrument=False,
                ) as stream,
            ):
                async for event in stream:
                    yield event
                response = stream.get()
        yield response

    def _words(
        self, request: ModelRequest
    ) -> tuple[list[Said], ModelRequestParameters, ProviderSettings]:
        """A request in the words of the library."""
        return (
            self._said(request),
            parameters(request, self._client, self._hosted),
            settings(request, self._client, self._provider),
        )

    def _said(self, request: ModelRequest) -> list[Said]:
        id_length = self._client.profile.get("tool_call_id_length")
        return said(request.messages, provider=self._provider, id_length=id_length)

    def _whole(self, response: ModelResponse, request: ModelRequest) -> ModelReply:
        """The reply.

        Raises:
            ModelError: The provider says that it is none, and has no call that the road could
                answer for.
        """
        reply = reply_of(response, provider=self._provider, request=request)
        if response.finish_reason == "error" and not reply.message.calls:
            raise misspoken(self.name)
        return reply if reply.model else replace(reply, model=self._model)
