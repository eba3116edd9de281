"""The tools of an upstream as tools of ours: declared from its list, and run by asking it."""

from collections.abc import Mapping
from contextvars import ContextVar
from functools import partial
from typing import Any, Final

from highroad.domain.error import DeclarationError, ToolError
from highroad.domain.failure_kind import FailureKind
from highroad.domain.json_value import JsonObject
from highroad.domain.value import value
from highroad.gateway.content import result_in
from highroad.ports.upstream import Follow, Upstream, UpstreamAway, UpstreamProgress
from highroad.tools.body.context import ToolContext
from highroad.tools.declaring.declaration import DeclaredTool
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.declaring.options import ToolOptions
from highroad.tools.shapes.mcp import NAMES
from highroad.tools.shapes.names import NameRule, NameTable
from highroad.tools.shapes.reading import ForeignTool, read_tools

FOLLOW: Final = ContextVar[Follow | None]("highroad_follow", default=None)
"""Who is told how far a call has come, where whoever made it wants to know."""

_NAMES: Final = NameRule(NAMES.pattern, 64)
"""What MCP takes for a name, as long as ours are at most."""
_NO_CONTRACTS: Final[Mapping[str, ToolOptions]] = {}


@value
class LeftOut:
    """A tool of an upstream that cannot be offered."""

    at: int
    """Its position in the list, from 0."""
    reason: str


@value
class Offered:
    """What an upstream has."""

    tools: tuple[DeclaredTool[..., Any], ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def source_of(upstream: Upstream) -> str:
    """The identity of a server, as it stands in the definitions of its tools, and is pinned."""
    return f"stdio:{upstream.name}"


async def offered(
    upstream: Upstream, contracts: Mapping[str, ToolOptions] = _NO_CONTRACTS
) -> Offered:
    """Declare each tool that a server lists; what it says of them is believed in nothing.

    Args:
        upstream: Open.
        contracts: What is declared beside, by name of the tool. Without it a tool is irreversible
            and unprotected.

    Raises:
        UpstreamAway: It is not there.
        UpstreamError: It does not tell what it has.
    """
    forms = await upstream.tools()
    names = NameTable.of((str(each.get("name", "")) for each in forms), _NAMES)
    tools: dict[str, DeclaredTool[..., Any]] = {}
    left_out: list[LeftOut] = []
    for at, form in enumerate(forms):
        name = names.legal_name(str(form.get("name", "")))
        if name in tools:
            left_out.append(LeftOut(at=at, reason="another one before it has its name"))
            continue
        try:
            tools[name] = _declared(upstream, _read(form), name, contracts.get(name, {}))
        except DeclarationError as error:
            left_out.append(LeftOut(at=at, reason=str(error)))
    return Offered(tools=tuple(tools.values()), left_out=tuple(left_out))


def _read(form: JsonObject) -> ForeignTool:
    listed = read_tools([form])
    if listed.unread:
        raise DeclarationError(listed.unread[0].reason)
    return listed.tools[0]


def _declared(
    upstream: Upstream, tool: ForeignTool, name: str, options: ToolOptions
) -> DeclaredTool[..., Any]:
    spec = tool.spec
    given: ToolOptions = {"name": name, "description": spec.description, **options}
    return tool_from_schema(
        partial(_run, upstream, spec.name),
        parameters=spec.input_schema,
        returns=spec.output_schema,
        source=source_of(upstream),
        annotations=spec.annotations,
        **given,
    )


async def _run(
    upstream: Upstream, tool: str, arguments: JsonObject, context: ToolContext[None]
) -> object:
    """Ask the server; whoever follows the call is told how far it has come."""
    follow = FOLLOW.get()

    async def tell(progress: UpstreamProgress) -> None:
        context.report(progress.text, done=progress.done, total=progress.total)
        if follow is not None:
            await follow(progress)

    try:
        return result_in(
            await upstream.call(tool, arguments, follow=tell, traceparent=context.traceparent)
        )
    except UpstreamAway as away:
        raise ToolError(
            str(away),
            code="dependency_unavailable",
            hint="Try again in a few seconds.",
            applied=False,
            retryable=True,
            kind=FailureKind.TRANSIENT,
        ) from None
