"""The offline model at the shop's tools."""

import json
from datetime import UTC, datetime

import pytest

from highroad.agents.offline import Offline
from highroad.demo.tools import TOOLS
from highroad.domain.model import (
    ModelRequest,
    OfferedTool,
    ToolMessage,
    UserMessage,
)
from highroad.testing.clock import FakeClock
from highroad.tools.declaring.declare import tool_definition
from highroad.tools.shapes import offer

MONDAY = datetime(2025, 6, 2, 12, tzinfo=UTC)
ORDER = {
    "id": "ORD-000042",
    "status": "paid",
    "customer_id": "CUS-0013",
    "total_cents": 5_000,
    "refunded_cents": 0,
}
CUSTOMER = {"id": "CUS-0013", "name": "Ada Hill", "email": "ada.hill@customer.example"}
REFUND = {"payment_id": 7, "order_id": "ORD-000042", "cents": 500, "left_cents": 4_500}


def shop():
    offered = offer([tool_definition(tool) for tool in TOOLS], "openai")
    forms = {name: rendered.form["function"] for name, rendered in offered.rendered.items()}
    return [
        OfferedTool(name=name, description=form["description"], input_schema=form["parameters"])
        for name, form in forms.items()
    ]


class Talk:
    """A conversation with the offline model, whose calls are answered as the test says."""

    def __init__(self, tools, answers):
        self.tools = tools
        self.answers = answers
        self.model = Offline(FakeClock(now_ms=int(MONDAY.timestamp() * 1_000)))
        self.messages = []
        self.calls = []

    async def reply(self, **options):
        request = ModelRequest(messages=self.messages, tools=self.tools, **options)
        *_, reply = [part async for part in self.model.reply(request)]
        return reply.message

    async def say(self, text, **options):
        """Say something, and have calls answered until there is text."""
        self.messages.append(UserMessage(text=text))
        for _ in range(9):
            message = await self.reply(**options)
            self.messages.append(message)
            if not message.calls:
                return message.text
            self.messages.append(self._answer(message.calls[0]))
        raise AssertionError("the offline model calls on and on")

    def _answer(self, call):
        self.calls.append((call.tool, json.loads(call.arguments)))
        answer = self.answers.get(call.tool, {"result": None, "call_id": "call_1"})
        is_error = "code" in answer
        return ToolMessage(
            id=call.id, tool=call.tool, content=json.dumps(answer), is_error=is_error
        )


def completed(result):
    return {"result": result, "call_id": "call_1"}


@pytest.fixture
def answers():
    """What the shop's tools answer; a test may change it."""
    return {
        "get_order": completed(ORDER),
        "get_customer": completed(CUSTOMER),
        "refund": completed(REFUND),
    }


@pytest.fixture
def talk(answers):
    return Talk(shop(), answers)


@pytest.fixture
def talk_with(answers):
    """A conversation with other tools."""
    return lambda *tools: Talk(tools, answers)
