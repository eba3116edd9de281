"""T2: what validating a parsed object costs, beside bare `jsonschema-rs`.

The objects are the ground-truth calls of the sample of functions in `tests/data/bfcl` that fit
their schema as they stand. Ours is `check_arguments` with the registered tool: form, schema, and
coercion where a whole number came with a fraction. Bare is `validator.is_valid(arguments)` with
the same compiled schema. No function of the sample has a semantic type; a tool with one e-mail
address and two texts is quoted beside, against bare for its own schema, which does not judge what
the type judges.

The value is the median over turns of processor times for all calls, each turn being the one and
then the other.
"""

import importlib.metadata
from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias

from bench.foreign import processor_us, sample
from bench.harness import Reading, Turns, rounded, take_turns
from highroad.tools.compile import RegisteredTool, compile_tool
from highroad.tools.declaring.declare import tool
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.semantic import Email
from highroad.tools.validate import check_arguments

_ROUNDS: Final = 31
_REPEATS: Final = 20

Call: TypeAlias = tuple[RegisteredTool[Any], dict[str, Any]]


async def measure() -> Reading:
    """Measure T2."""
    by_schema = await _turns(_calls())
    semantic = await _turns([(compile_tool(_send), _SENT)] * 500)
    return Reading(
        id="T2",
        value=by_schema.ratio(),
        unit="of bare jsonschema-rs",
        reach="<= 4",
        reference={
            "jsonschema-rs": importlib.metadata.version("jsonschema-rs"),
            "is_valid_us": by_schema.peer_median(),
            "semantic_is_valid_us": semantic.peer_median(),
        },
        absolute={
            "check_us": by_schema.absolute(),
            "semantic_check_us": semantic.absolute(),
            "semantic": rounded(semantic.ratio()),
        },
    )


def _calls() -> list[Call]:
    found = []
    for each in sample():
        ready = compile_tool(tool_from_schema(_body, parameters=each.schema, name=each.name))
        found += [(ready, call) for call in each.calls if ready.validator.is_valid(call)]
    return found


async def _turns(calls: Sequence[Call]) -> Turns:
    validators = [(ready.validator, arguments) for ready, arguments in calls]

    def check() -> None:
        for _ in range(_REPEATS):
            for ready, arguments in calls:
                check_arguments(ready, arguments)

    def validate() -> None:
        for _ in range(_REPEATS):
            for validator, arguments in validators:
                validator.is_valid(arguments)

    async def ours() -> list[float]:
        return [processor_us(check, len(calls) * _REPEATS)]

    async def bare() -> list[float]:
        return [processor_us(validate, len(calls) * _REPEATS)]

    return await take_turns(_ROUNDS, ours, bare)


def _body(arguments: object) -> object:
    return arguments


@tool
def _send(to: Annotated[str, Email()], subject: str, body: str) -> None:
    """Send a message."""


_SENT: Final[dict[str, Any]] = {
    "to": "nobody@example.com",
    "subject": "Your order",
    "body": "It is on its way and will be there tomorrow.",
}
