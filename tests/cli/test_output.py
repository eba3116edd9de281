"""What commands print, for people and for programs."""

import json
from io import StringIO
from pathlib import Path
from types import MappingProxyType

import pytest
from rich.console import Console

from highroad.approvals.case import QueuedCall
from highroad.cli import trails, views
from highroad.cli.output import Complaint, Output, to_json
from highroad.domain.approval import Approval, Level, Obligation
from highroad.domain.entry import Amendment, AmendmentKind
from highroad.domain.error import CallError, Problem
from highroad.domain.tool import Tier
from highroad.domain.trail import Explanation, StageRecord, Trail, TrailStep

APPROVAL = Approval(
    id="apr_1",
    call_id="call_1",
    run_id="run_1",
    organization="acme",
    requester="usr_1",
    tool="refund",
    digest="d1",
    level=Level.HUMAN,
    quorum=2,
    obligations=(Obligation("ask_rule", "The rule asks."),),
    created_ms=0,
    expires_ms=0,
    approvers=("usr_2",),
)
EXPLANATION = Explanation(
    call_id="call_1",
    run_id="run_1",
    trace_id="t1",
    tool="refund",
    tool_version="1",
    tool_digest="d1",
    tier="irreversible",
    effect="idempotent",
    principal="usr_1",
    principal_name=None,
    organization="acme",
    delegation=("helper",),
    origin="model",
    door="python",
    policy_version="p1",
    rules=("policy.allow [dim]",),
    status="unknown",
    code="timeout",
    rule=None,
    proof=None,
    created_ms=0,
    ended_ms=1,
    latency_us=1_500_000,
    attempts=1,
    cost_usd=0.0,
    stages=(StageRecord(stage="resolve", verdict="proceed", elapsed_us=12),),
    coercions=("/cents: text to integer",),
    source_call_id="call_0",
    approvals=(APPROVAL,),
    decisions=({"ruling": "approve", "by": "usr_2", "name": None, "saw": "4711", "at_ms": 60_000},),
    reasons={"usr_2": "I looked"},
    positions=(3, 9),
    erased_ms=86_400_000,
    amendments=(
        Amendment(
            id="amd_1", call_id="call_1", kind=AmendmentKind.PROBED, applied=True, by="x", at_ms=2
        ),
    ),
    arguments={"cents": 500},
)


@pytest.fixture
def printed():
    return StringIO()


@pytest.fixture
def console(printed):
    return Console(file=printed, width=200, markup=False)


def test_an_explanation_leaves_nothing_out(console, printed):
    console.print(views.explanation(EXPLANATION))

    text = printed.getvalue()
    for word in (
        "(erased) of acme through helper, from model by python",
        "took 1.5 s",
        "policy.allow [dim]",
        "call_0",
        "/cents: text to integer",
        "apr_1",
        "approve by usr_2, 1970-01-01 00:01:00Z",
        "saw 4711",
        "applied, probed by",
        "usr_2: I looked",
        "3, 9",
        "erased on 1970-01-02 00:00:00Z",
        '"cents": 500',
        "12 µs",
    ):
        assert word in text


def test_a_listed_call_stands_with_how_many_agreed_what_it_costs_and_what_is_said_of_it(
    console, printed
):
    queued = QueuedCall(approval=APPROVAL, tier=Tier.IRREVERSIBLE, cost_usd=12.5, concerns=2)
    console.print(views.approvals([queued]))
    first, what, ids = (line.rstrip() for line in printed.getvalue().splitlines())
    assert first == "apr_1  waiting 1 of 2, human of 2, until 1970-01-01 00:00:00Z"
    assert what == "  refund irreversible, 12.5 US dollars at most, 2 concerns: The rule asks."
    assert ids == "  call_1 by usr_1"


def test_an_approval_says_how_many_must_agree_and_who_did(console, printed):
    console.print(views.approval(APPROVAL))

    assert "2 of level human" in printed.getvalue()
    assert "usr_2" in printed.getvalue()


def test_a_name_that_no_tool_has_is_not_repeated(console, printed):
    step = TrailStep(step=1, call_id="c", tool=None, principal="usr_1", status="refused")

    console.print(trails.trail(Trail(run_id="r", steps=(step,))))

    assert "(no such tool)" in printed.getvalue()


def test_values_of_the_domain_become_json():
    data = {
        "set": frozenset("ba"),
        "map": MappingProxyType({"a": 1}),
        "path": Path("x"),
        "v": APPROVAL,
    }

    assert json.loads(to_json(data)) == {
        "set": ["a", "b"],
        "map": {"a": 1},
        "path": "x",
        "v": json.loads(to_json(APPROVAL)),
    }


def test_what_has_no_form_in_json_is_a_mistake_of_ours():
    with pytest.raises(TypeError):
        to_json(object())


def test_a_complaint_tells_every_problem_in_a_line_of_its_own(printed):
    error = CallError(
        code="invalid_arguments",
        message="Two problems.",
        problems=(Problem("/a", "type", "an integer"), Problem("", "required", "`b`")),
    )

    Output(errors=Console(file=printed)).complain(
        "refused", Complaint.of(error, "call_1", rule=None)
    )

    assert printed.getvalue().splitlines() == [
        "refused  invalid_arguments",
        "  reason  Two problems.",
        "          /a: expected an integer",
        "          /: expected `b`",
        "  more    highroad explain call_1",
    ]


def test_a_path_in_a_complaint_is_never_broken_into_lines(printed):
    path = "/" + "very/" * 40 + "deep.toml:7"

    Output(errors=Console(file=printed, width=40)).complain(
        "error", Complaint(code="settings_error", reason=path)
    )

    assert path in printed.getvalue()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_is_over_within_a_second_shows_no_progress(printed, is_terminal):
    output = Output(errors=Console(file=printed, force_terminal=is_terminal))

    with output.progress("calling"):
        pass

    assert "calling" not in printed.getvalue()


def test_what_takes_longer_shows_on_a_terminal_what_goes_on(printed, monkeypatch):
    monkeypatch.setattr("highroad.cli.output.PATIENCE_S", 0.0)
    output = Output(errors=Console(file=printed, force_terminal=True))

    with output.progress("calling refund"):
        for _ in range(1_000_000):
            if "calling refund" in printed.getvalue():
                break

    assert "calling refund" in printed.getvalue()
