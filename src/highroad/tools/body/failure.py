"""Results that mean failure: what a body returned where others would have raised.

A wrapped API often answers `{"ok": false}` or `None`. `error_when` reads such an answer, so that
it ends the call as the `ToolError` would that the body did not raise.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from highroad.domain.error import Code, ToolError

ErrorWhen: TypeAlias = Callable[[Any], ToolError | str | bool | None]
"""Given what the body returned: the error that it means, whole or in words for the model; a code
that the tool declares under `errors`; true for a failure without words. `None` and false: it is a
result. Pure and quick: it runs right after the body."""


def error_in(result: object, when: ErrorWhen, errors: Mapping[str, str]) -> ToolError | None:
    """The error that a result means, or `None` where it is one.

    Whether the effect took place is not known, unless the error itself says so.

    Args:
        result: As the body returned it.
        when: What the author says of it.
        errors: Declared codes, with their words.

    Raises:
        TypeError: `when` answered with something else; the message names its type.
    """
    match when(result):
        case None | False:
            return None
        case True:
            return ToolError("The tool answered that it failed.")
        case ToolError() as error:
            return error
        case str() as text if text in errors:
            return ToolError(errors[text], code=text)
        case str() as text:
            return ToolError(text, code=Code.EXECUTION_ERROR)
        case other:
            raise TypeError(
                f"error_when gives a ToolError, text, True, False or None, "
                f"not {type(other).__name__}"
            )
