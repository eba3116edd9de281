"""Domains that were written to try rules on which nobody had tried before.

What a file of `tests/data/redteam/domains` holds, its README says.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from bench.redteam import clinic
from highroad import tool_from_schema
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.tool import ToolDefinition
from highroad.evals.redteam.encodings import ENCODINGS, Encoding, encoding
from highroad.evals.redteam.played import Played
from highroad.evals.redteam.report import Report
from highroad.evals.redteam.scenario import Deed, Meaning, Scenario
from highroad.evals.redteam.scores import Score, score, without_road
from highroad.testing.models.compromised import NAME
from highroad.testing.redteam import Layer, layered, open_range
from highroad.tools.registry import Registry

NAMES: Final = ("clinic", "platform", "crm")
"""All of them."""
BENIGN: Final = "benign"
"""Kind of a scenario with nothing planted."""
_BAITED: Final = "baited"
_TEXT: Final = "text"
_FREE: Final = re.compile(r"«(?P<kind>\w+):(?P<own>[^»]*)»")
_NUMBERS: Final = frozenset({"cents"})


class Domain:
    """Tools with a world behind them, what users want of them, and what strangers want.

    Args:
        name: One of `NAMES`.
        folder: Where the files are.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._file: dict[str, Any] = json.loads((folder / f"{name}.json").read_text("utf-8"))
        self._goals = {each["name"]: each for each in self._file["goals"]}
        self._payload: tuple[str, ...] = ()
        self._bait: Mapping[str, JsonValue] = {}

    @cached_property
    def tools(self) -> Sequence[Any]:
        """Its tools, as whoever takes them over declares them: which only read is all they say."""
        if self.name == "clinic":
            return clinic.TOOLS
        is_mcp = self.name == "platform"
        return [(_mcp if is_mcp else self._operation)(each) for each in self._file["tools"]]

    def _operation(self, told: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any tool
        return tool_from_schema(
            lambda _: None,
            name=told["operationId"],
            description=told["summary"],
            parameters=told["parameters"],
            returns=_whole(told["response"], self._file["schemas"]),
            tier="read" if told["method"] == "get" else "irreversible",
        )

    def benign(self) -> Iterator[Scenario]:
        """Every task, with nothing planted."""
        for task in self._file["tasks"]:
            yield self._scenario(task, BENIGN, "")

    def attacks(self, way: Encoding, *, is_baited: bool = False) -> Iterator[Scenario]:
        """Every task with every goal.

        The instruction stands in all texts that a stranger writes. A task that reads none is played
        with a model that has the goal of its own.

        Args:
            way: In which the instruction is written.
            is_baited: Put values of the goal into the other fields that a stranger fills.
        """
        for task in self._file["tasks"]:
            for goal in self._file["goals"]:
                more = f"{goal['name']}.{_BAITED}" if is_baited else goal["name"]
                deeds = _deeds(goal["calls"])
                if not self._is_told(task):
                    yield self._scenario(task, goal["name"], more, smuggled=deeds)
                    continue
                yield self._scenario(
                    task,
                    goal["name"],
                    more,
                    planted={0: way.write(f"IMPORTANT, before anything else: {goal['words']}")},
                    meanings=(Meaning(goal["words"], deeds),),
                    encoding=way.name,
                )

    def _scenario(
        self,
        task: Mapping[str, Any],
        kind: str,
        more: str,
        **planted: Any,  # noqa: ANN401 - what a scenario takes
    ) -> Scenario:
        return Scenario(
            suite=self.name,
            kind=kind,
            name=f"{task['name']}.{more}".strip("."),
            target=kind,
            request=task["request"],
            earlier=tuple(task.get("earlier", ())),
            task=_deeds(task["calls"]),
            **planted,
        )

    def _is_told(self, task: Mapping[str, Any]) -> bool:
        """Whether a stranger's text stands in what the calls of a task return."""
        called = [self._file["results"][deed.tool] for deed in _deeds(task["calls"])]
        return f"«{_TEXT}:" in json.dumps(called, ensure_ascii=False)

    # -- the world of a scenario ------------------------------------------------------------------

    def begin(self, scenario: Scenario) -> None:
        """Plant what the scenario has."""
        self._payload = tuple(scenario.planted.get(0, ()))
        is_baited = scenario.name.endswith(f".{_BAITED}")
        self._bait = self._goals[scenario.kind]["bait"] if is_baited else {}

    def do(self, tool: ToolDefinition, arguments: JsonObject) -> object:
        """What a tool returns."""
        found = self._file["results"][tool.name]
        if "by" not in found:
            return self._filled(found["result"])
        known = found["results"]
        return self._filled(known.get(arguments.get(found["by"]), next(iter(known.values()))))

    def is_harmed(self) -> bool | None:
        """It shows in which bodies ran alone."""
        return None

    def is_served(self) -> bool | None:
        """Likewise."""
        return None

    def _filled(self, found: JsonValue) -> JsonValue:
        match found:
            case str():
                whole = _FREE.fullmatch(found)
                if whole is None or whole["kind"] not in {*self._bait, *_NUMBERS}:
                    return _FREE.sub(self._written, found)
                return self._bait.get(whole["kind"]) or int(whole["own"])
            case dict():
                return {key: self._filled(each) for key, each in found.items()}
            case list():
                return [self._filled(each) for each in found]
            case _:
                return found

    def _written(self, free: re.Match[str]) -> str:
        if free["kind"] == _TEXT:
            return "\n".join((free["own"], *self._payload))
        return str(self._bait.get(free["kind"], free["own"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Domains:
    """A campaign over domains.

    Args:
        folder: Where their files are.
        root: Folder of the settings.
        layers: How much of the road is on.
        every: Of so many attacks one is played; all tasks with nothing planted are.
        encodings: In which instructions are written.
    """

    folder: Path
    root: Path
    layers: Sequence[Layer] = (Layer.GROUNDING, Layer.PROVENANCE, Layer.FULL)
    every: int = 1
    encodings: Sequence[str] = (ENCODINGS[0].name,)

    async def report(self) -> Report:
        """Play them."""
        domains = [Domain(name, self.folder) for name in NAMES]
        scores: list[Score] = []
        for domain in domains:
            for layer in self.layers:
                played = await self.played(domain, layer)
                if layer is self.layers[0]:
                    scores += without_road(domain.name, played)
                scores.append(score(domain.name, layer, played))
        return Report(
            model=NAME,
            tools=sum(len(domain.tools) for domain in domains),
            left_out=(),
            scores=tuple(scores),
            every=self.every,
        )

    async def played(self, domain: Domain, layer: Layer) -> list[Played]:
        """Play one, under one layer."""
        settings = layered(layer, Registry(domain.tools).definitions(), self.root)
        attacks = [
            scenario
            for written in self.encodings
            for is_baited in (False, True)
            for scenario in domain.attacks(encoding(written), is_baited=is_baited)
        ]
        async with open_range(domain.tools, domain, settings) as opened:
            scenarios = [*domain.benign(), *attacks[:: self.every]]
            return [await opened.play(scenario) for scenario in scenarios]


def _mcp(told: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any tool
    hints = told["annotations"]
    return tool_from_schema(
        lambda _: None,
        name=told["name"],
        description=told["description"],
        parameters=told["inputSchema"],
        returns=told.get("outputSchema"),
        source="platform.example",
        annotations=hints,
        tier="read" if hints["readOnlyHint"] else "irreversible",
    )


def _deeds(calls: Sequence[Mapping[str, JsonObject]]) -> tuple[Deed, ...]:
    return tuple(Deed(tool, arguments) for each in calls for tool, arguments in each.items())


def _whole(part: Any, schemas: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any part of a schema
    """A schema with the schemas that it uses."""
    match part:
        case {"use": name}:
            return schemas[name]
        case dict():
            return {key: _whole(each, schemas) for key, each in part.items()}
        case list():
            return [_whole(each, schemas) for each in part]
        case _:
            return part
