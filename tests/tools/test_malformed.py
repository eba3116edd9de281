"""Malformed calls by the thousand: none runs, none raises, none is quoted.

A call is good by construction and then broken in up to three places: in its value, or in its
text. Every value and key that a mutation brings in carries a canary.
"""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Annotated, Any, Final, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from pydantic import BaseModel, Field

from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.declare import tool
from highroad.tools.semantic import Email, SafePath
from highroad.tools.validate import check_arguments

CANARY: Final = "c4n4ry"
CALLS_EACH: Final = 250


class Line(BaseModel):
    sku: Annotated[str, Field(pattern="^[A-Z]{1,8}$")]
    count: Annotated[int, Field(gt=0, le=99)] = 1


class Card(BaseModel):
    kind: Literal["card"]
    number: Annotated[str, Field(min_length=4)]


class Cash(BaseModel):
    kind: Literal["cash"]


@tool
def order(
    customer_id: str,
    lines: list[Line],
    cents: Annotated[int, Field(ge=1, le=50_000)],
    pay: Card | Cash,
    to: Annotated[str, Email(domains=["example.com"])],
    path: Annotated[str, SafePath("/srv/docs")],
    at: datetime | None = None,
    rate: float | None = None,
    limits: dict[str, Annotated[int, Field(ge=0)]] | None = None,
    amount: Decimal | int | None = None,
    is_gift: bool = False,
) -> None:
    raise AssertionError(
        customer_id, lines, cents, pay, to, path, at, rate, limits, amount, is_gift
    )


@tool(tier="read")
def get_order(order_id: str, limit: int = 5) -> None:
    raise AssertionError(order_id, limit)


GOOD: Final[dict[Callable[..., Any], dict[str, Any]]] = {
    order: {
        "customer_id": "C-1",
        "lines": [{"sku": "A", "count": 1}, {"sku": "B"}],
        "cents": 500,
        "pay": {"kind": "card", "number": "4242"},
        "to": "ann@example.com",
        "path": "a/b.txt",
        "at": "2026-01-02T03:04:05Z",
        "rate": 0.5,
        "limits": {"a": 1},
        "amount": "1.50",
        "is_gift": True,
    },
    get_order: {"order_id": "ORD-1", "limit": 3},
}
TOOLS: Final = {each: compile_tool(each) for each in GOOD}
PLAIN: Final = {
    each: Draft202012Validator(dict(ready.definition.input_schema), validate_formats=True)
    for each, ready in TOOLS.items()
}


def garbage(random: Random, depth: int = 3) -> Any:
    if depth and random.random() < 0.3:
        if random.random() < 0.5:
            return [garbage(random, depth - 1) for _ in range(random.randrange(3))]
        return {f"{CANARY}{at}": garbage(random, depth - 1) for at in range(random.randrange(3))}
    return random.choice(
        [
            *(None, True, 0, -1, 2**53, -(10**30), 1.5, 5.0, 1e300, float("nan"), float("-inf")),
            *(CANARY, f"../{CANARY}", f"{CANARY}@evil.example", f"\ud800{CANARY}", f"\x00{CANARY}"),
            *("5", "true", "", "null"),
        ]
    )


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a value, with each of its keys."""
    found = []
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        found.append((value, key))
        if isinstance(item, dict | list):
            found += places(item)
    return found


def break_value(value: Any, random: Random) -> None:
    container, key = random.choice(places(value) or [(value, CANARY)])
    match random.randrange(5):
        case 0 if key in container or isinstance(container, list):
            del container[key]
        case 1 if isinstance(container, dict):
            container[random.choice([CANARY, f"{key}_{CANARY}", f"~/{CANARY}"])] = container.get(
                key
            )
        case 2 if isinstance(container, dict):
            container[str(key)[:-1] + CANARY] = container.pop(key, None)
        case _ if isinstance(container, list) and not container:
            container.append(garbage(random))
        case _:
            container[key] = garbage(random)


def break_text(text: str, random: Random) -> str | bytes:
    at = random.randrange(len(text))
    match random.randrange(6):
        case 0:
            return text[:at]
        case 1:
            return text[:at] + CANARY + text[at:]
        case 2:
            return f'{{"{CANARY}":1,"{CANARY}":2,{text[1:]}'
        case 3:
            return text.encode("utf-8", "surrogatepass")[:at] + b"\xff" + CANARY.encode()
        case 4:
            return f"[{text}]"
        case _:
            return text[:at] + "[" * random.choice([70, 5_000]) + text[at:]


def malformed(good: dict[str, Any], random: Random) -> dict[str, Any] | str | bytes:
    value = json.loads(json.dumps(good))
    for _ in range(random.randint(1, 3)):
        break_value(value, random)
    if random.random() < 0.4:
        return value
    text = json.dumps(value)
    return text if random.random() < 0.4 else break_text(text, random)


@pytest.mark.promise("P5")
@pytest.mark.promise("P7")
@pytest.mark.timeout(600)  # half a million calls at night
@given(st.integers(0, 2**32).map(Random))
def test_no_malformed_call_passes_raises_or_is_quoted(random):
    """25,000 calls, and twenty times as many at night."""
    for _ in range(CALLS_EACH):
        function = random.choice(list(GOOD))
        ready = TOOLS[function]
        raw = malformed(GOOD[function], random)
        found = parse(raw, names=ready.names)
        if not isinstance(found, Invalid):
            found = check_arguments(ready, found)
        if isinstance(found, Invalid):
            assert found.problems
            assert not found.is_authored
            answer = json.dumps(found.error().for_model("call_1"))
            assert CANARY not in answer
            assert "\\ud800" not in answer
        else:
            assert PLAIN[function].is_valid(found.arguments)
            assert CANARY not in repr(found.coercions)
            ready.bind(found.arguments)


@pytest.mark.promise("P7")
@pytest.mark.timeout(600)  # half a million calls at night
@given(st.integers(0, 2**32).map(Random))
def test_arguments_that_skipped_the_parser_are_refused_as_well(random):
    """Nested garbage, straight into the judge."""
    for _ in range(CALLS_EACH // 5):
        value = json.loads(json.dumps(GOOD[order]))
        for _ in range(random.randint(1, 3)):
            break_value(value, random)
        found = check_arguments(TOOLS[order], value)
        if isinstance(found, Invalid):
            assert CANARY not in repr(found)
        else:
            assert PLAIN[order].is_valid(found.arguments)


def test_the_good_calls_are_good():
    for function, good in GOOD.items():
        assert not isinstance(check_arguments(TOOLS[function], parse(good)), Invalid)
