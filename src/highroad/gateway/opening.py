"""From an upstream and settings to a gateway that serves one client."""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import anyio

from highroad.approvals.definitions import Unaccepted
from highroad.domain.error import LedgerOwned
from highroad.domain.grounding import GroundingMode, WhenUngrounded
from highroad.domain.identity import Delegate, Principal
from highroad.domain.value import value
from highroad.gateway.server import Gateway
from highroad.gateway.session import Session
from highroad.gateway.toolset import LeftOut, offered, source_of
from highroad.ports.upstream import Upstream, UpstreamAway, UpstreamError
from highroad.runtime import Runtime
from highroad.settings import Settings

_log: Final = logging.getLogger("highroad.gateway")

_TELLING_S: Final = 2.0
"""No client is kept waiting for what it is not offered."""


@value(eq=False)
class OpenGateway:
    """A gateway, and what an operator should know of it."""

    gateway: Gateway
    tools: int
    """How many the upstream has."""
    waiting: tuple[Unaccepted, ...]
    """Of these, what nobody has accepted as it is now: it is not offered."""
    left_out: tuple[LeftOut, ...]
    """What cannot be offered at all."""
    beside: Mapping[str, int]
    """How many prompts and resources it has: none of them is offered."""


@asynccontextmanager
async def opened(
    upstream: Upstream,
    settings: Settings,
    *,
    principal: Principal,
    name: str,
    token: str | None = None,
) -> AsyncGenerator[OpenGateway, None]:
    """Open a runtime with the tools of an upstream, and a gateway before it.

    Args:
        upstream: Open.
        settings: Of this folder.
        principal: For whom calls are made.
        name: Of the run that the client's calls are, as no other is called.
        token: Of an issuer, or an API key: calls are made for whom it shows.

    Raises:
        LedgerOwned: Another process owns the ledger.
        Unauthenticated: The token shows nobody.
        HighroadError: The runtime cannot be opened, or the upstream does not tell what it has.
    """
    found = await offered(upstream)
    runtime = await Runtime.open(
        settings=as_from_outside(settings), principal=principal, tools=found.tools
    )
    async with runtime:
        if runtime.owner_pid is not None:
            raise LedgerOwned(runtime.owner_pid)
        theirs = [each.name for each in runtime.tools if each.source == source_of(upstream)]
        scope = Delegate(agent=source_of(upstream), tools=tuple(theirs))
        session = Session(
            runtime,
            name=name,
            scope=scope,
            caller=None if token is None else await runtime.authenticate(token),
        )
        gateway = Gateway(upstream, session, hold_wait_s=settings.hold_wait_s)
        await session.take_up(theirs)
        try:
            yield OpenGateway(
                gateway=gateway,
                tools=len(theirs) + len(found.left_out),
                waiting=tuple(
                    each
                    for each in runtime.definitions.unaccepted()
                    if each.definition.source == source_of(upstream)
                ),
                left_out=found.left_out,
                beside=await _beside(upstream),
            )
        finally:
            await session.end()


async def _beside(upstream: Upstream) -> Mapping[str, int]:
    """What operators should know is missing; tools are offered whether it can be told or not."""
    try:
        with anyio.move_on_after(_TELLING_S):
            return await upstream.beside()
    except (UpstreamAway, UpstreamError) as error:
        _log.warning("%s", error)
    return {}


def as_from_outside(settings: Settings) -> Settings:
    """The settings for calls of a client that does not hand on what its user said.

    Grounding holds a call against the user's words, and refuses what they do not name. Where nobody
    knows these, it would refuse every call. So it observes in profile `dev`, and puts the call
    before a person in production (P9), unless the settings say what it is to do.
    """
    if settings.given.keys() & {"grounding.mode", "grounding.ungrounded"}:
        return settings
    rule = replace(settings.grounding.rule, mode=GroundingMode.OBSERVE)
    if settings.is_production:
        rule = replace(settings.grounding.rule, ungrounded=WhenUngrounded.ASK)
    return replace(settings, grounding=replace(settings.grounding, rule=rule))
