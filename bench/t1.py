"""T1: what registering 1,000 raw schemas costs, beside compiling them bare.

Ours declares a thousand tools with `tool_from_schema`, each with a body of its own, and makes a
`Registry` of them: all that opening a runtime with them does before the ledger. Every schema is
copied, bounded and closed, names and options are judged, contract and digest are made. What the
runtime then writes, the pins in one commit, is not in it.

Bare is `Draft202012Validator(schema, validate_formats=True, offline=True)` for the same schemas.
A schema that is certain to compile (`highroad.tools.schemas.sure`) is compiled by us only when a
call needs it; quoted beside is what registering costs when all of them are compiled at once.

The value is the median over turns of processor times, each turn being the one and then the other.
"""

import importlib.metadata
from collections.abc import Callable
from typing import Final

from jsonschema_rs import Draft202012Validator

from bench.foreign import ForeignTool, processor_us, thousand
from bench.harness import Reading, rounded, take_turns
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.registry import Registry

_ROUNDS: Final = 31


async def measure() -> Reading:
    """Measure T1."""
    tools = thousand()
    bodies = [_body() for _ in tools]

    def register() -> Registry:
        return Registry(
            tool_from_schema(
                body, parameters=tool.schema, name=tool.name, description=tool.description
            )
            for body, tool in zip(bodies, tools, strict=True)
        )

    async def ours() -> list[float]:
        return [processor_us(register, len(tools))]

    async def ours_compiled() -> list[float]:
        return [processor_us(lambda: [tool.validator for tool in register()], len(tools))]

    async def bare() -> list[float]:
        return [processor_us(lambda: [_compiled(tool) for tool in tools], len(tools))]

    turns = await take_turns(_ROUNDS, ours, bare)
    compiled = await take_turns(_ROUNDS // 3, ours_compiled, bare)
    return Reading(
        id="T1",
        value=turns.ratio(),
        unit="of compiling the schemas bare",
        reach="<= 1.5",
        reference={
            "jsonschema-rs": importlib.metadata.version("jsonschema-rs"),
            "compile_us": turns.peer_median(),
        },
        absolute={
            "register_us": turns.absolute(),
            "compiled_at_once": rounded(compiled.ratio()),
        },
    )


def _compiled(tool: ForeignTool) -> Draft202012Validator:
    return Draft202012Validator(dict(tool.schema), validate_formats=True, offline=True)


def _body() -> Callable[[object], object]:
    def body(arguments: object) -> object:
        return arguments

    return body
