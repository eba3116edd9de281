"""Arguments that are turned down, and how a model is brought to mend them."""

import re
from dataclasses import replace
from typing import Any, Final

import orjson

from highroad.domain.call import Call
from highroad.domain.error import CallError, InvalidArguments, Problem
from highroad.domain.verdict import Refuse
from highroad.pipeline.context import RoadContext
from highroad.pipeline.rendering import rendering
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.pointer import pointer, tokens
from highroad.tools.body.checks import CODE
from highroad.tools.compile import RegisteredTool
from highroad.tools.schemas.describe import describe
from highroad.tools.schemas.navigation import part_at

_STRICTER_FROM: Final = 2
"""The first refusal says what is wrong; from here on it says besides what would be right."""
_CODE: Final = re.compile(r"[a-z0-9_]{1,64}")


async def refused(invalid: Invalid, call: Call, context: RoadContext) -> Refuse:
    """Turn arguments down, with all that is wrong, and more of it the more often that was so.

    Raises:
        LedgerError: What an earlier process counted cannot be read.
    """
    repairs, tool = context.services.repairs, context.tool
    attempt = await repairs.failed(call, tool.name)
    context.record.invalid = InvalidArguments(
        attempt=attempt,
        problems=tuple(dict.fromkeys(_recorded(each, tool) for each in invalid.problems)),
    )
    error = stricter(invalid.error(), tool, attempt, repairs.attempts)
    return Refuse(error, rule=f"arguments.{invalid.problems[0].code}")


def stricter(error: CallError, tool: RegisteredTool[Any], attempt: int, most: int) -> CallError:
    """A refusal as it is told for the so-manieth time."""
    if attempt < min(_STRICTER_FROM, most):
        return error
    hint = "Mend what `problems` names: `repair` has the schema of each part, and an example."
    if attempt >= most:
        hint = (
            f"Stop calling {tool.name}: ask the user for what is missing, or go on without it. Do "
            "not guess."
        )
    return replace(
        error,
        message=f"{error.message} This was attempt {attempt} of {most}.",
        hint=hint,
        repair=orjson.dumps(rendering(tool, error.problems)).decode(),
    )


def told_again(invalid: InvalidArguments, tool: RegisteredTool[Any], most: int) -> CallError:
    """The refusal of a call on record, which has where and what, and the schema the rest."""
    schema = tool.definition.input_schema
    problems = tuple(
        Problem(at, code, describe(part_at(schema, tokens(at)), schema))
        for at, code in invalid.problems
    )
    return stricter(Invalid(problems).error(), tool, invalid.attempt, most)


def _recorded(problem: Problem, tool: RegisteredTool[Any]) -> tuple[str, str]:
    """Where, up to the first key that is no name of the schema, and what, as a code (P7).

    A check of the tool's author may say either in words of the call.
    """
    code = problem.code if _CODE.fullmatch(problem.code) else CODE
    return pointer(tokens(problem.pointer), tool.names), code
