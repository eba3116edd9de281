"""Runs as a person likes to read them: what happened in one, and where each of many stands."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from highroad.cli import views
from highroad.domain.run import AgentRun, ReplyStatus
from highroad.domain.trail import Trail, TrailRequest, TrailStep


def trail(found: Trail) -> RenderableType:
    """What happened in a run, in order: its calls, and what it asked models."""
    rows = views.table("#", "tool", "status", "took", "call", whole=("status", "took", "call"))
    for line in sorted(_lines(found), key=_when):
        rows.add_row(*(_request(line) if isinstance(line, TrailRequest) else _step(line)))
    return rows if found.agent is None else Group(_run(found), rows)


def _lines(found: Trail) -> list[TrailStep | TrailRequest]:
    return [*found.requests, *found.steps]


def _when(line: TrailStep | TrailRequest) -> tuple[int, int, int]:
    """When it began; of a reply and the calls that it proposed at once, the reply comes first."""
    if isinstance(line, TrailRequest):
        return line.asked_ms, 0, line.number
    return line.created_ms, 1, line.step


def _step(step: TrailStep) -> tuple[RenderableType, ...]:
    why = "repeated" if step.is_repeated else step.code
    return (
        str(step.step),
        step.tool or Text("(no such tool)", "dim"),
        # In one column: ids and codes are to be read whole in eighty characters.
        _said(step.status, why),
        views.duration(step.latency_us),
        Text(step.call_id, "dim"),
    )


def _request(request: TrailRequest) -> tuple[RenderableType, ...]:
    where = f" {request.path}" if request.path else ""
    return (
        "",
        Text.assemble(request.model, (f"\n{request.purpose}{where}", "dim")),
        _said(request.status, request.code),
        views.duration(request.latency_us),
        Text(request.request_id, "dim"),
    )


def _said(status: str, why: str | None) -> Text:
    return Text.assemble(views.status(status), (f"\n{why}", "dim") if why else "")


def _run(found: Trail) -> RenderableType:
    """An agent's run as a whole."""
    lines = views.facts()
    lines.add_row("run", Text(found.run_id, "bold"))
    lines.add_row("agent", Text(found.agent or ""))
    lines.add_row("status", Text.assemble(views.status(found.status or ""), " ", found.code or ""))
    for call_id in found.waits_for:
        lines.add_row("waits for", call_id)
    if found.delegated_by:
        lines.add_row("delegated by", found.delegated_by)
    replied = [request for request in found.requests if request.status == ReplyStatus.REPLIED]
    tokens_in = sum(request.tokens_in for request in found.requests)
    tokens_out = sum(request.tokens_out for request in found.requests)
    lines.add_row("models", f"{len(replied)} replies, {tokens_in} tokens in, {tokens_out} out")
    lines.add_row("cost", f"{_cost(found):.6f} USD")
    return lines


def _cost(found: Trail) -> float:
    """Of models and tools."""
    return sum(line.cost_usd for line in _lines(found))


def runs(found: Sequence[AgentRun]) -> RenderableType:
    """Runs of agents, one a line."""
    rows = views.table("run", "agent", "status", "steps", "tokens", "cost", whole=("run", "status"))
    for run in found:
        rows.add_row(
            Text.assemble((run.id, "bold"), (f"\n{views.moment(run.started_ms)}", "dim")),
            Text(run.agent),
            _said(run.status, run.code),
            str(run.steps or 0),
            str((run.tokens_in or 0) + (run.tokens_out or 0)),
            f"{(run.cost_microusd or 0) / 1_000_000:.6f}",
        )
    return rows
