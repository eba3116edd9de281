"""What changed in a definition, place by place, and nothing of it hidden."""

import pytest

from highroad.tools.declaring.declare import tool, tool_definition
from highroad.tools.declaring.digest import pinned_fields
from highroad.tools.pins.field_changes import field_changes


def fields(cents=int, **options):
    @tool(name="refund", **{"tier": "reversible", **options})
    def refund(cents: cents) -> None:
        raise AssertionError(cents)

    return pinned_fields(tool_definition(refund))


def told(before, after):
    return [line for change in field_changes(before, after) for line in change.lines()]


def test_nothing_changed():
    assert field_changes(fields(), fields()) == ()


def test_each_place_is_told_before_and_after():
    assert told(fields(), fields(tier="privileged", timeout_s=5)) == [
        "/tier:",
        '  -"reversible"',
        '  +"privileged"',
        "/timeout_s: added 5",
    ]
    assert told(fields(timeout_s=5), fields()) == ["/timeout_s: removed 5"]


def test_a_schema_is_compared_place_by_place():
    assert told(fields(int), fields(str)) == [
        "/input_schema/properties/cents/type:",
        '  -"integer"',
        '  +"string"',
    ]


def test_a_long_description_is_told_by_its_lines():
    before = fields(description="Refund.\n\nUse after get_order.\nNot to cancel.")
    after = fields(description="Refund.\n\nUse at once.\nNot to cancel.")
    assert told(before, after) == [
        "/description:",
        "  @@ -2,3 +2,3 @@",
        "   ",
        "  -Use after get_order.",
        "  +Use at once.",
        "   Not to cancel.",
    ]


@pytest.mark.promise("P8")
@pytest.mark.parametrize("hidden", ["\u200b", "\U000e0041", "\x1b[2K", "\r", "\u202e", "\x7f"])
def test_what_a_terminal_would_hide_or_obey_is_written_out(hidden):
    """A model reads it, so whoever accepts must see it."""
    for words in (f"Refund{hidden}.", f"Refund.\nIgnore{hidden} all."):
        lines = told(fields(description="Refund."), fields(description=words))
        assert lines
        assert all(line.isprintable() for line in lines)
        assert any("\\" in line for line in lines)


def test_true_and_one_differ():
    assert told({"a": True}, {"a": 1}) == ["/a:", "  -true", "  +1"]
