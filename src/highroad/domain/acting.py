"""For whom, and in which run, calls are made that name nobody themselves."""

from dataclasses import dataclass

from highroad.domain.identity import Caller, Delegate, Principal
from highroad.domain.trace_context import TraceContext
from highroad.domain.verification import UserTurn


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """What a host says of the calls that its agent proposes."""

    principal: Principal | Caller | None = None
    """For whom; the runtime's own principal where nobody is named."""
    run: str | None = None
    """The host's own name for the thread that the calls belong to, which share budgets and keys."""
    conversation: str | None = None
    """The host's own name for the conversation that the run belongs to."""
    delegation: tuple[Delegate, ...] = ()
    """The agents through which they come."""
    said: tuple[UserTurn, ...] = ()
    """The user's own words so far, in order: what calls of a model are held against."""
    trace: TraceContext | None = None
    """Where in a trace they are made, where somebody says so; without it, it is looked for."""

    def over(self, around: "Acting") -> "Acting":
        """This, and for what it leaves out what was said around it."""
        if around is NOBODY:
            return self
        return Acting(
            principal=self.principal or around.principal,
            run=around.run if self.run is None else self.run,
            conversation=around.conversation if self.conversation is None else self.conversation,
            delegation=self.delegation or around.delegation,
            said=self.said or around.said,
            trace=self.trace or around.trace,
        )


NOBODY: Acting = Acting()
"""Says nothing: what the runtime was opened with holds."""
