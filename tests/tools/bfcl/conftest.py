"""Functions that nobody here wrote, and the tools that they become."""

import importlib.util
import json
from pathlib import Path

import pytest
from jsonschema_rs import Draft202012Validator
from pydantic import TypeAdapter

from highroad.domain.tool import ToolDefinition
from highroad.tools.compile import RegisteredTool
from highroad.tools.cost import FREE
from highroad.tools.digest import sealed
from highroad.tools.result import ResultCodec
from highroad.tools.schema import member_names
from highroad.tools.shapes import ToolSpec, read_tools

ROOT = Path(__file__).resolve().parents[3]
NOTHING = TypeAdapter(object)


def load_script():
    spec = importlib.util.spec_from_file_location("bfcl", ROOT / "scripts" / "bfcl.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = load_script()


def register(spec: ToolSpec, body):
    """A tool of a schema that stands ready for the road: the one place where these are made."""
    definition = ToolDefinition(
        name=spec.name,
        description=spec.description,
        input_schema=spec.input_schema,
        output_schema=spec.output_schema,
        digest="",
    )
    return RegisteredTool(
        definition=sealed(definition),
        function=body,
        is_async=False,
        validator=Draft202012Validator(
            dict(spec.input_schema), validate_formats=True, offline=True
        ),
        names=member_names(dict(spec.input_schema)),
        binder=None,
        result=ResultCodec(NOTHING),
        cost=FREE,
        checks=(),
        data_checks=(),
        owner_lookups=(),
        resources=(),
        probe=None,
        preview=None,
        transient=(),
        not_applied=(),
        context_parameter=None,
        deps=None,
    )


@pytest.fixture(name="register")
def _register():
    return register


@pytest.fixture(scope="session")
def fits():
    """Whether a call fits its function, judged in the data set's own words and by none of ours."""
    return SCRIPT.fits


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
