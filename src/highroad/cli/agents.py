"""`highroad agents`: agents, their trials, and who promotes them."""

from typing import Annotated, TypeAlias

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from highroad.agents.agent import Agent
from highroad.cli import views
from highroad.cli.door import Door, ask, enter
from highroad.cli.exits import ExitCode
from highroad.cli.misuse import Misuse
from highroad.cli.options import As, AsJson, Organization, Since, WithToken
from highroad.domain.run import WhyDry
from highroad.domain.shadow import Comparison, RunTotals
from highroad.domain.trial import EdgeCase, TrialChange, TrialReport

app: typer.Typer = typer.Typer(
    add_completion=False, help="Agents: what is on trial did, who promotes it, who shadows whom."
)

Name: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help="Name of the agent.")]
Reason: TypeAlias = Annotated[str, typer.Option(help="Why; kept encrypted.")]


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the agents of the settings, and which of them make dry runs."""
    enter(_list, as_json=as_json)


@app.command()
def report(
    name: Name, *, since: Since = None, organization: Organization = None, as_json: AsJson = False
) -> None:
    """Tell what an agent did and would have done, and what of it is worth a look.

    It begins with the trial of the agent as it is now, unless you say since when.
    """
    ask(
        lambda door: door.runtime.agents.report(
            name,
            organization=organization or door.user.organization,
            since_ms=since_ms(door, since),
        ),
        _report,
        as_json=as_json,
    )


@app.command()
def compare(
    name: Name, *, since: Since = None, organization: Organization = None, as_json: AsJson = False
) -> None:
    """Tell how an agent and its shadow differ, up to the first calls with effects.

    No value is printed: `highroad explain` shows the calls to those who may see them.
    """
    ask(
        lambda door: door.runtime.agents.compare(
            name,
            organization=organization or door.user.organization,
            since_ms=since_ms(door, since),
        ),
        _comparison,
        as_json=as_json,
    )


@app.command()
def promote(  # noqa: PLR0913 - the options of the command
    name: Name,
    *,
    reason: Reason = "",
    early: Annotated[
        bool, typer.Option("--early", help="Before the days of the trial are over; say why.")
    ] = False,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Let the runs of an agent on trial be no dry runs from the next one on."""
    ask(
        lambda door: door.runtime.agents.promote(name, by=door.user, reason=reason, early=early),
        _change,
        user=user,
        with_token=with_token,
        as_json=as_json,
    )


@app.command()
def demote(
    name: Name,
    *,
    reason: Reason = "",
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Put an agent on trial again, from its next run on."""
    ask(
        lambda door: door.runtime.agents.demote(name, by=door.user, reason=reason),
        _change,
        user=user,
        with_token=with_token,
        as_json=as_json,
    )


def since_ms(door: Door, since: str | None) -> int:
    """Unix time of a moment as a person says it.

    Raises:
        Misuse: It is no moment.
    """
    try:
        return door.runtime.audit.period(since, None).since_ms or 0
    except ValueError as error:
        raise Misuse(str(error)) from None


async def _list(door: Door) -> ExitCode:
    agents = tuple(door.runtime.agents)
    told = [{"agent": each.name, "dry_run": await _why_dry(door, each)} for each in agents]
    rows = views.table("agent", "dry run", "what it does", whole=("agent",))
    for agent, each in zip(agents, told, strict=True):
        rows.add_row(agent.name, each["dry_run"] or "", agent.description)
    door.output.show(told, rows if told else "There are no agents here.")
    return ExitCode.COMPLETED


async def _why_dry(door: Door, agent: Agent) -> WhyDry | None:
    if door.runtime.settings.is_dry:
        return WhyDry.DEPLOYMENT
    return await door.runtime.agents.why_dry(agent.name, organization=door.user.organization)


def _change(found: TrialChange) -> RenderableType:
    lines = views.facts()
    lines.add_row("agent", Text(found.agent, "bold"))
    lines.add_row("stands", found.state)
    lines.add_row("by", found.by)
    lines.add_row("at", views.moment(found.at_ms))
    lines.add_row("definition", Text(found.definition, "dim"))
    return lines


def _report(found: TrialReport) -> RenderableType:
    lines = views.facts()
    lines.add_row("agent", Text(found.agent, "bold"))
    lines.add_row("stands", found.state or "not on trial")
    if found.began_ms is not None and found.ends_ms is not None:
        until = views.moment(found.ends_ms)
        lines.add_row("trial", f"since {views.moment(found.began_ms)}, until {until}")
    unreadable = f", {found.unreadable} cannot be read" if found.unreadable else ""
    lines.add_row("runs", f"{found.runs}, of which {found.dry} dry{unreadable}")
    lines.add_row("cost", f"{found.requests} requests, {found.cost_usd:.6f} USD")
    lines.add_row("unused", ", ".join(found.unused) or "no tool")
    return Group(lines, _tools(found), _cases(found.cases))


def _tools(found: TrialReport) -> RenderableType:
    names = ("tool", "calls", "made", "would run", "would ask")
    rows = views.table(*names, "refused", whole=names)
    for tool in found.tools:
        refused = ", ".join(f"{times} {code}" for code, times in tool.refused.items())
        counts = (tool.calls, tool.made, tool.would_run, tool.would_ask)
        rows.add_row(tool.tool, *map(str, counts), refused)
    return rows


def _cases(found: tuple[EdgeCase, ...]) -> RenderableType:
    if not found:
        return Text("Nothing is worth a look.", "dim")
    rows = views.table("look at", "tool", "code", "explain", whole=("look at", "explain"))
    for case in found:
        rows.add_row(case.kind, case.tool or "", case.code or "", case.call_id or case.run_id)
    return rows


def _comparison(found: Comparison) -> RenderableType:
    lines = views.facts()
    lines.add_row("agent", Text(found.agent, "bold"))
    lines.add_row("shadow", found.shadow)
    lines.add_row(
        "runs",
        f"{found.compared} of {found.runs} compared; {found.incomplete} incomplete, "
        f"{found.diverged} diverged, {found.unreadable} unreadable",
    )
    lines.add_row("same tools", f"{found.same_tools}, in the same order {found.same_order}")
    lines.add_row("same arguments", str(found.same_arguments))
    lines.add_row("took", _took(found.took))
    lines.add_row("shadow took", _took(found.shadow_took))
    return Group(lines, _disagreements(found))


def _took(found: RunTotals) -> str:
    return (
        f"{found.requests} requests, {found.calls} calls ({found.refused} refused), "
        f"{found.cost_usd:.6f} USD, {views.duration(found.elapsed_ms * 1_000)}"
    )


def _disagreements(found: Comparison) -> RenderableType:
    if not found.disagreements:
        return Text("They agree.", "dim")
    names = ("differ in", "tool", "where", "run", "shadow")
    rows = views.table(*names, whole=("differ in", "run", "shadow"))
    for each in found.disagreements:
        where = ", ".join((*each.pointers, *each.codes))
        ids = (each.call_id or each.run_id, each.shadow_call_id or each.shadow_id)
        rows.add_row(each.kind, each.tool or "", where, *ids)
    return rows
