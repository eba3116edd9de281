"""Which tools take back what others did: all are there, and take what they are given."""

from typing import Any

from highroad.tools.compile import RegisteredTool
from highroad.tools.declaring.compensation import Compensation
from highroad.tools.registry import Registry


def check_compensations(registry: Registry) -> None:
    """See that every compensation can be called.

    Raises:
        DeclarationError: One cannot; the message names the tools.
    """
    for tool in registry:
        if tool.compensation is not None:
            _check(tool, tool.compensation, registry)


def _check(tool: RegisteredTool[Any], compensation: Compensation, registry: Registry) -> None:
    found = registry.find(compensation.to)
    if found is None:
        raise tool.site.error(
            f"its compensation {compensation.name} was not given to this runtime: open it with "
            f"tools=[..., {compensation.name}]"
        )
    if found.name != compensation.name:
        raise tool.site.error(
            f"its compensation is called {found.name} by models and policies: name it so, with "
            f'Compensation(to="{found.name}")'
        )
    if not found.definition.has_effects:
        raise tool.site.error(f"its compensation {found.name} is a read, which takes nothing back")
    _check_arguments(tool, compensation, found)


def _check_arguments(
    tool: RegisteredTool[Any], compensation: Compensation, found: RegisteredTool[Any]
) -> None:
    """Without code that makes its arguments, they can be seen before anything is called."""
    rule = compensation.rule
    if rule.is_code:
        return
    taken = _names(found, "properties")
    given = _names(tool, "properties") & taken if rule.arguments is None else set(rule.arguments)
    wrong = sorted(_names(found, "required") - given) or sorted(given - taken)
    if wrong:
        verb = "needs" if _names(found, "required") - given else "does not take"
        raise tool.site.error(
            f"its compensation {found.name} {verb} {', '.join(wrong)}: say with "
            "Compensation(to=…, arguments=…) what it is called with"
        )


def _names(tool: RegisteredTool[Any], keyword: str) -> set[str]:
    found = tool.definition.input_schema.get(keyword)
    return {str(name) for name in found} if isinstance(found, dict | list) else set()
