"""What reading a run's evidence takes: as much for each call, however many there are (P10)."""

from types import SimpleNamespace

import pytest

from highroad.agents import sources
from highroad.agents.record import Answered, Heard, RunRecord
from highroad.domain.model import ModelMessage, ModelReply, TokenUsage

CALLS = 200


class Looked:
    """A line of replies that counts how often one of them is looked at."""

    def __init__(self, answered):
        self._answered = answered
        self.times = 0

    def __iter__(self):
        for each in self._answered:
            self.times += 1
            yield each


class Said:
    """Evidence that notes what it takes in, in order."""

    def __init__(self):
        self.order = []

    def said(self, source, text):
        self.order.append((source, text))


def answered(number, *heard):
    return Answered(
        request_id=f"req_{number}",
        number=number,
        purpose="step",
        shape="openai",
        tools=(),
        choice="auto",
        heard=heard,
        provisional=(),
        told=(),
        reply=ModelReply(message=ModelMessage(text=""), usage=TokenUsage(), model="scripted:model"),
    )


@pytest.fixture
def record():
    """A run of many calls, with messages to it of which one stands in no request."""
    made = RunRecord(SimpleNamespace(run_id="run_1"), SimpleNamespace())
    for each in ("msg_early", "msg_late", "msg_never"):
        made.heard[each] = Heard(id=each, text=each, by="alice", is_urgent=False)
    heard = {2: ["msg_early"], CALLS: ["msg_late"]}
    made.answered["main"] = Looked([answered(n, *heard.get(n, ())) for n in range(1, CALLS + 1)])
    for number in range(1, CALLS + 1):
        opening = {"step": number, "asked_by": f"req_{number}", "tool": "look"}
        made.calls[f"req_{number}", 0] = SimpleNamespace(call_id=number, opening=opening)
    return made


@pytest.mark.promise("P10")
async def test_replies_are_gone_through_as_often_however_many_calls_there_are(record, monkeypatch):
    """Also while a message is unheard; and each stands before the calls that came behind it."""
    evidence = Said()

    async def takes(services, history, evidence, judge, *, payloads):
        del services, judge, payloads
        evidence.order.append(history.call_id)

    monkeypatch.setattr(sources, "recorded_call", takes)
    await sources.below(SimpleNamespace(), record, evidence)
    assert record.answered["main"].times <= 3 * CALLS
    order = evidence.order
    assert order.index(("msg_early", "msg_early")) == order.index(2) - 1
    assert order.index(("msg_late", "msg_late")) == order.index(CALLS) - 1
    assert order[-1] == ("msg_never", "msg_never")
