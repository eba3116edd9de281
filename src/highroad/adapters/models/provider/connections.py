"""Connections that a provider's library does not give up by itself when nobody reads on.

`google-genai` reads a stream through generators within generators, of which only the outermost is
closed; the rest, and the connection with them, wait for the garbage collector, while the provider
goes on writing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Final

from anyio import CancelScope
from pydantic_ai.models import Model as ProviderClient

_NOTED: Final[ContextVar[list[Any] | None]] = ContextVar("noted", default=None)
"""The response of the request that is sent, as the library for HTTP has it."""


def watch(client: ProviderClient) -> None:
    """Note the responses of an opened client, for `given_up`."""
    http: Any = getattr(client.provider, "_own_http_client", None)
    if http is not None:
        http.event_hooks["response"].append(_note)


@asynccontextmanager
async def given_up() -> AsyncIterator[None]:
    """Close what was opened within, however far it was read."""
    noted: list[Any] = []
    _NOTED.set(noted)
    try:
        yield
    finally:
        with CancelScope(shield=True):
            for response in noted:
                await response.aclose()


async def _note(response: Any) -> None:  # noqa: ANN401 - of one of two libraries for HTTP
    noted = _NOTED.get()
    if noted is not None and not noted:
        noted.append(response)
