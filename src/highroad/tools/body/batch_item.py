"""What the body of a batch sees of each call that it serves."""

from dataclasses import dataclass, field
from typing import Any

from highroad.tools.body.context import ToolContext


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """One of the calls that are served together.

    Args:
        arguments: As a body takes them: by name, with the defaults of those that were not given;
            the one value, where a body takes them whole.
        context: Of this call: its id, principal, deps, attempt and idempotency key.
    """

    arguments: Any = field(repr=False)
    context: ToolContext[Any]
