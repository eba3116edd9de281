"""Function definitions and ground-truth calls of the Berkeley Function Calling Leaderboard.

`python scripts/bfcl.py` draws the sample in `tests/data/bfcl`; the nightly tests read all of it.
The data is in the wheel of `bfcl-eval`, which is fetched by its hash and never installed.
"""

import argparse
import ast
import hashlib
import json
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

VERSION: Final = "2026.3.23"
SHA256: Final = "3bb6dfa5f0c68ad403c9ec50b00db2bb3b4cc9b38ab1ff33f48fe30d853d3a0a"
WHEEL: Final = f"bfcl_eval-{VERSION}-py3-none-any.whl"
DATA: Final = "bfcl_eval/data/"
ROOT: Final = Path(__file__).resolve().parents[1]
SAMPLE: Final = ROOT / "tests/data/bfcl/sample.jsonl"

DEFINITIONS: Final = 400
CALLS_EACH: Final = 4
OF_EACH_KIND: Final = 10
SEED: Final = 4

OF_CLASS: Final = {
    "GorillaFileSystem": "gorilla_file_system",
    "MathAPI": "math_api",
    "MessageAPI": "message_api",
    "TicketAPI": "ticket_api",
    "TradingBot": "trading_bot",
    "TravelAPI": "travel_booking",
    "TwitterAPI": "posting_api",
    "VehicleControlAPI": "vehicle_control",
}
"""In which file the functions of a class stand."""
NAMES_OF: Final = {
    str: {"string", "String"},
    int: {"integer", "long"},
    float: {"float", "double"},
    bool: {"boolean", "Boolean"},
    list: {"array", "Array", "ArrayList", "tuple"},
    dict: {"dict", "HashMap"},
}
"""What the data set calls a class of Python."""


@dataclass(frozen=True)
class Case:
    """One function as it stands in the data, and calls of it that were judged to be right."""

    function: dict[str, Any]
    calls: list[dict[str, Any]]


def fetched(folder: Path) -> Path:
    """The wheel, from `folder` or through pip.

    Raises:
        RuntimeError: pip cannot fetch it, or what it fetched is not what is pinned.
    """
    wheel = folder / WHEEL
    if not wheel.exists():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = folder / "requirements.txt"
        wanted.write_text(f"bfcl-eval=={VERSION} --hash=sha256:{SHA256}\n", "utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--require-hashes", "--dest", str(folder), "--requirement", str(wanted)]
        done = subprocess.run(  # noqa: S603  the command is ours
            command, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"pip cannot fetch bfcl-eval {VERSION}: {done.stderr.strip()}")
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != SHA256:
        raise RuntimeError(f"{wheel} is not the pinned wheel; remove it and try again")
    return wheel


def definitions(wheel: Path) -> Iterator[dict[str, Any]]:
    """Every function that stands in a question, as often as it does."""
    for rows in _questions(wheel).values():
        for row in rows:
            yield from _functions(row)


def cases(wheel: Path) -> list[Case]:
    """Each function once, with the ground-truth calls of it."""
    found: dict[str, Case] = {}
    calls: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for functions, row_calls in _rows(wheel):
        by_name = {function["name"]: function for function in functions}
        for function in functions:
            found.setdefault(_key(function), Case(function, []))
        for name, arguments in row_calls:
            if name in by_name:
                calls[_key(by_name[name])][_key(arguments)] = arguments
    return [Case(case.function, list(calls[key].values())) for key, case in found.items()]


def fits(value: object, schema: dict[str, Any]) -> bool:
    """Whether a value fits a schema, in the data set's own words for types."""
    kind = schema.get("type")
    if kind != "any" and kind not in _words(value):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, list):
        return all(fits(each, schema.get("items", {"type": "any"})) for each in value)
    if isinstance(value, dict) and "properties" in schema:
        members = schema["properties"]
        return set(schema.get("required", ())) <= value.keys() <= members.keys() and all(
            fits(each, members[name]) for name, each in value.items()
        )
    return True


def _words(value: object) -> set[str]:
    known = NAMES_OF.get(type(value), set())
    return known | NAMES_OF[float] if type(value) is int else known


def _rows(wheel: Path) -> Iterator[tuple[list[dict[str, Any]], list[tuple[str, dict[str, Any]]]]]:
    """The functions of each question, and the calls that answer it."""
    answers = _answers(wheel)
    documented = _documented(wheel)
    for rows in _questions(wheel).values():
        for row in rows:
            functions = list(_functions(row))
            for name in row.get("involved_classes", ()):
                functions += documented.get(OF_CLASS.get(name, ""), [])
            truth = answers.get(row["id"], [])
            yield functions, list(_calls(truth, {each["name"]: each for each in functions}))


def _calls(
    truth: list[Any], functions: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in truth:
        if isinstance(each, dict):
            for name, options in each.items():
                yield name, _chosen(options)
        elif isinstance(each, list):
            for text in each:
                yield from _written(text, functions)


def _chosen(options: dict[str, list[Any]]) -> dict[str, Any]:
    """Of the values that are right for each argument the first; `""` stands for none."""
    chosen = {}
    for name, values in options.items():
        given = [value for value in values if not (isinstance(value, str) and value == "")]
        if given:
            chosen[name] = _plain(given[0])
    return chosen


def _plain(value: Any) -> Any:  # noqa: ANN401  data of any form
    if isinstance(value, dict):
        is_options = all(isinstance(each, list) for each in value.values())
        return _chosen(value) if is_options else value
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _written(
    text: str, functions: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """A call that stands there as Python."""
    call = ast.parse(text, mode="eval").body
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return
    function = functions.get(call.func.id)
    names = list(function["parameters"]["properties"]) if function else []
    try:
        given = dict(zip(names, map(ast.literal_eval, call.args), strict=False))
        given |= {each.arg: ast.literal_eval(each.value) for each in call.keywords if each.arg}
    except ValueError:
        return
    yield call.func.id, json.loads(json.dumps(given))


def _questions(wheel: Path) -> dict[str, list[dict[str, Any]]]:
    with ZipFile(wheel) as archive:
        return {
            name: _lines(archive, name)
            for name in sorted(archive.namelist())
            if name.startswith(f"{DATA}BFCL_v4_") and "format_sensitivity" not in name
        }


def _answers(wheel: Path) -> dict[str, list[Any]]:
    with ZipFile(wheel) as archive:
        folder = f"{DATA}possible_answer/"
        names = [name for name in archive.namelist() if name.startswith(folder)]
        return {row["id"]: row["ground_truth"] for name in names for row in _lines(archive, name)}


def _documented(wheel: Path) -> dict[str, list[dict[str, Any]]]:
    with ZipFile(wheel) as archive:
        folder = f"{DATA}multi_turn_func_doc/"
        names = [name for name in archive.namelist() if name.startswith(folder)]
        return {Path(name).stem: _lines(archive, name) for name in names}


def _lines(archive: ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(name).decode().splitlines() if line.strip()]


def _functions(row: dict[str, Any]) -> list[dict[str, Any]]:
    functions = row.get("function", [])
    return functions if isinstance(functions, list) else [functions]


def _key(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _kinds(schema: object) -> Iterator[str]:
    """What is peculiar in a schema: its words for types, and its keywords."""
    if isinstance(schema, dict):
        yield str(schema.get("type"))
        yield from (f"keyword {key}" for key in schema if isinstance(schema.get("type"), str))
        for value in schema.values():
            yield from _kinds(value)


def _sampled(every: list[Case]) -> list[Case]:
    """Some of each kind, then any, of which half have calls; the same for the same seed."""
    chance = random.Random(SEED)  # noqa: S311  a sample, and no secret
    order = chance.sample(every, len(every))
    seen: dict[str, int] = defaultdict(int)
    chosen = []
    for case in order:
        kinds = set(_kinds(case.function["parameters"]))
        if any(seen[kind] < OF_EACH_KIND for kind in kinds):
            chosen.append(case)
        for kind in kinds:
            seen[kind] += 1
    rest = [case for case in order if case not in chosen]
    rest.sort(key=lambda case: not case.calls)
    chosen += rest[: DEFINITIONS - len(chosen)]
    return [Case(case.function, case.calls[:CALLS_EACH]) for case in chosen[:DEFINITIONS]]


def main() -> None:
    """Draw the sample."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / ".tools/bfcl", help="of the wheel")
    sample = _sampled(cases(fetched(parser.parse_args().folder)))
    lines = [
        json.dumps({"function": case.function, "calls": case.calls}, separators=(",", ":"))
        for case in sample
    ]
    SAMPLE.parent.mkdir(parents=True, exist_ok=True)
    SAMPLE.write_text("\n".join(lines) + "\n", "utf-8")
    calls = sum(len(case.calls) for case in sample)
    print(f"{SAMPLE.relative_to(ROOT)}: {len(sample)} definitions, {calls} calls")


if __name__ == "__main__":
    main()
