"""Who stands in for whom among the tools of a runtime: all are there, and none in a circle."""

from collections.abc import Iterator
from typing import Any

from highroad.tools.compile import RegisteredTool
from highroad.tools.declaring.fallback import Fallback
from highroad.tools.registry import Registry


def check_fallbacks(registry: Registry) -> None:
    """See that every tool that stands in is there, takes what it is given, and comes to an end.

    Raises:
        DeclarationError: One does not; the message names the tools.
    """
    for tool in registry:
        for fallback, successor in _successors(tool, registry):
            if fallback.arguments is None:
                _check_arguments(tool, successor)
        _check_end(tool, (tool,), registry)


def _successors(
    tool: RegisteredTool[Any], registry: Registry
) -> Iterator[tuple[Fallback, RegisteredTool[Any]]]:
    for each in tool.fallbacks:
        if isinstance(each, Fallback):
            found = registry.find(each.to)
            if found is None:
                name = each.to if isinstance(each.to, str) else getattr(each.to, "__name__", "?")
                raise tool.site.error(
                    f"its fallback {name} was not given to this runtime: open it with "
                    f"tools=[..., {name}]"
                )
            yield each, found


def _check_end(
    tool: RegisteredTool[Any], path: tuple[RegisteredTool[Any], ...], registry: Registry
) -> None:
    """Versions of a name are one tool here: which of them answers, the caller's flags decide."""
    for _, successor in _successors(tool, registry):
        names = [each.name for each in path]
        if successor.name in names:
            circle = " → ".join([*names[names.index(successor.name) :], successor.name])
            raise path[0].site.error(
                f"its fallbacks lead in a circle ({circle}); take one of them out"
            )
        _check_end(successor, (*path, successor), registry)


def _check_arguments(tool: RegisteredTool[Any], successor: RegisteredTool[Any]) -> None:
    """Without a function that makes other arguments, those of the one must do for the other."""
    given = tool.definition.input_schema.get("properties")
    taken = successor.definition.input_schema.get("properties")
    required = successor.definition.input_schema.get("required")
    ours = set(given) if isinstance(given, dict) else set()
    theirs = set(taken) if isinstance(taken, dict) else set()
    needed = {str(name) for name in required} if isinstance(required, list) else set()
    wrong = sorted(needed - ours) or sorted(ours - theirs)
    if wrong:
        verb = "needs" if needed - ours else "does not take"
        raise tool.site.error(
            f"its fallback {successor.name} {verb} {', '.join(wrong)}: say with "
            "Fallback(to=…, arguments=…) what it is called with"
        )
