"""Assertions about the contract of a tool, as it is in force."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from highroad.domain.label import Label
from highroad.domain.tool import ArgumentRole
from highroad.settings import Settings, load
from highroad.tools.compile import RegisteredTool, compile_tool


def assert_contract(
    tool: Callable[..., Any],
    *,
    arguments: Mapping[str, str] | None = None,
    results: Mapping[str, str] | None = None,
    intent: Iterable[str] | None = None,
    settings: Settings | None = None,
) -> None:
    """Assert what a tool's contract says, wherever it comes from: code, settings, or a guess.

    Args:
        tool: A declared one, or a plain function.
        arguments: By name `content` or `secret`, or of control the least integrity of its source:
            `untrusted`, `third_party`, `system` or `user`.
        results: By JSON pointer into a result the integrity of what stands there.
        intent: The phrases of what somebody asks for who wants it, all of them.
        settings: Whose `[contracts]` hold; without them, those of the folder.

    Raises:
        AssertionError: It says something else; the message has each difference, and what that
            rests on.
        DeclarationError: It cannot be a tool.
    """
    __tracebackhide__ = True
    found = compile_tool(tool, (settings or load(Path.cwd(), {})).contracts)
    wrong = [
        *_of_arguments(found, arguments or {}),
        *_of_results(found, results or {}),
        *_of_intent(found, intent),
    ]
    if wrong:
        raise AssertionError("\n  ".join([f"The contract of {found.name} is another:", *wrong]))


def _of_arguments(tool: RegisteredTool[Any], wanted: Mapping[str, str]) -> Iterator[str]:
    members = tool.definition.input_schema.get("properties")
    names = members if isinstance(members, dict) else {}
    why = {each.subject: each.why for each in tool.reasons if not each.is_output}
    for name, word in wanted.items():
        if name not in names:
            yield f"{name}: it takes no such argument; there are {', '.join(names) or 'none'}"
            continue
        argument = tool.contract.argument(name)
        is_control = argument.role is ArgumentRole.CONTROL
        is_ = argument.integrity.word if is_control else argument.role.value
        if is_ != word:
            yield f"{name}: {is_}, and not {word} ({why.get(name, 'declared')})"


def _of_results(tool: RegisteredTool[Any], wanted: Mapping[str, str]) -> Iterator[str]:
    for pointer, word in wanted.items():
        label: Label = tool.contract.labels.at(pointer)
        if label.integrity.word != word:
            yield f"{pointer or 'the result'}: {label.integrity.word}, and not {word}"


def _of_intent(tool: RegisteredTool[Any], wanted: Iterable[str] | None) -> Iterator[str]:
    if wanted is not None and sorted(wanted) != sorted(tool.contract.intent):
        yield f"intent: {', '.join(tool.contract.intent) or 'none'}"
