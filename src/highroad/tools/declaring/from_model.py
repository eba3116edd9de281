"""A tool from a pydantic model: its fields are the arguments, and the body takes an instance."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar, Unpack

from pydantic import AliasChoices, AliasPath, BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from highroad.domain.json_value import JsonObject
from highroad.tools.declaring.contract import MARK, Marker
from highroad.tools.declaring.declaration import DeclaredTool, declared
from highroad.tools.declaring.docstring import read_docstring
from highroad.tools.declaring.from_schema import whole_signature
from highroad.tools.declaring.kinds import check_options
from highroad.tools.declaring.options import ToolOptions
from highroad.tools.declaring.output_labels import labels_of
from highroad.tools.declaring.signature import hints_of
from highroad.tools.declaring.site import Site
from highroad.tools.declaring.source import Source
from highroad.tools.declaring.typed_schema import (
    closed_schema,
    output_schema,
    refuse_stray_markers,
    result_adapter,
)
from highroad.tools.schemas.navigation import resolve

P = ParamSpec("P")
R = TypeVar("R")


def tool_from_model(
    body: Callable[P, R], *, model: type[BaseModel], **options: Unpack[ToolOptions]
) -> DeclaredTool[P, R]:
    """Declare any callable to be a tool whose arguments are the fields of a pydantic model.

    The body takes an instance, and the `ToolContext` if it takes a second value; sync or async.
    Models are told the alias of a field where it has one, and know it by no other name. Markers
    such as `Content()` stand in the `Annotated` of a field.

    Args:
        body: What runs; its docstring describes the tool, or else that of the model does.
        model: Names, types, words and validators of the arguments.
        options: As for `@tool`.

    Raises:
        DeclarationError: The model has no such schema, or the declaration is wrong.
    """
    site = Site.of_caller(body, options.get("name"))
    check_options(options, site)
    arguments = TypeAdapter(model)
    returns = hints_of(body, site).get("return", Any) if inspect.isroutine(body) else Any
    signature = replace(whole_signature(body, site), returns=returns)
    result = result_adapter(signature, site)
    aliases = {name: _alias(name, field, site) for name, field in model.model_fields.items()}
    doc = (body.__doc__ if inspect.isroutine(body) else None) or model.__doc__
    source = Source(
        site=site,
        signature=signature,
        description=read_docstring(doc).description,
        input_schema=_schema(arguments, site),
        output_schema=output_schema(result, signature, site),
        arguments=arguments,
        result=result,
        markers={
            aliases[name]: tuple(each for each in field.metadata if isinstance(each, Marker))
            for name, field in model.model_fields.items()
        },
        labels=labels_of(returns),
    )
    return DeclaredTool(body, declared(source, options))


def _schema(arguments: TypeAdapter[Any], site: Site) -> JsonObject:
    """The schema of the model as an object that stands outermost, without traces of its markers."""
    schema = closed_schema(arguments, site)
    if "$ref" in schema:  # a model that holds itself
        schema = {**resolve(schema, schema), "$defs": schema["$defs"]}
    members = schema.setdefault("properties", {})
    if schema.get("type") != "object" or not isinstance(members, dict):
        raise site.error("its model is no object with fields; give a model that names arguments")
    for member in members.values():
        if isinstance(member, dict):
            member.pop(MARK, None)
    refuse_stray_markers(schema, site)
    # Of the model itself; what the tool is told to be stands in its definition.
    schema.pop("description", None)
    schema.setdefault("additionalProperties", False)
    return schema


def _alias(name: str, field: FieldInfo, site: Site) -> str:
    """The name that the schema gives a field.

    Raises:
        DeclarationError: It is taken out of the inside of another value, of which no schema tells.
    """
    alias = field.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    if any(isinstance(choice, AliasPath) for choice in choices):
        raise site.error(
            f"field {name!r} is read from a path (AliasPath), which no schema can tell; give it "
            f"one name"
        )
    return str(choices[0]) if choices[0] is not None else name
