"""Would this call run, after all that the model has read? Over the real road; no body runs."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from highroad.agents.agent import Agent
from highroad.domain.error import Code, HighroadError
from highroad.domain.grounding import ValueSource
from highroad.domain.identity import Principal
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.run import Run
from highroad.domain.tool import ToolDefinition
from highroad.domain.trail import Explanation
from highroad.settings import Settings, load
from highroad.testing.models.line import call
from highroad.testing.models.scripted import ScriptedModel
from highroad.testing.rehearsal import TESTER, Rehearsal
from highroad.tools.declaring.declare import declaration_of

_ENFORCING: Final = {"HIGHROAD_PROVENANCE_MODE": "enforce"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Saw:
    """What an earlier call of the run brought."""

    tool: Callable[..., Any]
    result: object
    arguments: JsonObject = field(default_factory=dict)


def saw(tool: Callable[..., Any], result: object, /, **arguments: JsonValue) -> Saw:
    """Say what a tool returned to the model before.

    Args:
        tool: That was called.
        result: What its body would have returned, or the JSON of it.
        **arguments: With which it was called.
    """
    return Saw(tool=tool, result=result, arguments=arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCall:
    """What becomes of a call, and why."""

    status: str
    """`completed`, `held` or `refused`."""
    codes: tuple[str, ...]
    """Of the reasons why people are asked, or of the error."""
    reasons: tuple[str, ...]
    """The same in words, free of values; of a refusal the rule, where one decided."""
    sources: tuple[ValueSource, ...]
    """Where its control values came from."""

    @property
    def integrity(self) -> dict[str, str]:
        """By pointer into the arguments, how far the value there may be trusted."""
        return {
            each.pointer: each.integrity.word for each in self.sources if each.integrity is not None
        }

    def __str__(self) -> str:
        """As a failing assertion is to show it."""
        why = "".join(f"\n  {reason}" for reason in self.reasons)
        return f"{self.status} ({', '.join(self.codes) or 'no reason to ask'}){why}"


async def judged(  # noqa: PLR0913 - a call and its history
    tool: Callable[..., Any],
    arguments: Mapping[str, JsonValue],
    *,
    request: str,
    seen: Iterable[Saw] = (),
    settings: Settings | None = None,
    principal: Principal = TESTER,
) -> JudgedCall:
    """What would become of a model's call of `tool`, after this request and these results.

    It goes the whole road: policy, grounding, provenance, tier, `ask`. No body of a tool runs, and
    nothing is kept.

    Args:
        tool: That is called.
        arguments: By the model.
        request: What the user said.
        seen: What the model has read since, in order.
        settings: In force; without them those of the folder, with provenance enforced.
        principal: For whom.

    Raises:
        HighroadError: A call of `seen` did not run itself; the message says why. Or the body of a
            tool runs apart, where no other can stand in for it.
    """
    before = list(seen)
    _check([tool, *(each.tool for each in before)])
    bodies = _Bodies(before)
    script = [call(_name(each.tool), **each.arguments) for each in before]
    tools = dict.fromkeys([tool, *(each.tool for each in before)])
    agent = Agent(
        name="judged",
        tools=[*tools],
        model=ScriptedModel(*script, call(_name(tool), **arguments), "Done."),
    )
    rehearsal = Rehearsal(settings=settings or load(Path.cwd(), _ENFORCING), principal=principal)
    rehearsal.wrap(bodies.around)
    run = await rehearsal.run(agent, request)
    return await _told(rehearsal, run, before)


def _check(tools: Iterable[Callable[..., Any]]) -> None:
    for tool in tools:
        if declaration_of(tool).definition.isolation is not None:
            raise HighroadError(
                f"the body of {_name(tool)} runs apart, where no other can stand in for it: judge "
                "the same function without `isolation`"
            )


def _name(tool: Callable[..., Any]) -> str:
    return declaration_of(tool).definition.name


class _Bodies:
    """Bodies that return what was said of them, and do nothing."""

    def __init__(self, seen: Iterable[Saw]) -> None:
        self._results: defaultdict[str, deque[object]] = defaultdict(deque)
        for each in seen:
            self._results[_name(each.tool)].append(each.result)

    def around(self, tool: ToolDefinition, _: Callable[..., Any]) -> Callable[..., Any]:
        """The body in place of a tool's own, or of that of its batches, which takes a list."""

        def body(*given: object, **__: object) -> object:
            if tool.batch is not None and given and isinstance(given[0], list):
                return [self._next(tool.name) for _ in given[0]]
            return self._next(tool.name)

        return body

    def _next(self, tool: str) -> object:
        results = self._results[tool]
        return results.popleft() if results else None


async def _told(rehearsal: Rehearsal, run: Run, before: list[Saw]) -> JudgedCall:
    steps = (await rehearsal.audit.trail(run.id)).steps
    told = [await rehearsal.audit.explain(each.call_id) for each in steps[: len(before) + 1]]
    for each, found in zip(before, told, strict=False):
        if found.status != "completed":
            raise HighroadError(
                f"the call of {_name(each.tool)} that the model is to have seen is {found.status} "
                f"({_codes(found)}): give it arguments with which it runs"
            )
    found = told[-1]
    obligations = [o for approval in found.approvals for o in approval.obligations]
    # It ran, with nothing to return: nobody says what.
    has_run = found.status in {"completed", "failed"} and found.code == Code.RESULT_INVALID
    refused = () if found.code is None or has_run else (found.code,)
    return JudgedCall(
        status="completed" if has_run else found.status,
        codes=tuple(each.code for each in obligations) or refused,
        reasons=tuple(each.reason for each in obligations) or ((found.rule,) if found.rule else ()),
        sources=found.sources,
    )


def _codes(found: Explanation) -> str:
    held = [each.code for approval in found.approvals for each in approval.obligations]
    return ", ".join(held) or str(found.code)
