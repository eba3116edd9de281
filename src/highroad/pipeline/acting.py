"""Who acts, where a program said so around its calls: a context variable.

It crosses tasks and threads as context variables do: a task has what held where it was made, and
so has a thread that was begun by `asyncio.to_thread`, or by `contextvars.copy_context().run`.
"""

from contextvars import ContextVar
from typing import Final, TypeVar, cast

from highroad.domain.acting import NOBODY, Acting
from highroad.pipeline.circumstances import SharedCircumstances
from highroad.pipeline.holding import Holding

C = TypeVar("C", bound=SharedCircumstances)

_ACTING: Final = ContextVar[Acting]("highroad_acting", default=NOBODY)


def now_acting() -> Acting:
    """Who acts here."""
    return _ACTING.get()


def as_acting(acting: Acting) -> Holding[Acting]:
    """Let `acting` hold inside the block."""
    return Holding(_ACTING, acting)


def filled(circumstances: C) -> C:
    """What is said of calls, with whoever acts in place of what is left out."""
    acting = _ACTING.get()
    if acting is NOBODY:
        return circumstances
    said = {
        "principal": acting.principal,
        "run": acting.run,
        "conversation": acting.conversation,
        "delegation": acting.delegation,
        "trace": acting.trace,
    }
    given = {name: each for name, each in circumstances.items() if each is not None}
    return cast("C", {**{name: each for name, each in said.items() if each is not None}, **given})
