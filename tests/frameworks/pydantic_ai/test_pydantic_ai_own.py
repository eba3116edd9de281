"""How tools of the host run on the road: their types, words, results and toolsets."""

from dataclasses import replace
from datetime import date
from typing import Annotated

import pytest
from pydantic import AfterValidator, ValidationInfo
from pydantic_ai import Agent, BinaryContent, ModelRetry, RunContext, Tool, ToolReturn
from pydantic_ai.exceptions import ToolFailed
from pydantic_ai.models.test import TestModel
from pydantic_ai.toolsets import CombinedToolset, FunctionToolset
from pydantic_ai.usage import RunUsage
from pydantic_core import PydanticCustomError
from tests.frameworks.pydantic_ai.scripted import (
    PAUSES,
    call,
    held,
    on_record,
    returns,
    script,
)

from highroad.domain.error import ToolError
from highroad.domain.outcome import Completed
from highroad.domain.part import Blob, File, Image
from highroad.frameworks.pydantic_ai import guard
from highroad.frameworks.pydantic_ai.own import host_tool
from highroad.frameworks.pydantic_ai.results import jsonable, told

READ = {"tier": "read"}
CTX = RunContext(deps=None, model=TestModel(), usage=RunUsage())
PNG = BinaryContent(data=b"png", media_type="image/png")
PDF = BinaryContent(data=b"pdf", media_type="application/pdf", identifier="bill")


# -- arguments -----------------------------------------------------------------------------------


def authored(error):
    """A function with an argument whose author refuses each value so."""

    def refuse(number: int) -> int:
        raise error(number)

    def pay(first: Annotated[int, AfterValidator(refuse)], second: str = "") -> str:
        return "paid"

    return host_tool(pay, {})


@pytest.mark.parametrize(
    "error", [ValueError, AssertionError, ModelRetry], ids=["value", "assertion", "retry"]
)
def test_what_an_author_says_of_an_argument_is_told(error):
    problem = authored(lambda _: error("even numbers only")).objection({"first": 733})

    assert "even numbers only" in getattr(problem, "expected", problem)


@pytest.mark.promise("P7")
def test_all_other_words_of_a_validator_are_not_told_for_they_may_quote_the_value():
    quoting = authored(lambda number: PydanticCustomError("own", "not {it}", {"it": number}))

    assert "733" not in str(quoting.objection({"first": 733}))


def test_of_several_problems_the_first_is_told():
    def pay(when: date, by: date) -> str:
        return "paid"

    problem = host_tool(pay, {}).objection({"when": "x", "by": "y"})

    assert problem.pointer == "/when"


@pytest.mark.parametrize("is_alone", [False, True])
async def test_a_body_is_handed_what_the_hosts_types_make_of_arguments(is_alone):
    def year(of: date) -> ToolReturn:
        return ToolReturn(of.year)

    tool, arguments = host_tool(year, {}), {"of": "2024-02-01"}

    result = await (tool.alone(arguments) if is_alone else tool(arguments, CTX))
    assert jsonable(result) == 2024
    assert not is_alone or result == 2024


@pytest.mark.parametrize("error", [ValueError, ModelRetry])
async def test_the_hosts_context_of_validation_is_asked_before_any_effect(error):
    def strictly(number: int, info: ValidationInfo) -> int:
        if info.context == "strict":
            raise error("not now")
        return number

    def pay(cents: Annotated[int, AfterValidator(strictly)]) -> str:
        return "paid"

    tool = host_tool(pay, {})

    assert await tool({"cents": 1}, CTX) == "paid"
    with pytest.raises(ToolError) as refused:
        await tool({"cents": 1}, replace(CTX, validation_context="strict"))
    assert (refused.value.code, refused.value.applied) == ("invalid_arguments", False)


@pytest.mark.parametrize("error", [ModelRetry, ToolFailed])
@pytest.mark.parametrize("is_async", [False, True])
async def test_an_authors_look_refuses_before_any_effect_in_words_of_its_own(error, is_async):
    async def later(ctx: RunContext, path: str) -> None:
        raise error("not that one")

    def now(ctx: RunContext, path: str) -> None:
        raise error("not that one")

    def delete(path: str) -> str:
        pytest.fail("it ran")

    tool = host_tool(Tool(delete, args_validator=later if is_async else now), {})

    assert tool.needs_host
    with pytest.raises(ToolError, match="not that one") as refused:
        await tool({"path": "a"}, CTX)
    assert refused.value.applied is False


@pytest.mark.parametrize(
    ("error", "contract", "applied", "hint"),
    [
        (ModelRetry, {}, None, "Correct the call, and make it again."),
        (ToolFailed, {}, None, ""),
        (ToolFailed, {"not_applied": (ToolFailed,)}, False, ""),
    ],
)
async def test_what_a_body_says_leaves_open_whether_it_did_anything(error, contract, applied, hint):
    def pay() -> str:
        raise error("no money")

    with pytest.raises(ToolError, match="no money") as failed:
        await host_tool(pay, contract)({}, CTX)
    assert (failed.value.applied, failed.value.hint) == (applied, hint)


# -- results -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "recorded"),
    [
        (ToolReturn("a"), "a"),
        (ToolReturn(PNG), Image(b"png", "image/png")),
        (ToolReturn("a", content="see"), {"value": "a", "content": ["see"]}),
        (
            ToolReturn(PDF, content=["see", PNG]),
            {
                "value": File(b"pdf", "application/pdf", "bill"),
                "content": ["see", Image(b"png", "image/png")],
            },
        ),
        ({"a": PNG, "b": 1}, {"a": Image(b"png", "image/png"), "b": 1}),
        ((PNG, 1), [Image(b"png", "image/png"), 1]),
        ([{"a": PNG}], [{"a": Image(b"png", "image/png")}]),
    ],
)
def test_bytes_of_the_hosts_results_are_parts_wherever_they_stand(result, recorded):
    assert jsonable(result) == recorded


def test_images_and_files_are_handed_to_the_model_beside_the_result():
    value = {"a": [Image(b"png", "image/png")], "b": File(b"pdf", "application/pdf", "bill")}
    outcome = Completed(call_id="c", value=value, json={}, blobs=(Blob.of(b"png"),))

    answer, *media = told(outcome, None)
    assert answer == outcome.for_model()
    assert [(each.data, each.media_type) for each in media] == [
        (b"png", "image/png"),
        (b"pdf", "application/pdf"),
    ]


def test_what_a_tool_returned_for_the_program_alone_comes_with_the_result():
    outcome = Completed(call_id="c", value="a", json="a")

    assert told(outcome, None) == outcome.for_model()
    returned = told(outcome, ToolReturn("a", metadata={"rows": 3}, tools=["more"]))
    assert returned.return_value == outcome.for_model()
    assert (returned.metadata, returned.tools) == ({"rows": 3}, ["more"])


# -- toolsets ------------------------------------------------------------------------------------

SERVED = type("Served", (FunctionToolset,), {"__module__": "pydantic_ai.mcp"})
"""The host's client of MCP needs a library of its own; this stands where it would."""


def shout(text: str) -> str:
    """Shout."""
    return text.upper()


@pytest.mark.promise("P8")
@pytest.mark.parametrize(
    ("around", "source"),
    [
        (lambda served: served, "files"),
        (lambda served: served.prefixed("my"), "files"),
        (lambda served: CombinedToolset([FunctionToolset([len]), served]), "files"),
        (lambda served: CombinedToolset([served, SERVED(id="archive")]), "archive+files"),
        (lambda served: type("Own", (SERVED,), {})(served.tools.values(), id="own"), "own"),
    ],
    ids=["itself", "prefixed", "combined", "of two", "derived"],
)
async def test_a_foreign_toolset_stays_foreign_whatever_is_put_around_it(runtime, around, source):
    served = around(SERVED([shout], id="files"))

    await guard(served, runtime).get_tools(CTX)
    assert {each.source for each in runtime.tools} == {source}


@pytest.mark.parametrize("kind", [SERVED, FunctionToolset], ids=["foreign", "own"])
async def test_what_a_server_says_of_its_tools_is_known_and_what_a_program_notes_is_not(
    runtime, kind
):
    hints = {"annotations": {"destructiveHint": True}}
    toolset = guard(kind([Tool(shout, metadata=hints)], id="files"), runtime)

    assert toolset.id == "files"
    assert list(await toolset.get_tools(CTX)) == ["shout"]
    definition = runtime.find("shout")
    assert definition.description == "Shout."
    assert definition.annotations == (hints["annotations"] if kind is SERVED else {})


async def test_a_tool_in_a_toolset_does_not_run_where_no_host_waits_for_it(runtime):
    own = FunctionToolset([shout])
    await guard(own, runtime, contracts={"shout": READ}).get_tools(CTX)

    outcome = await runtime.call("shout", {"text": "a"})
    assert "needs the context of its host" in outcome.error.message


async def test_a_tool_of_the_program_may_change_while_it_runs(runtime):
    own = FunctionToolset([Tool(shout)])
    toolset = guard(own, runtime)

    await toolset.get_tools(CTX)
    own.tools["shout"].description = "Shout louder."
    listed = await toolset.get_tools(CTX)
    assert listed["shout"].tool_def.description == "Shout louder."


async def test_what_the_host_says_of_a_tool_in_a_toolset_holds_on_the_road(runtime):
    def look(ctx: RunContext, path: str) -> None:
        if path == "root":
            raise ModelRetry("not that one")

    tried = []

    def delete(ctx: RunContext, path: str) -> str:
        tried.append((path, ctx.max_retries))
        raise ToolFailed("it is open")

    own = Tool(delete, requires_approval=True, timeout=7, max_retries=5, args_validator=look)
    contract = {"delete": {"tier": "reversible", "not_applied": (ToolFailed,)}}
    toolset = guard(FunctionToolset([own]), runtime, contracts=contract)
    paths = [call("delete", {"path": each}, each) for each in ("a", "root")]
    agent = Agent(script(paths), toolsets=[toolset], output_type=PAUSES)

    paused = await agent.run("go")
    assert {held(paused, each)["reason"] for each in ("a", "root")} == {"approval"}
    assert tried == []
    (listed,) = (await toolset.get_tools(CTX)).values()
    shown = listed.tool_def
    assert (listed.max_retries, shown.kind, shown.timeout) == (5, "function", None)
    assert runtime.find("delete").timeout_s == 7


async def test_words_and_errors_of_a_tool_in_a_toolset_are_its_authors(runtime):
    def look(ctx: RunContext, path: str) -> None:
        if path == "root":
            raise ModelRetry("not that one")

    def delete(path: str) -> str:
        raise ToolFailed("it is open")

    contract = {"delete": {"tier": "reversible", "not_applied": (ToolFailed,)}}
    own = FunctionToolset([Tool(delete, args_validator=look)])
    paths = [call("delete", {"path": each}, each) for each in ("a", "root")]
    agent = Agent(script(paths), toolsets=[guard(own, runtime, contracts=contract)])

    parts = returns(await agent.run("go"))
    assert "not that one" in parts["root"].content
    assert "it is open" in parts["a"].content
    assert [each.status for each in await on_record(runtime)] == ["failed", "failed"]
