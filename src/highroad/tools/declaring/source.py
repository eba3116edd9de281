"""What a tool is made from, read: a function, a model or a schema, in one form for all three."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from pydantic import TypeAdapter

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.label import Label
from highroad.domain.value import value
from highroad.tools.declaring.contract import Marker
from highroad.tools.declaring.signature import Signature
from highroad.tools.declaring.site import Site


@value(eq=False)
class Source:
    """All that `declared` needs to know beside the options.

    Args:
        site: Where it stands.
        signature: How the body takes its arguments.
        description: In its own words; the option `description` goes before it.
        input_schema: Of the arguments.
        output_schema: Of the result, or `None` where nothing is promised.
        arguments: Reads the arguments; `None` where the body takes them as JSON.
        result: Writes and reads the result; `None` where it is plain JSON.
        markers: By argument.
        labels: Of the result, by JSON pointer.
        server: Identity of the server that it comes from; empty is this program's own code.
        annotations: What that server says of it.
    """

    site: Site
    signature: Signature
    description: str
    input_schema: JsonObject
    output_schema: JsonSchema | None
    arguments: TypeAdapter[Any] | None = None
    result: TypeAdapter[Any] | None = None
    markers: Mapping[str, tuple[Marker, ...]] = field(default_factory=dict)
    labels: Mapping[str, Label] = field(default_factory=dict)
    server: str = ""
    annotations: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The arguments that the schema names."""
        members = self.input_schema.get("properties")
        return tuple(members) if isinstance(members, dict) else ()
