"""What bodies are handed in their context: deps, made per principal and run."""

import inspect
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from types import NoneType
from typing import Any, Final

from highroad.domain.error import DeclarationError
from highroad.domain.identity import Principal
from highroad.tools.compile import RegisteredTool

Factory = Callable[..., Any | Awaitable[Any]]
"""Makes a dep, of nothing or of the principal; sync or async."""

_KEPT_RUNS: Final = 1_024


class Deps:
    """Makes deps when they are first wanted."""

    def __init__(self, factories: Mapping[type, Factory] | None = None) -> None:
        self._factories = dict(factories or {})
        self._takes_principal = {
            kind: bool(inspect.signature(factory).parameters)
            for kind, factory in self._factories.items()
        }
        self._kept: OrderedDict[tuple[type, Principal, str], Any] = OrderedDict()

    def check(self, tool: RegisteredTool[Any]) -> None:
        """See that what a tool asks for can be made.

        Raises:
            DeclarationError: No factory was named for its deps.
        """
        wanted = tool.deps
        if isinstance(wanted, type) and wanted not in {NoneType, *self._factories}:
            raise DeclarationError(
                f"tool {tool.definition.name} wants ToolContext[{wanted.__name__}], and nobody "
                f"says how to make one: open the runtime with deps={{{wanted.__name__}: factory}}"
            )

    async def make(
        self, kind: object, principal: Principal, run_id: str, *, is_kept: bool
    ) -> object:
        """The dep of that type, for this principal and run.

        Args:
            kind: As `ToolContext[kind]` names it; one without a factory is `None`.
            principal: Given to the factory if it takes something.
            run_id: Calls of one run share what was made.
            is_kept: The run may make more calls.
        """
        if not isinstance(kind, type) or kind not in self._factories:
            return None
        key = (kind, principal, run_id)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        factory = self._factories[kind]
        made = factory(principal) if self._takes_principal[kind] else factory()
        if inspect.isawaitable(made):
            made = await made
        if is_kept:
            self._kept[key] = made
            if len(self._kept) > _KEPT_RUNS:
                self._kept.popitem(last=False)
        return made

    def clear(self) -> None:
        """Forget what was made."""
        self._kept.clear()
