"""Arguments that were written for an older version of a tool, turned into those of this one.

A model that saw version 1 in its history goes on calling it so when version 2 answers.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from highroad.domain.json_value import JsonObject
from highroad.tools.arguments.coerce import coerced
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse
from highroad.tools.compile import RegisteredTool


def migrated(
    tool: RegisteredTool[Any], arguments: JsonObject, older: Iterable[RegisteredTool[Any]] = ()
) -> JsonObject:
    """The arguments as this version takes them; as they are where nothing is to be migrated.

    `migrate` is asked only about what does not fit this version and, where older ones are known,
    fits one of those. What it raises of the kinds that a missing key or a wrong type raises, and
    what it makes that does not fit either, leave the arguments as they are: so the model is told
    what is wrong with what it wrote.

    Args:
        tool: The version that answers.
        arguments: JSON.
        older: The versions before it that are registered.
    """
    if tool.migrate is None or fits(tool, arguments):
        return arguments
    others = [each for each in older if each is not tool]
    if others and not any(fits(each, arguments) for each in others):
        return arguments
    try:
        answer = tool.migrate(orjson.loads(orjson.dumps(arguments)))
    except (LookupError, TypeError, ValueError, AttributeError):
        return arguments
    turned = Invalid(()) if answer is None else parse(answer, names=tool.names)
    return arguments if isinstance(turned, Invalid) or not fits(tool, turned) else turned


def fits(tool: RegisteredTool[Any], arguments: JsonObject) -> bool:
    """Whether arguments fit the schema of a tool, with what may be coerced."""
    if tool.validator.is_valid(arguments):
        return True
    candidate, changes = coerced(arguments, tool.definition.input_schema, tool.names)
    return bool(changes) and not tool.definition.strict and tool.validator.is_valid(candidate)
