"""What takes back what a tool did, as it is declared, checked and pinned."""

import pytest

from highroad import Compensation, Runtime, tool, tool_definition
from highroad.domain.error import DeclarationError
from highroad.domain.tool import CompensationRule
from highroad.tools.declaring.digest import pinned_fields
from highroad.tools.pins.field_changes import field_changes


@tool(tier="reversible")
async def forget(note_id: str, quietly: bool = False) -> str:
    return note_id


@tool(tier="read")
async def look(note_id: str) -> str:
    return note_id


def writer(**options):
    @tool(tier="reversible", **options)
    async def write(text: str, note_id: str = "n") -> str:
        return text

    return write


POINTERS = {"note_id": "/result/id"}


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (forget, CompensationRule(tool="forget")),
        ("forget", CompensationRule(tool="forget")),
        (Compensation(to=forget), CompensationRule(tool="forget")),
        (
            Compensation(to="forget", arguments=POINTERS),
            CompensationRule(tool="forget", arguments=POINTERS),
        ),
        (
            Compensation(to="forget", arguments=lambda arguments, result: {}),
            CompensationRule(tool="forget", is_code=True),
        ),
    ],
    ids=["function", "name", "alone", "pointers", "code"],
)
@pytest.mark.promise("P8")
def test_it_stands_in_the_definition(given, rule):
    assert tool_definition(writer(compensation=given)).compensation == rule


@pytest.mark.promise("P8")
def test_another_one_is_another_definition():
    plain = tool_definition(writer())
    digests = {
        tool_definition(writer(compensation=each)).digest
        for each in (
            "forget",
            "lose",
            Compensation(to="forget", arguments=POINTERS),
            Compensation(to="forget", arguments={"note_id": "/result"}),
        )
    }
    assert len(digests | {plain.digest}) == 5


@pytest.mark.promise("P8")
def test_what_was_pinned_before_there_were_any_is_as_it_was():
    """A tool that names none says nothing of it."""
    assert "compensation" not in pinned_fields(tool_definition(writer()))


def test_a_change_of_it_is_shown_to_whoever_accepts_it():
    before = tool_definition(writer(compensation=Compensation(to="forget", arguments=POINTERS)))
    after = tool_definition(
        writer(compensation=Compensation(to="forget", arguments={"note_id": "/arguments/note_id"}))
    )
    (change,) = field_changes(pinned_fields(before), pinned_fields(after))
    assert change.pointer == "/compensation/arguments/note_id"
    assert (change.before, change.after) == ("/result/id", "/arguments/note_id")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (7, "compensation is a tool"),
        ("", "compensation is a tool"),
        (Compensation(to=7), "compensation is a tool"),
        (Compensation(to=forget, arguments={"note_id": "id"}), "JSON pointers"),
        (Compensation(to=forget, arguments={"note_id": "/other/id"}), "JSON pointers"),
        (Compensation(to=forget, arguments={"note_id": 7}), "JSON pointers"),
        (Compensation(to=forget, arguments=7), "a function of arguments and result"),
    ],
    ids=["number", "empty", "no tool", "no pointer", "elsewhere", "no text", "no function"],
)
def test_what_cannot_take_back_is_told_when_it_is_declared(given, says):
    with pytest.raises(DeclarationError, match=says):
        writer(compensation=given)


def test_a_read_has_nothing_to_take_back():
    with pytest.raises(DeclarationError, match="a read does nothing"):

        @tool(tier="read", compensation=forget)
        async def peek(note_id: str) -> str:
            return note_id


@tool(tier="reversible", name="renamed")
async def other(note_id: str) -> str:
    return note_id


@pytest.mark.parametrize(
    ("given", "tools", "says"),
    [
        ("forget", [], "forget was not given"),
        (forget, [], "forget was not given"),
        (look, [look], "is a read"),
        (other, [other], r'called renamed .*Compensation\(to="renamed"\)'),
        (Compensation(to=forget, arguments={"quietly": "/result"}), [forget], "needs note_id"),
        (
            Compensation(to=forget, arguments={"note_id": "/result", "why": "/result"}),
            [forget],
            "does not take why",
        ),
    ],
    ids=["no name", "no function", "read", "renamed", "too few", "too many"],
)
async def test_what_cannot_be_called_is_told_when_the_tools_are_put_together(given, tools, says):
    with pytest.raises(DeclarationError, match=says):
        await Runtime.open(tools=[writer(compensation=given), *tools])


async def test_the_same_arguments_do_where_they_have_the_same_names(tmp_path):
    write = writer(compensation=forget)
    async with Runtime.open(tools=[write, forget]) as runtime:
        done = await runtime.call(write, {"text": "hi", "note_id": "n7"})
        assert (await runtime.undo(done.call_id)).unwrap() == "n7"


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("/arguments", {"a/b": [1, {"c~d": 2}]}),
        ("/arguments/a~1b/0", 1),
        ("/arguments/a~1b/1/c~0d", 2),
        ("/result", [7]),
        ("/result/0", 7),
    ],
)
def test_a_pointer_leads_to_a_part_of_arguments_or_result(pointer, found):
    """RFC 6901, with its two escapes."""
    compensation = Compensation(to="x", arguments={"y": pointer})
    given = {"a/b": [1, {"c~d": 2}]}
    assert compensation.arguments_of(given, [7], {}) == {"y": found}


@pytest.mark.parametrize(
    "pointer", ["/arguments/x", "/result/1", "/result/-1", "/result/0/a", "/result/a"]
)
def test_a_pointer_that_leads_nowhere_is_told(pointer):
    compensation = Compensation(to="x", arguments={"y": pointer})
    with pytest.raises(LookupError):
        compensation.arguments_of({}, [7], {})
