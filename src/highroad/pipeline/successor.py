"""What stands in for a call that was given up on: the call that is to be made next."""

from typing import Any

from highroad.domain.call import Call
from highroad.domain.dead_letter import DeadLetter
from highroad.domain.json_value import JsonObject
from highroad.domain.outcome import Ending
from highroad.domain.value import value
from highroad.tools.compile import RegisteredTool
from highroad.tools.declaring.fallback import StandIn


@value(eq=False)
class Link:
    """One thing that may stand in, and the call whose tool declared it."""

    stand_in: StandIn
    of: Call
    stored: Ending | None = None
    """Of a stored result: how the call ends that it answers."""


@value(eq=False)
class Successor:
    """A call that is made once the one before it has its terminal record, which names it."""

    call_id: str
    tool: RegisteredTool[Any]
    version: str | None
    """The one that may answer, where it is to be one."""
    arguments: JsonObject
    key: str | None
    """Idempotency key."""
    conclusion: Ending | None = None
    """How it ends once it is authorized, where no body is to run."""
    rest: tuple[Link, ...] = ()
    """What may stand in behind it."""
    letter: DeadLetter | None = None
    """Of the first call."""
    is_as_good: bool = True
    """Whether that is done with once this one completes: an answer that is only said does nothing,
    and a call with effects stays undone."""

    @property
    def may_take_effect(self) -> bool:
        """Whether something is done by it, and not only said."""
        return self.conclusion is None and self.tool.definition.has_effects
