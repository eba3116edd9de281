"""What a host's tool returns, as the road records it; and an outcome, as the host is handed it."""

from contextlib import suppress
from typing import Any, Final

import orjson
from pydantic_core import PydanticSerializationError, to_jsonable_python

from highroad.domain.outcome import AnyOutcome, Completed

_USUAL: Final = {"result", "call_id"}


def recorded(returned: object) -> object:
    """What a tool returned, as JSON: where it is none, the text that the SDK would make of it.

    The SDK's own outputs (`ToolOutputText`, `ToolOutputImage`, `ToolOutputFileContent`) become
    mappings that the SDK takes for the same.
    """
    try:
        return to_jsonable_python(returned)
    except (PydanticSerializationError, UnicodeDecodeError, ValueError, RecursionError):
        with suppress(RecursionError):
            return str(returned)
        return returned  # it has no text either, and the road says so


def handed(outcome: AnyOutcome) -> Any:  # noqa: ANN401 - whatever the tool returned
    """What the host is handed: the result alone where there is no more to say, else JSON (P5)."""
    answer = outcome.for_model()
    if isinstance(outcome, Completed) and not answer.keys() - _USUAL:
        return answer["result"]
    return orjson.dumps(answer).decode()
