"""The other side of `isolation="process"`: what runs in the worker, and what passes between.

A worker gets a body by name, and arguments and the time in JSON; it answers with a result in JSON
or with the failure as it judged it there, where the exception is. Nothing is unpickled: what a body
made of its process can reach this one as data only.
"""

import asyncio
import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from highroad.pipeline.answer import Answer
from highroad.pipeline.judgement import raised
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


def request(arguments: Mapping[str, Any], *, now_ms: int) -> bytes:
    """What a body is asked for; the time is that of the runtime, which may be another than here."""
    return orjson.dumps({"arguments": arguments, "now_ms": now_ms})


def _run(tool: RegisteredTool[Any], asked: bytes) -> Answer:
    said, began_s = orjson.loads(asked), _monotonic_s()
    try:
        bound = tool.bind(said["arguments"])
        result = tool.function(**bound)
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is answered
        now_ms = said["now_ms"] + round((_monotonic_s() - began_s) * 1_000)
        return Answer(failure=raised(error, tool, now_ms=now_ms))
    return Answer.of(tool.result.encode(result))


def _monotonic_s() -> float:
    return time.monotonic()  # noqa: TID251 - a worker has no ports
