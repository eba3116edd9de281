"""A call: the value that moves along the road."""

from collections.abc import Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Final

from highroad.domain.confidence import Statement
from highroad.domain.error import BrokenPromise
from highroad.domain.evidence import NO_EVIDENCE, Evidence
from highroad.domain.identity import Delegate, Origin, Principal
from highroad.domain.ids import uuid_hex
from highroad.domain.json_value import JsonObject
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value


@value(kw_only=False)
class Call:
    """One proposed use of a tool, from the proposal to its end.

    `raw` is what came in; `resolve` fills `definition` and `arguments`; `validate` may replace
    `arguments` by their coerced form. All else is fixed when the call is born. An approver's edit
    is the same call with the next `revision`.
    """

    id: str
    run_id: str
    trace_id: str
    """Sixteen bytes in hex (W3C Trace Context): its own, or that of whoever makes it."""
    tool: str
    """The name that was asked for, known or not."""
    raw: Mapping[str, object] | str | bytes
    principal: Principal
    deadline_ms: int
    """Unix time; it stands still while the call is held."""
    created_ms: int
    step: int = 1
    """Position in the run, from 1, in the order of arrival."""
    is_direct: bool = True
    """A run of its own: a direct call without a run."""
    origin: Origin = Origin.CODE
    delegation: tuple[Delegate, ...] = ()
    """From the agent nearest to the principal to the one that proposes."""
    evidence: Evidence = NO_EVIDENCE
    idempotency_key: str | None = None
    """Given by the caller; derived from run and arguments where absent."""
    version: str | None = None
    """The one version of the tool that may answer: of a call that named a function, or was held."""
    dry_run: bool = False
    """It says what it would do, and does nothing."""
    in_dry_run: bool = False
    """Its run is dry, and so is all that is called from inside it: `resolve` makes a dry run of
    each call with effects. One without is made, and asks nobody."""
    in_shadow: bool = False
    """Its run is a shadow: what it takes of budgets is not its principal's."""
    parent_id: str | None = None
    """The call whose body made this one."""
    parent_span_id: str | None = None
    """The span of a host inside which it was made, eight bytes in hex."""
    is_sampled: bool = True
    """Whether spans of its trace may be kept."""
    revision: int = 0
    door: str = "python"
    stands_in_for: str | None = None
    """The call that was given up on, and whose answer this one's is."""
    redrives: str | None = None
    """The call that was given up on, and is made again by this one."""
    compensates: str | None = None
    """The call that took effect, and that this one takes back."""
    asked_by: str | None = None
    """The model request whose reply proposed this call."""
    position: int | None = None
    """Among the calls of that reply, from 0."""
    stated: Statement | None = None
    """How sure the model said it was, where its request asked for that; `None` where it did not."""
    takes_handles: bool = False
    """A model proposed it that is shown handles, and they have not been looked up yet."""
    definition: ToolDefinition | None = None
    arguments: JsonObject | None = None

    @property
    def traceparent(self) -> str:
        """The header that names this call as the parent (W3C Trace Context)."""
        # The first half of a UUIDv7 is the time: calls of one moment differ in the other.
        span_id = uuid_hex(self.id)[16:]
        return f"00-{self.trace_id}-{span_id}-{'01' if self.is_sampled else '00'}"

    def resolved(self, definition: ToolDefinition, arguments: JsonObject | None) -> "Call":
        """The same call with its tool and arguments known; once or twice on every road."""
        return Call(*(*_BORN_WITH(self), definition, arguments))

    @property
    def organization(self) -> str:
        """The tenant of the principal."""
        return self.principal.organization

    @property
    def known_definition(self) -> ToolDefinition:
        """The definition, for the stages after `resolve`."""
        if self.definition is None:
            raise BrokenPromise(f"call {self.id} has passed no resolve")
        return self.definition

    @property
    def known_arguments(self) -> JsonObject:
        """The arguments, for the stages after `resolve`."""
        if self.arguments is None:
            raise BrokenPromise(f"call {self.id} has passed no resolve")
        return self.arguments


_BORN_WITH: Final = attrgetter(*(each.name for each in fields(Call)[:-2]))
"""All but what `resolve` fills in, in order. `dataclasses.replace` costs five times as much."""
