"""Malformed calls over the whole road: none runs, none raises, none is quoted anywhere."""

import json
import logging
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from highroad import Principal, ToolError, tool

pytestmark = [pytest.mark.promise("P5"), pytest.mark.promise("P7")]

AUDITOR = Principal("auditor", authenticated=True, permissions=frozenset({"audit:reveal"}))
CANARY = "c4n4ry"
FIELDS = {"code", "message", "hint", "retryable", "call_id"}
SQLITE_FILES = ("ledger.db", "ledger.db-wal")


class Line(BaseModel):
    sku: Annotated[str, Field(pattern="^[A-Z]{1,8}$")]
    count: Annotated[int, Field(gt=0, le=99)] = 1


ran = []


@tool(tier="read")
def get_order(order_id: Annotated[str, Field(pattern="^ORD-[0-9]{6}$")], limit: int = 5) -> str:
    ran.append("get_order")
    return order_id


@tool(tier="reversible")
async def order(
    lines: Annotated[list[Line], Field(min_length=1, max_length=9)],
    cents: Annotated[int, Field(ge=1, le=50_000)],
    pay: Literal["card", "cash"],
    amount: Decimal | None = None,
    limits: dict[str, Annotated[int, Field(ge=0)]] | None = None,
) -> str:
    ran.append("order")
    return "ok"


@tool(tier="privileged", strict=True)
async def admin_delete(user_id: Annotated[str, Field(max_length=12)], force: bool) -> str:
    ran.append("admin_delete")
    return "ok"


GOOD = {
    "get_order": {"order_id": "ORD-000042", "limit": 3},
    "order": {
        "lines": [{"sku": "A", "count": 1}],
        "cents": 500,
        "pay": "card",
        "amount": "1.50",
        "limits": {"a": 1},
    },
    "admin_delete": {"user_id": "U-1", "force": True},
}
BAD_KEYS = [CANARY, f"~/{CANARY}", f"\ud800{CANARY}", f"__{CANARY}__", ""]
GARBAGE = [
    *(CANARY, f"../{CANARY}", f"\ud800{CANARY}", f"\x00{CANARY}", f"{CANARY}" * 5_000, ""),
    *(None, True, -1, 2**53, -(10**40), 1.5, 1e300, float("nan"), float("inf"), [], {}),
]
CODE_ONLY = [object(), {1, 2}, b"\xff" + CANARY.encode(), 1j, {(1, 2): CANARY}, {5: CANARY}]


def nonsense(random, depth=3):
    if depth and random.random() < 0.3:
        keys = [random.choice(BAD_KEYS) for _ in range(random.randrange(3))]
        return random.choice(
            [{key: nonsense(random, depth - 1) for key in keys}, [nonsense(random, depth - 1)]]
        )
    return random.choice(GARBAGE)


def broken_value(random, good, *, from_code):
    """Arguments that are wrong for certain: the last break is one that nothing could mend."""
    value = json.loads(json.dumps(good))
    for _ in range(random.randrange(3)):
        value[random.choice([*value, *BAD_KEYS])] = nonsense(random)
    match random.randrange(4):
        case 0:
            value[random.choice(BAD_KEYS[:4])] = nonsense(random)
        case 1:
            del value[random.choice([key for key in value if key in REQUIRED] or [None])]
        case 2 if from_code:
            value[random.choice(list(good))] = random.choice(CODE_ONLY)
            value[CANARY] = 1
        case _:
            value[random.choice([key for key in good if key in REQUIRED])] = [[CANARY]]
    return value


REQUIRED = {"order_id", "lines", "cents", "pay", "user_id", "force"}


def broken_text(random, good):
    text = json.dumps(broken_value(random, good, from_code=False))
    at = random.randrange(1, len(text))
    cut = text[:at] if text[:at].rstrip()[-1:] != "}" else text[:1]
    return random.choice(
        [
            cut,
            f'{{"{CANARY}":1,"{CANARY}":2,{text[1:]}',
            text.encode()[:at] + b"\xff" + CANARY.encode(),
            random.choice([f"[{text}]", f'"{CANARY}"', "null", "5", "", " ", "\ud800"]),
            text[:at] + "[" * random.choice([70, 5_000, 200_000]),
            f'{{"{CANARY}": {"9" * 5_000}}}',
            f"{text}{text}",
            text,
        ]
    )


def wrong_name(random):
    return random.choice(
        [CANARY, f"get_orde{CANARY}", f"\ud800{CANARY}", "", " ", f"admin.{CANARY}", CANARY * 9_999]
    )


def malformed(random):
    name, good = random.choice(list(GOOD.items()))
    match random.randrange(10):
        case 0:
            return wrong_name(random), random.choice([good, json.dumps(good), CANARY])
        case 1 | 2 | 3 | 4:
            return name, broken_value(random, good, from_code=True)
        case _:
            return name, broken_text(random, good)


def objections(outcome):
    """What is wrong with the answer to a malformed call."""
    answer = outcome.for_model()
    text = json.dumps(answer, ensure_ascii=False)
    found = [name for name in FIELDS if name not in answer]
    if outcome.status != "refused":
        found.append(outcome.status)
    if answer["code"] not in {"invalid_arguments", "unknown_tool"}:
        found.append(answer["code"])
    if not answer["hint"]:
        found.append("no hint")
    if CANARY in text or "\ud800" in text:
        found.append("quoted")
    return found


async def try_calls(here, count, seed, caplog):
    """Make so many malformed calls in one run and in runs of their own."""
    random = Random(seed)  # noqa: S311 - the same calls every time
    ran.clear()
    for number in range(count):
        name, arguments = malformed(random)
        run = random.choice([None, None, f"run {number % 7}"])
        outcome = await here.call(name, arguments, run=run)
        # What is wrong is told in few words: pytest would compare texts of a million characters.
        wrong = objections(outcome)
        if wrong:
            pytest.fail(f"call {number}, {name[:40]} {ascii(arguments)[:200]}: {wrong}")
    assert not ran
    assert not [record.msg for record in caplog.records if CANARY in repr(record.__dict__)]


@pytest.fixture
def big_limits(limits):
    return limits(proposals=1_000_000)


async def test_malformed_calls_are_answered_and_leave_no_trace_in_memory(world, big_limits, caplog):
    caplog.set_level(logging.DEBUG)
    here = await world(get_order, order, admin_delete, limits=big_limits).open()
    await try_calls(here, 2_000, 1, caplog)
    for entry in here.ledger.entries:
        assert entry.body.find(CANARY.encode()) < 0
    for table in here.ledger.tables.values():
        assert repr(table).find(CANARY) < 0
    for payload in here.ledger.payloads.values():
        assert payload.ciphertext.find(CANARY.encode()) < 0
    assert not await here.check()


@pytest.mark.parametrize(
    "count", [1_000, pytest.param(100_000, marks=[pytest.mark.nightly, pytest.mark.timeout(1_800)])]
)
async def test_malformed_calls_leave_no_trace_on_disk(sqlite, big_limits, caplog, tmp_path, count):
    caplog.set_level(logging.DEBUG)
    here = await sqlite(get_order, order, admin_delete, limits=big_limits).open()
    await try_calls(here, count, 2, caplog)
    await here.services.ledger.writer.flush()
    for name in SQLITE_FILES:
        assert (tmp_path / name).read_bytes().find(CANARY.encode()) < 0
    assert len(await here.bodies()) == count


async def test_nothing_of_good_calls_stands_in_plain_text_either(sqlite, caplog, tmp_path):
    """Arguments, results, messages, keys, names and reasons, of every kind of ending."""

    @tool(tier="reversible")
    async def echo(text: str) -> str:
        if "fail" in text:
            raise ToolError(f"{text} {CANARY}", hint=CANARY, applied=False)
        if "raise" in text:
            raise RuntimeError(text)
        return f"{text} {CANARY}"

    @tool(ask="true", data_checks=[lambda arguments: arguments.get("objection")])
    async def wire(text: str, objection: str | None = None) -> str:
        return text

    caplog.set_level(logging.DEBUG)
    someone = Principal(f"{CANARY}-id", name=f"{CANARY}-name", authenticated=True)
    here = await sqlite(echo, wire).open()
    common = {"principal": someone, "run": f"{CANARY}-run"}
    for kind in ("return", "fail", "raise"):
        outcome = await here.call(
            echo, {"text": f"{kind} {CANARY}"}, key=f"{CANARY} {kind}", **common
        )
        # What an author says is for the model; what an exception says may be anything.
        assert (CANARY in json.dumps(outcome.for_model())) is (kind != "raise")
    await here.call(wire, {"text": "x", "objection": f"no: {CANARY}"}, **common)
    held = await here.call(wire, {"text": CANARY}, **common)
    await here.desk.approve(held.approval_id, by=replace(someone, id=CANARY), reason=CANARY)
    await here.wait(held.call_id)
    held = await here.call(wire, {"text": CANARY * 2}, **common)
    await here.desk.reject(held.approval_id, by=someone, reason=CANARY)
    await here.wait(held.call_id)
    await here.services.ledger.writer.flush()
    for name in SQLITE_FILES:
        assert (tmp_path / name).read_bytes().find(CANARY.encode()) < 0
    assert CANARY not in caplog.text
    assert not await here.check()


@pytest.mark.parametrize(
    "raw", ['{"a":"' + "\\u0000" * 400 + '"}', b"\xff" * 400, {"a": ["ü" * 300]}, "\ud800" * 400]
)
async def test_what_is_too_large_is_kept_as_json_that_can_be_explained(world, limits, raw):
    here = await world(get_order, limits=limits(argument_bytes=300)).open()
    outcome = await here.call("get_order", raw)
    told = await here.assembly.audit.explain(outcome.call_id, reveal_by=AUDITOR)
    assert set(told.arguments) == {"tool", "raw"}
    assert len(json.dumps(told.arguments, ensure_ascii=False).encode()) <= 400
