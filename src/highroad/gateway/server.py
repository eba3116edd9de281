"""The MCP server that a client speaks to: the tools of an upstream, by way of the road.

It offers tools and nothing else. Resources, prompts and completions of the upstream would come to a
model without a record, a rule or a look at what stands in them; what would have the client ask its
user or its model on the upstream's behalf (elicitation, sampling, roots) is not handed on either.
"""

import asyncio
import logging
from typing import Any, Final

import orjson
from mcp.server import Server
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel.server import NotificationOptions
from mcp.server.models import InitializationOptions
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ElicitResult,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
    Tool,
    ToolListChangedNotification,
)
from mcp.types.version import MODERN_PROTOCOL_VERSIONS

from highroad.domain.error import DecisionRefused
from highroad.domain.json_value import JsonObject
from highroad.domain.outcome import AnyOutcome, Held
from highroad.domain.trace_context import TraceContext, read_traceparent
from highroad.domain.version import VERSION
from highroad.gateway.content import answer
from highroad.gateway.holds import Asked, Holds
from highroad.gateway.session import Session
from highroad.gateway.toolset import offered, source_of
from highroad.ports.upstream import Upstream, UpstreamAway, UpstreamError, UpstreamProgress
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse
from highroad.tools.shapes import mcp
from highroad.tools.shapes.spec import spec_of

_log: Final = logging.getLogger("highroad.gateway")

KEY: Final = "highroad/idempotency-key"
"""In `_meta` of a call: two calls with it are one, and a new one repeats an effect on purpose."""
_LONGEST_KEY: Final = 200
_INSTRUCTIONS: Final = (
    "Calls of these tools are checked, and some wait for a person. A call that waits says so: tell "
    "the user, and make the same call again once it is decided. A call that was made before in "
    "this session is answered with its earlier outcome, and nothing is done again."
)

Context = ServerRequestContext[Any, Any]


class Gateway:
    """Serves one client.

    Args:
        upstream: Open; whose tools the runtime was opened with.
        session: Makes the calls.
        hold_wait_s: How long a client is kept waiting for a decision that it cannot ask for.
    """

    def __init__(self, upstream: Upstream, session: Session, *, hold_wait_s: float) -> None:
        self._upstream = upstream
        self.session: Session = session
        self._runtime = session.runtime
        self._holds = Holds(session, wait_s=hold_wait_s)
        self._bus = InMemorySubscriptionBus()
        self._clients: set[ServerSession] = set()
        """Of the older era, each of which is told of changes unasked."""
        self._looking: set[asyncio.Task[None]] = set()
        self.server: Server[Any] = Server(
            f"highroad-{upstream.name}",
            version=VERSION,
            instructions=_INSTRUCTIONS,
            on_list_tools=self._list,
            on_call_tool=self._call,
            on_subscriptions_listen=ListenHandler(self._bus),
        )
        self.server.middleware.append(self._before_validation)
        upstream.on_change(self._heed_change)

    @property
    def options(self) -> InitializationOptions:
        """What a client of the older era is told when it connects."""
        return self.server.create_initialization_options(NotificationOptions(tools_changed=True))

    # -- tools -------------------------------------------------------------------------------

    async def _list(self, context: Context, _: PaginatedRequestParams | None) -> ListToolsResult:
        if context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            self._clients = {context.session}
        forms = [mcp.render(spec_of(each)).form for each in self.session.tools]
        return ListToolsResult(
            tools=[Tool.model_validate(each) for each in forms], cache_scope="private", ttl_ms=0
        )

    # -- calls -------------------------------------------------------------------------------

    async def _before_validation(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Let the road judge arguments that the library would send back, so that they are known."""
        params = ctx.params or {}
        arguments = params.get("arguments")
        is_call = ctx.method == "tools/call" and isinstance(params.get("name"), str)
        if not is_call or arguments is None or isinstance(arguments, dict):
            return await call_next(ctx)
        is_text = isinstance(arguments, str) and isinstance(parse(arguments), Invalid)
        raw = arguments.encode() if is_text else orjson.dumps(arguments)
        outcome = await self.session.call(params["name"], raw, trace=_trace_in(ctx))
        return self._result(outcome, params["name"])

    async def _call(
        self, context: Context, params: CallToolRequestParams
    ) -> CallToolResult | InputRequiredResult:
        said = (params.input_responses or {}).get("decision")
        asked = Asked(
            tool=params.name,
            arguments=params.arguments or {},
            may_ask=_may_ask(context),
            said=said if isinstance(said, ElicitResult) else None,
        )
        if params.request_state is not None:
            answered = await self._resumed(asked, params.request_state)
        else:
            answered = await self._made(asked, context)
        if isinstance(answered, InputRequiredResult):
            return answered
        return self._result(answered, params.name)

    async def _made(self, asked: Asked, context: Context) -> AnyOutcome | InputRequiredResult:
        async def follow(progress: UpstreamProgress) -> None:
            await context.session.report_progress(progress.done, progress.total)

        outcome = await self.session.call(
            asked.tool,
            asked.arguments,
            key=_key_in(context),
            trace=_trace_in(context),
            follow=follow,
        )
        return await self._holds.answered(outcome, asked) if isinstance(outcome, Held) else outcome

    async def _resumed(self, asked: Asked, ticket: str) -> AnyOutcome | InputRequiredResult:
        try:
            return await self._holds.resumed(asked, ticket)
        except DecisionRefused:
            # One answer for every way in which it fails.
            raise MCPError(
                INVALID_PARAMS,
                "Invalid or expired requestState",
                {"reason": "invalid_request_state"},
            ) from None

    def _result(self, outcome: AnyOutcome, tool: str) -> CallToolResult:
        schemas = [each.output_schema for each in self._runtime.tools if each.name == tool]
        has_schema = any(each is not None and each.get("type") == "object" for each in schemas)
        return CallToolResult.model_validate(answer(outcome, has_schema=has_schema))

    # -- changes -----------------------------------------------------------------------------

    def _heed_change(self) -> None:
        task = asyncio.get_running_loop().create_task(self._look_again())
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _look_again(self) -> None:
        """Compare what the upstream says of its tools now with what was accepted."""
        before = {each.digest for each in self.session.tools}
        try:
            now = await offered(self._upstream)
        except (UpstreamAway, UpstreamError) as error:
            _log.warning("%s", error)
            return
        source = source_of(self._upstream)
        for each in self._runtime.definitions.look_again(source, now.tools):
            _log.warning(
                "%s is %s at %s: it is refused until it is reviewed", each.tool, each.change, source
            )
        if before == {each.digest for each in self.session.tools}:
            return
        await self._bus.publish(ToolsListChanged())
        for client in self._clients:
            await client.send_notification(ToolListChangedNotification())


def _may_ask(context: Context) -> bool:
    """Whether the client said, with this very request, that it can put forms before its user."""
    capabilities = context.session.client_capabilities
    if context.protocol_version not in MODERN_PROTOCOL_VERSIONS or capabilities is None:
        return False
    asking = capabilities.elicitation
    return asking is not None and (asking.form is not None or asking.url is None)


def _trace_in(context: Context) -> TraceContext | None:
    """Where the client says that it makes the call (SEP-414)."""
    return read_traceparent(_meta_of(context).get("traceparent"))


def _meta_of(context: Context) -> JsonObject:
    meta = (context.params or {}).get("_meta")
    return meta if isinstance(meta, dict) else {}


def _key_in(context: Context) -> str | None:
    key = _meta_of(context).get(KEY)
    return key if isinstance(key, str) and 0 < len(key) <= _LONGEST_KEY else None
