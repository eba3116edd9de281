"""Declarations are read from the ledger whole, or not at all."""

from dataclasses import fields, replace

import pytest

from highroad.domain.contract_rule import ArgumentRule, ContractRule
from highroad.domain.label import Integrity, Label, Labels
from highroad.domain.pin import Pin
from highroad.domain.policy import Line
from highroad.domain.tool import (
    ArgumentContract,
    ArgumentRole,
    BatchRule,
    CompensationRule,
    Concurrency,
    Contract,
    Effect,
    Isolation,
    Tier,
    ToolDefinition,
)
from highroad.tools.declaring.contract import Content, Control
from highroad.tools.declaring.digest import pinned_fields, sealed
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.declaring.operated import operated
from highroad.tools.declaring.recorded import definition_of, recorded

PARAMETERS = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("to", "text", "token", "id")},
}
WHOLE = ToolDefinition(
    name="send",
    description="Send it.",
    input_schema=PARAMETERS,
    digest="",
    output_schema={"type": "object"},
    tier=Tier.PRIVILEGED,
    effect=Effect.CHECKABLE,
    contract=Contract(
        arguments={
            "to": ArgumentContract(integrity=Integrity.USER),
            "text": ArgumentContract(role=ArgumentRole.CONTENT),
        },
        labels=Labels(
            default=Label(Integrity.SYSTEM),
            leaves=(("/a", Label(Integrity.USER, frozenset({"bob", "eve"}))),),
        ),
        owned=("id",),
        intent=("send it",),
        flows=("send.a -> send: deny",),
    ),
    permissions=frozenset({"a:b", "c:d"}),
    key=("to",),
    ask="args.to != ''",
    timeout_s=2.5,
    attempts=1,
    hedge_s=1.0,
    cost_usd=0.5,
    cache_s=3.0,
    honoured_s=1.0,
    settle_after_s=2.0,
    max_per_run=4,
    per_minute=5,
    strict=True,
    version="2",
    tags=frozenset({"x", "y"}),
    errors={"full": "It is full."},
    examples=({"to": "a"},),
    flag="on",
    dependency="post",
    concurrency=Concurrency.BARRIER,
    order_by=("id",),
    batch=BatchRule(size=2, wait_s=0.5),
    isolation=Isolation.PROCESS,
    fallback=("none",),
    deprecated="send_2",
    source="stdio:post",
    annotations={"readOnlyHint": False},
    cache_stale_s=1.0,
    cache_public=True,
    cache_tags=("a{id}",),
    invalidates=("b",),
    transform=True,
    compensation=CompensationRule(tool="unsend", arguments={"id": "/result/id"}),
    personal=("to",),
    secrets=("post",),
)


def pin_of(declaration):
    definition = declaration.definition
    return Pin(
        tool=definition.name,
        version=definition.version,
        digest=definition.digest,
        change="added",
        at_ms=1,
        fields=pinned_fields(definition),
        authored=declaration.authored,
    )


def test_every_field_of_a_definition_is_read_as_it_was_written():
    usual = ToolDefinition(name="", description="", input_schema={}, digest="")
    for each in fields(ToolDefinition):
        if each.name not in {"digest", "source"}:
            assert getattr(WHOLE, each.name) != getattr(usual, each.name), each.name
    whole = sealed(WHOLE)
    read = definition_of(pinned_fields(whole))
    for each in fields(ToolDefinition):
        assert getattr(read, each.name) == getattr(whole, each.name), each.name


def declared(**options):
    return tool_from_schema(
        lambda given: given,
        parameters=PARAMETERS,
        name="send",
        description="Send it.",
        markers={"to": Control(Integrity.USER), "text": Content()},
        labels={"/a": Label(Integrity.SYSTEM)},
        flows=["send.a -> send: ask"],
        **options,
    ).declaration


RULE = ContractRule(
    source="highroad.toml:3",
    tier=Tier.READ,
    arguments={"to": ArgumentRule(role=ArgumentRole.CONTENT)},
    labels={"/b": Label(Integrity.USER)},
    flows=(Line("send.b -> send: deny"),),
    intent=("send",),
)


@pytest.mark.parametrize("rule", [None, RULE])
def test_what_is_read_is_what_the_author_said_without_the_settings(rule):
    bare = declared()
    pin = pin_of(bare if rule is None else operated(bare, rule))
    read = recorded(pin)
    assert (read.definition.digest, read.given) == (bare.definition.digest, bare.given)
    assert [(each.subject, each.basis) for each in read.reasons] == [
        (each.subject, each.basis) for each in bare.reasons
    ]
    for other in (RULE, replace(RULE, tier=Tier.PRIVILEGED, labels={})):
        there = operated(bare, other)
        assert operated(read, other).definition.digest == there.definition.digest


def test_a_record_that_cannot_be_read_whole_is_not_read():
    pin = pin_of(declared())
    assert recorded(pin) is not None
    assert recorded(replace(pin, authored=None)) is None
    assert recorded(replace(pin, fields=None)) is None
    for more in ({"tier": "unheard"}, {"contract": {}}, {"unheard": 1}, {"key": ["to"]}):
        assert recorded(replace(pin, fields={**pin.fields, **more})) is None
