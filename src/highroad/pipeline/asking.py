"""Asking the hooks that a tool's author gave: owner look-ups, data checks, previews."""

import asyncio
from typing import Any, Final, TypeVar

from highroad.domain.call import Call
from highroad.domain.error import CallError, Code
from highroad.domain.verdict import Refuse
from highroad.pipeline.body import tool_context
from highroad.pipeline.called_off import is_called_off
from highroad.pipeline.context import RoadContext
from highroad.pipeline.timer import within
from highroad.tools.body.hooks import Hook

S = TypeVar("S")
R = TypeVar("R")

LATE: Final = CallError(
    code=Code.TIMEOUT,
    message="What this call has to be checked with did not answer in time, so nothing was run.",
    hint="Try again later.",
    retryable=True,
)
BROKEN: Final = CallError(
    code=Code.EXECUTION_ERROR,
    message="What this call has to be checked with failed, so nothing was run.",
    hint="Do not repeat the call unchanged; tell the user that the tool is broken.",
)


async def ask(
    hook: Hook[S, R], subject: S, call: Call, context: RoadContext, *, rule: str
) -> R | Refuse:
    """What a hook says, within the time of one attempt; who cannot be asked lets nothing through.

    Args:
        hook: To be asked.
        subject: What it is asked about.
        call: In question.
        context: Of its drive.
        rule: Names the hook in the ledger, should it not answer.
    """
    try:
        return await within(context.attempt_s(), _answer(hook, subject, call, context))
    except TimeoutError:
        return Refuse(LATE, rule=f"{rule}: it did not answer in time")
    except asyncio.CancelledError:
        if is_called_off():
            raise
        return Refuse(BROKEN, rule=f"{rule}: it cancelled itself")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - an author's code may raise what it likes
        # Its name and no more: what it says may quote a value (P7).
        return Refuse(BROKEN, rule=f"{rule}: it raised {type(error).__name__}")


async def _answer(hook: Hook[S, R], subject: S, call: Call, context: RoadContext) -> R:
    seen: Any = await tool_context(call, context) if hook.takes_context else None
    return await hook(subject, seen)
