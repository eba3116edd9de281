"""Toolkits: the form of tool specifications that ToolEmu and InjecAgent use; it is only read.

A toolkit has a name and tools; a tool has a summary, and lists of named parameters and returns.
Models call a tool by both names in one: `GmailSendEmail`.
"""

from typing import Final

from highroad.domain.json_value import JsonObject
from highroad.tools.shapes.fields import name_in, objects_in, schema_in, text_in
from highroad.tools.shapes.spec import ToolSpec

NAME: Final = "toolkit"


def is_toolkit(form: JsonObject) -> bool:
    """Whether it is a toolkit, and no single tool."""
    return isinstance(form.get("tools"), list) and not form.keys().isdisjoint(
        {"toolkit", "name_for_model"}
    )


def read(form: JsonObject) -> ToolSpec:
    """One tool of a toolkit that was opened.

    Raises:
        DeclarationError: It has no name.
    """
    return ToolSpec(
        name=name_in(form),
        description=text_in(form, "summary", "description"),
        input_schema=schema_in(form, "parameters") or {},
        output_schema=schema_in(form, "returns"),
    )


def opened(toolkit: JsonObject) -> tuple[JsonObject, ...]:
    """The tools of a toolkit, each with the name that models call it by."""
    prefix = text_in(toolkit, "name_for_model", "toolkit")
    return tuple(
        {**tool, "name": prefix + text_in(tool, "name"), "toolkit": prefix}
        for tool in objects_in(toolkit, "tools")
    )
