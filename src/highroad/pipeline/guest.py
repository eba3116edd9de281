"""The other side of `isolation="process"`: what runs in the worker, and what passes between.

A worker gets a body by name, and arguments and the time in JSON; it answers with a result in JSON
or with the failure as it judged it there, where the exception is. Nothing is unpickled: what a body
made of its process can reach this one as data only.
"""

import asyncio
import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

import orjson

from highroad.domain.error import HighroadError
from highroad.domain.identity import Principal
from highroad.domain.proposed import ProposedCalls, Terms
from highroad.domain.sandbox import Program, ProgramLimits
from highroad.domain.secret import SecretText
from highroad.pipeline.answer import Answer
from highroad.pipeline.judgement import raised, undeclared
from highroad.tools.body.context import ToolContext
from highroad.tools.compile import RegisteredTool, compile_tool
from highroad.tools.declaring.declare import tool_definition
from highroad.tools.declaring.isolation import ImportName

LOAD: Final = f"{__name__}:load"
"""What a worker loads bodies with."""


def load(body: bytes) -> Callable[[bytes], bytes]:
    """Make ready, in a worker, to run a body.

    Args:
        body: Module and name, and the digest of the definition that was accepted.

    Raises:
        LookupError: The module declares another tool by now.
    """
    said = orjson.loads(body)
    function = ImportName(said["module"], said["name"]).find()
    if tool_definition(function).digest != said["digest"]:
        raise LookupError("its file was changed since the runtime was opened")
    tool = compile_tool(function)
    return lambda request: _run(tool, request).write()


def describe(tool: RegisteredTool[Any]) -> bytes:
    """The body of a tool, for `load`."""
    name = ImportName.of(tool.function)
    return orjson.dumps(
        {
            "module": name.module,
            "name": name.name,
            "digest": tool_definition(tool.function).digest,
        }
    )


def request(
    arguments: Mapping[str, Any],
    *,
    now_ms: int,
    secrets: Mapping[str, str] | None = None,
    about: Mapping[str, Any] | None = None,
) -> bytes:
    """What a body is asked for. It goes through a pipe: secrets stand on no disk on their way.

    Args:
        arguments: Of the call.
        now_ms: The time of the runtime, which may be another than here.
        secrets: That the tool declares.
        about: What a context says of the call.
    """
    asked = {"arguments": arguments, "now_ms": now_ms}
    if secrets:
        asked |= {"secrets": secrets, "about": about}
    return orjson.dumps(asked)


class _Apart:
    """The road's side of a call, seen from another process: secrets, and nothing else."""

    def __init__(self, secrets: Mapping[str, str], until_s: float, traceparent: str) -> None:
        self._secrets = secrets
        self._until_s = until_s
        self._traceparent = traceparent

    def remaining_s(self) -> float:
        return self._until_s - _monotonic_s()

    def traceparent(self) -> str:
        return self._traceparent

    def secret(self, name: str) -> SecretText:
        if name not in self._secrets:
            raise undeclared("this tool", name)
        return SecretText(self._secrets[name])

    async def call(
        self,
        tool: Callable[..., Any] | str,
        arguments: Mapping[str, object],
        *,
        idempotency_key: str | None,
    ) -> NoReturn:
        del tool, arguments, idempotency_key
        raise _runs_apart()

    async def call_all(self, calls: ProposedCalls, terms: Terms) -> NoReturn:
        del calls, terms
        raise _runs_apart()

    async def run_program(self, program: Program, limits: ProgramLimits | None) -> NoReturn:
        del program, limits
        raise _runs_apart()

    async def credential(self, name: str) -> NoReturn:
        del name
        raise _runs_apart()

    def completion_token(self) -> NoReturn:
        raise _runs_apart()

    def defer(self, expires_s: float) -> NoReturn:
        del expires_s
        raise _runs_apart()

    def report(self, text: str, *, done: float | None, total: float | None) -> NoReturn:
        del text, done, total
        raise _runs_apart()


def _runs_apart() -> HighroadError:
    return HighroadError(
        "a body that runs apart has of its context the ids of its call, its time and its secrets; "
        "leave isolation out where it needs more"
    )


def _context(tool: RegisteredTool[Any], said: Mapping[str, Any], began_s: float) -> dict[str, Any]:
    """What the body takes besides its arguments."""
    if tool.context_parameter is None:
        return {}
    about = said["about"]
    context = ToolContext(
        call_id=about["call_id"],
        run_id=about["run_id"],
        principal=Principal(about["principal"], about["organization"]),
        deps=None,
        idempotency_key=about["idempotency_key"],
        attempt=about["attempt"],
        progress=_Apart(said["secrets"], began_s + about["remaining_s"], about["traceparent"]),
    )
    return {tool.context_parameter: context}


def _run(tool: RegisteredTool[Any], asked: bytes) -> Answer:
    said, began_s = orjson.loads(asked), _monotonic_s()
    try:
        bound = tool.bind(said["arguments"])
        result = tool.function(**bound, **_context(tool, said, began_s))
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is answered
        now_ms = said["now_ms"] + round((_monotonic_s() - began_s) * 1_000)
        return Answer(failure=raised(error, tool, now_ms=now_ms))
    return Answer.of(tool.result.encode(result))


def _monotonic_s() -> float:
    return time.monotonic()  # noqa: TID251 - a worker has no ports
