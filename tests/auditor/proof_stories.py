"""Ledgers that the tests tell: what happened in them, written by the author."""

from proof_author import FIRST, SECOND, Author


def call(author, name, *, status="completed", run="run-1", log=None, **facts):
    """A call with an intent and an end."""
    author.append("call.intent", run=run, call=name, log=log, tool="refund", **facts)
    author.append("call.ended", run=run, call=name, log=log, status=status, code=None)


def held(author, name, approval, *, run="run-2", log=None):
    """A call that waits for a person, who approves; its intent spends the approval."""
    waiting = {"id": approval, "call": name, "state": "waiting", "approvers": []}
    approved = waiting | {"state": "approved", "approvers": ["p-bob"]}
    author.append("call.held", run=run, call=name, log=log, approval=waiting)
    author.append(
        "approval.decided", run=run, call=name, log=log, ruling="approve", approval=approved
    )
    author.append("call.intent", run=run, call=name, log=log, approval=approval)
    author.append("call.ended", run=run, call=name, log=log, status="completed")


def deferred(author, name, *, run="run-8", log=None, ended=True):
    """A call whose result came later, or has not come yet."""
    waiting = {"call_id": name, "state": "waiting", "deferred_ms": 1, "expires_ms": 2}
    author.append("call.intent", run=run, call=name, log=log, tool="render")
    author.append("call.deferred", run=run, call=name, log=log, deferral=waiting)
    if ended:
        answered = waiting | {"state": "answered", "ended_ms": 2}
        author.append(
            "call.ended", run=run, call=name, log=log, status="completed", deferral=answered
        )


def run(author, name, *, log=None, requests=1, ended=True):
    """A run of an agent that asks a model, is told something, rests, and goes on."""
    author.append("run.started", run=name, log=log, agent="support")
    for number in range(requests):
        request = f"req-{name}-{number}"
        author.append("model.asked", run=name, log=log, id=request, number=number + 1)
        author.append("model.replied", run=name, log=log, id=request, status="replied")
    author.append("run.held", run=name, log=log, waits_for=["c-1"])
    author.append("run.message", run=name, log=log, id=f"msg-{name}", when="now")
    author.append("run.resumed", run=name, log=log)
    if ended:
        author.append("run.ended", run=name, log=log, status="completed")


def runs():
    """Runs of agents in two logs: one is over, one goes on, a request was never answered."""
    author = Author(key=FIRST)
    author.append("ledger.opened", session="s-1", door="python")
    run(author, "run-1", requests=2)
    author.append("run.started", run="run-2", agent="support", log="other")
    author.append("model.asked", run="run-2", id="req-lost", number=1, log="other")
    author.sign()
    author.append("run.resumed", run="run-2")
    author.append("model.asked", run="run-2", id="req-2", number=2)
    author.append("model.replied", run="run-2", id="req-2", status="failed", log="other")
    author.sign()
    return author


SOURCES = [
    ["/to", "result", "c-read", "same"],
    ["/cents", "request", "msg-1", "normalized"],
    ["/note", None, None, None],
]
INTEGRITY = [[2, 1], [3, 2], [0, 1]]
"""Of each source what it is worth and what it has to be, from 0, which is untrusted, to 3."""
ENDORSED = [["/note", "ab" * 32]]
RAN_IN = [
    {
        "sandbox": "bubblewrap",
        "version": "0.8.0",
        "strength": "strong",
        "what": "python",
        "ended": "completed",
        "limits": {"cpu_s": 1.5, "memory_mb": 256, "reads": 2},
        "count": 3,
        "connections": [["api.example.com", 443, "opened", 512, 2048, 2]],
    }
]


def judged():
    """A call of which is on record what its values are worth, who vouched, and where it ran."""
    author = Author(key=FIRST)
    author.append("ledger.opened", session="s-1", door="python")
    waiting = {"id": "a-1", "call": "c-1", "state": "waiting", "approvers": []}
    approved = waiting | {"state": "approved", "approvers": ["p-bob"]}
    facts = {"sources": SOURCES, "integrity": INTEGRITY, "confidential": ["note"]}
    of_call = {"run": "run-1", "call": "c-1"}
    author.append("call.held", **of_call, **facts, approval=waiting)
    author.append(
        "approval.decided", **of_call, ruling="approve", endorsed=ENDORSED, approval=approved
    )
    author.append("call.intent", **of_call, **facts, approval="a-1")
    author.sign()
    author.append("call.ended", **of_call, status="completed", ran_in=RAN_IN)
    author.sign()
    return author


def small():
    """Some forty entries, four heads, a change of keys, anchors of two and three heads."""
    author = Author(key=FIRST)
    author.append("ledger.opened", session="s-1", door="python")
    for number in range(4):
        call(author, f"c-{number}")
    author.sign()
    held(author, "c-held", "a-1")
    author.append("call.ended", run="run-1", call="c-refused", status="refused", code="denied")
    call(author, "c-lost", status="unknown")
    author.append("call.amended", run="run-1", call="c-lost", source="settled", applied=True)
    author.sign()
    author.rekey(SECOND)
    author.sign()
    held(author, "c-again", "a-2")
    call(author, "c-unsure", status="unknown", note="caf\u00e9 \u20ac")
    author.append("call.held", run="run-3", call="c-waiting", approval={"id": "a-3"})
    author.append("policy.loaded", version="p-2", session="s-1")
    for number in range(4, 7):
        call(author, f"c-{number}", run=f"run-{number}")
    author.sign()
    author.append("call.intent", run="run-9", call="c-flight", tool="refund")
    author.append("tool.pinned", tool="refund", change="changed")
    return author


def small_bundle():
    return small().bundle(near=2, far=3)
