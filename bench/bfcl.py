"""Questions of the Berkeley Function Calling Leaderboard, put to the offline model.

Of each set the questions with even numbers were there to develop on; those with odd numbers were
kept apart, and nobody looked at which of them fail. A question is one request with the tools that
stand beside it. A call is right when its tool is, and every argument has one of the values that the
data set accepts, compared as its own checker does: without case, blanks and `,./-_*^`.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from zipfile import ZipFile

from scripts.bfcl import DATA, VERSION, fetched
from scripts.locked_environment import ROOT

from bench.harness import BenchError, Reading
from highroad.agents.offline import Offline
from highroad.domain.json_value import JsonObject
from highroad.domain.model import ModelCall, ModelReply, ModelRequest, OfferedTool, UserMessage
from highroad.tools.shapes import offer, read_tools

_IGNORED: Final = re.compile(r"[ ,./\-_*^]")
_NOON_MS: Final = 1_748_865_600_000
"""2 June 2025, which `tomorrow` is counted from."""


class Noon:
    """A clock that stands."""

    def now_ms(self) -> int:
        """Always the same."""
        return _NOON_MS

    def monotonic_s(self) -> float:
        """Always the same."""
        return 0.0

    async def sleep(self, seconds: float) -> None:
        """Nobody waits here."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request, the functions beside it, and the calls that are accepted."""

    text: str
    functions: Sequence[Mapping[str, Any]]
    truth: Mapping[str, Mapping[str, Any]]
    """By function, for each argument the values that are right; empty where none fits."""
    is_held_out: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a question."""

    tool: bool
    """The right tool was called, or rightly none."""
    call: bool
    """All its arguments were right too."""
    asked: bool
    """Nothing was called."""


@cache
def questions(name: str) -> tuple[Question, ...]:
    """One set, in order.

    Raises:
        BenchError: The data cannot be had.
    """
    try:
        wheel = fetched(ROOT / ".tools" / "bfcl")
    except RuntimeError as error:
        raise BenchError(str(error)) from error
    with ZipFile(wheel) as archive:
        rows = _lines(archive, f"{DATA}BFCL_v4_{name}.json")
        answers = f"{DATA}possible_answer/BFCL_v4_{name}.json"
        known = answers in archive.namelist()
        truth = (
            {row["id"]: row["ground_truth"][0] for row in _lines(archive, answers)} if known else {}
        )
    return tuple(
        Question(
            text=row["question"][0][-1]["content"],
            functions=row["function"],
            truth=truth.get(row["id"], {}),
            is_held_out=at % 2 == 1,
        )
        for at, row in enumerate(rows)
    )


def _lines(archive: ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(name).decode().splitlines() if line.strip()]


async def judged(question: Question) -> Judged:
    """Put one question to the offline model."""
    specs = [each.spec for each in read_tools([dict(each) for each in question.functions]).tools]
    offered = offer(specs, "openai")
    tools = [
        OfferedTool(
            name=offered.names.legal_name(spec.name),
            description=spec.description,
            input_schema=spec.input_schema,
        )
        for spec in specs
    ]
    call = await _call(ModelRequest(messages=[UserMessage(text=question.text)], tools=tools))
    if call is None:
        return Judged(tool=not question.truth, call=not question.truth, asked=True)
    name = offered.names.own_name(call.tool)
    accepted = question.truth.get(name or "")
    if accepted is None:
        return Judged(tool=False, call=False, asked=False)
    return Judged(tool=True, call=is_right(json.loads(call.arguments), accepted), asked=False)


async def _call(request: ModelRequest) -> ModelCall | None:
    parts = [part async for part in Offline(Noon()).reply(request)]
    reply = parts[-1]
    if not isinstance(reply, ModelReply):
        raise BenchError("the offline model gave no whole reply")
    return next(iter(reply.message.calls), None)


def is_right(arguments: JsonObject, accepted: Mapping[str, Sequence[Any]]) -> bool:
    """Whether every argument has an accepted value, and none is missing that must not be."""
    given = all(
        name in accepted and _is_among(value, accepted[name]) for name, value in arguments.items()
    )
    return given and all(name in arguments or "" in values for name, values in accepted.items())


def _is_among(value: object, accepted: Sequence[Any]) -> bool:
    return any(_is_same(value, each) for each in accepted)


def _is_same(value: object, accepted: object) -> bool:
    if isinstance(value, dict) and isinstance(accepted, dict):
        lists = all(isinstance(each, list) for each in accepted.values())
        return is_right(value, accepted) if lists else value == accepted
    if isinstance(value, bool) or isinstance(accepted, bool):
        return value is accepted
    return _plain(value) == _plain(accepted)


def _plain(value: object) -> object:
    if isinstance(value, str):
        return _IGNORED.sub("", value).lower().replace("'", '"')
    return [_plain(each) for each in value] if isinstance(value, list) else value


async def figures(name: str) -> dict[str, dict[str, float]]:
    """For each half of a set: how many questions, and the shares that were right."""
    halves: dict[str, Counter[str]] = {"developed on": Counter(), "held out": Counter()}
    for question in questions(name):
        found = await judged(question)
        half = halves["held out" if question.is_held_out else "developed on"]
        half.update(_counted(found))
    return {half: dict(_shares(counts)) for half, counts in halves.items()}


def _counted(found: Judged) -> Iterator[str]:
    yield "questions"
    yield from (name for name in ("tool", "call", "asked") if getattr(found, name))


def _shares(counts: Counter[str]) -> Iterator[tuple[str, float]]:
    yield "questions", counts["questions"]
    for name in ("tool", "call", "asked"):
        yield name, round(counts[name] / counts["questions"], 3)


async def measure_simple() -> Reading:
    """Measure A1."""
    return await _reading("A1", "simple_python", "of the calls right, held-out half")


async def measure_multiple() -> Reading:
    """Measure A1b."""
    return await _reading("A1b", "multiple", "of the calls right, held-out half")


async def measure_irrelevance() -> Reading:
    """Measure A1c."""
    return await _reading("A1c", "irrelevance", "rightly not called, held-out half")


async def _reading(number: str, name: str, unit: str) -> Reading:
    halves = await figures(name)
    return Reading(
        id=number,
        value=halves["held out"]["call"],
        unit=unit,
        reach="reported",
        reference={"bfcl-eval": VERSION, "set": name},
        absolute=halves,
    )
