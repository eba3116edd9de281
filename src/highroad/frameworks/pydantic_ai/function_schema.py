"""By what Pydantic AI runs a tool: `Tool.function_schema`, a public attribute of a private class.

All that is read of it, and put there, is in this file; version 2.68 has these names.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias, cast

import pydantic_ai
from pydantic_ai import RunContext, Tool
from pydantic_core import SchemaValidator

from highroad.domain.error import DeclarationError
from highroad.domain.value import value
from highroad.frameworks.pydantic_ai.arguments import TAKES_ALL

Run: TypeAlias = Callable[[dict[str, Any], RunContext[Any]], Awaitable[Any]]

_NAMES: Final = ("validator", "call", "return_schema")


@value
class OwnFunction:
    """How a tool of the host runs there."""

    validator: SchemaValidator
    """From JSON to what `run` takes."""
    run: Run


def own_function(tool: Tool[Any]) -> OwnFunction:
    """Read how a tool runs.

    Raises:
        DeclarationError: This version of Pydantic AI keeps it elsewhere.
    """
    schema = _schema_of(tool)
    return OwnFunction(validator=schema.validator, run=schema.call)


def run_by(
    tool: Tool[Any],
    make: Run,
    *,
    parameters: dict[str, Any],
    returns: dict[str, Any],
) -> None:
    """Have a tool take whatever a model wrote, and be run by `make`.

    Args:
        tool: As the host keeps it.
        make: Gets the arguments as they came, and the host's context.
        parameters: What models are shown.
        returns: The schema of what it answers.

    Raises:
        DeclarationError: As `own_function`.
    """

    async def function(ctx: RunContext[Any], /, **members: Any) -> Any:  # noqa: ANN401 - the host's own signature
        """Where the host makes its call anew from its parts, without `call`: the road, too."""
        return await make(members, ctx)

    made = Tool.from_schema(function, tool.name, tool.description, parameters, takes_ctx=True)
    schema = _schema_of(made)
    schema.validator = cast("SchemaValidator", TAKES_ALL)
    schema.call = make
    schema.return_schema = returns
    tool.function_schema = schema


def _schema_of(tool: Tool[Any]) -> Any:  # noqa: ANN401 - a class of the host's that has no public name
    schema = getattr(tool, "function_schema", None)
    for name in _NAMES:
        if not hasattr(schema, name):
            raise DeclarationError(
                f"pydantic-ai {pydantic_ai.__version__} has no `Tool.function_schema.{name}`, by "
                "which its tools are put on the road: install the version that this Highroad was "
                'tried with (pip install "pydantic-ai-slim==2.68.*"), or a newer Highroad'
            )
    return schema
