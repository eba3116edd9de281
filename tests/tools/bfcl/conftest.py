"""Functions that nobody here wrote, and the tools that they become."""

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.shapes import SHAPES, ToolSpec, read_tools
from highroad.tools.shapes.names import NameTable
from highroad.tools.validate import Validated, check_arguments

ROOT = Path(__file__).resolve().parents[3]


def load_script():
    spec = importlib.util.spec_from_file_location("bfcl", ROOT / "scripts" / "bfcl.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = load_script()


def register(spec: ToolSpec, body):
    """A tool of a schema that stands ready for the road: the one place where these are made."""
    name = NameTable.of([spec.name], SHAPES["openai"].names).legal_name(spec.name)
    return compile_tool(tool_from_schema(body, name=name, parameters=spec.input_schema))


LARGEST = 2**53


def judge(tool, raw):
    """What the road says of arguments before anybody is asked; what passes runs."""
    arguments = parse(raw, names=tool.names)
    checked = arguments if isinstance(arguments, Invalid) else check_arguments(tool, arguments)
    if isinstance(checked, Validated):
        tool.start(checked.arguments, context=None)
    return checked


def codes(tool, raw):
    checked = judge(tool, raw)
    return {problem.code for problem in checked.problems} if isinstance(checked, Invalid) else set()


def spoiled(call, schema):
    """Every way to spoil a right call, with the code that must be answered."""
    text = json.dumps(call)
    yield text[:-1], "json_truncated"
    yield json.dumps({**call, "no such argument": 1}), "unknown_argument"
    for name in schema.get("required", ()):
        yield json.dumps({key: value for key, value in call.items() if key != name}), "required"
    for name, value in call.items():
        member = schema["properties"][name]
        first = json.dumps({name: value})[1:-1]
        yield f"{{{first}, {text[1:]}", "duplicate_key"
        yield json.dumps({**call, name: LARGEST}), "integer_range"
        if isinstance(member.get("type"), str):
            yield json.dumps({**call, name: of_another_type(member["type"])}), "type"
        if "enum" in member:
            yield json.dumps({**call, name: "no such value"}), "enum"
        if "maximum" in member:
            yield json.dumps({**call, name: member["maximum"] + 1}), "maximum"


def of_another_type(kind):
    return {"a": 1} if kind == "array" else [1] if kind == "object" else {"a": [1]}


@pytest.fixture(scope="session")
def trial():
    """How a call is put to a tool, and how it is spoiled.

    Whether a call fits its function is judged in the data set's own words, by none of our rules.
    """
    return SimpleNamespace(
        register=register, judge=judge, codes=codes, spoiled=spoiled, fits=SCRIPT.fits
    )


@pytest.fixture(scope="session")
def wheel():
    """The pinned wheel; a test that needs it fails where it cannot be had."""
    return SCRIPT.fetched(ROOT / ".tools" / "bfcl")


@pytest.fixture(scope="session", params=["sample", pytest.param("all", marks=pytest.mark.nightly)])
def cases(request):
    """Functions with their ground-truth calls: some in every run, all at night."""
    if request.param == "all":
        return SCRIPT.cases(request.getfixturevalue("wheel"))
    lines = SCRIPT.SAMPLE.read_text("utf-8").splitlines()
    return [SCRIPT.Case(**json.loads(line)) for line in lines]


@pytest.fixture(scope="session")
def read(cases):
    """Each function as a foreign tool, in the order of the cases."""
    tools = read_tools([case.function for case in cases])
    assert tools.unread == ()
    return tools.tools


@pytest.fixture(scope="session")
def every_definition(wheel):
    """Each function as often as it stands in a question."""
    return list(SCRIPT.definitions(wheel))


@pytest.fixture(scope="session")
def every_case(wheel):
    """Each function once, with all its calls."""
    return SCRIPT.cases(wheel)
