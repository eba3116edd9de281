"""`highroad run`: an agent at work, live on the terminal."""

import importlib
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import orjson
import typer
from rich.text import Text

from highroad.agents.agent import Agent
from highroad.cli import views
from highroad.cli.door import Door, enter
from highroad.cli.exits import ExitCode, of_run
from highroad.cli.misuse import Misuse
from highroad.cli.options import As
from highroad.cli.output import Output, drawn_json
from highroad.domain.event import Event, EventKind
from highroad.domain.json_value import JsonValue
from highroad.domain.run import Run, RunStatus
from highroad.domain.tool import Tier
from highroad.runtime import Runtime

app: typer.Typer = typer.Typer(add_completion=False)

AsJsonLines: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print each event as a line of JSON, for programs.")
]
Model: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="PROVIDER:NAME", help="Ask this model in place of the agent's own."),
]
_ANSWER: Final = 120
"""Characters of a tool's arguments, and of its answer, that are shown."""


@app.command()
def run(  # noqa: PLR0913 - each is an argument of the command line
    words: Annotated[
        list[str],
        typer.Argument(metavar="[AGENT] TEXT", help="Who is to work, and what is asked for."),
    ],
    *,
    agent: Annotated[
        str | None,
        typer.Option(metavar="MODULE:NAME", help="An agent in a module, in place of AGENT."),
    ] = None,
    model: Model = None,
    conversation: Annotated[
        str | None, typer.Option(help="Your name for the conversation that it belongs to.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Do nothing: read, and say what the rest would do."),
    ] = False,
    user: As = None,
    as_json: AsJsonLines = False,
) -> None:
    """Let an agent work on a request, and watch it until it is done or waits for people.

    What it says goes to stdout, and what it does to stderr. A run that waits goes on with
    `highroad runs resume`.
    """
    if len(words) != (1 if agent else 2):
        raise typer.BadParameter("say AGENT TEXT, or --agent MODULE:NAME TEXT; quote the text")
    found: list[Agent] = []

    def named() -> Sequence[Agent]:
        """The agent of the option, imported once what can go wrong with it is told."""
        found.extend([] if agent is None else [_imported(agent)])
        return found

    async def work(door: Door) -> ExitCode:
        """Begin, and follow."""
        who = found[0] if found else _known(door, words[0])
        if model is not None:
            who = replace(who, model=model)
        events = door.runtime.stream(
            who, words[-1], principal=door.user, conversation=conversation, dry_run=dry_run
        )
        return await follow(door, events)

    enter(work, user=user, as_json=as_json, agents=named)


def _imported(where: str) -> Agent:
    """An agent by module and name.

    Raises:
        Misuse: There is none.
    """
    module, _, name = where.partition(":")
    if not module or not name:
        raise Misuse(f"{where!r} is no MODULE:NAME", do="Say for example --agent shop.agents:desk.")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError as error:
        raise Misuse(f"module {module!r} cannot be imported ({error})") from error
    if not isinstance(found, Agent):
        raise Misuse(f"module {module!r} has no agent {name!r}", do=f"Write {name} = Agent(...).")
    return found


def _known(door: Door, name: str) -> Agent:
    """An agent of the settings, by name.

    Raises:
        Misuse: They have none of that name.
    """
    agents = {each.name: each for each in door.runtime.agents}
    if name not in agents:
        raise Misuse(
            f"there is no agent {name!r}; there are {', '.join(agents) or 'none'}",
            do='Add agents = ["your.module"] to highroad.toml, or say --agent MODULE:NAME.',
        )
    return agents[name]


async def follow(door: Door, events: AsyncGenerator[Event, None]) -> ExitCode:
    """Show what happens in a run, up to its rest."""
    shown = await watch(door.output, events, door.runtime)
    if shown.status is None:
        return ExitCode.INTERNAL
    if shown.status is RunStatus.HELD and not door.output.as_json:
        await tell_holds(door, shown)
    return of_run(shown.status)


async def resumed(door: Door, run_id: str) -> ExitCode:
    """Go on with a run and follow it; of one that has ended, show how."""
    shown = await watch(door.output, door.runtime.stream_resumed(run_id), door.runtime)
    if shown.status is not None:
        if shown.status is RunStatus.HELD and not door.output.as_json:
            await tell_holds(door, shown)
        return of_run(shown.status)
    run = await door.runtime.resume(run_id)
    _show_ended(door.output, run)
    return of_run(run.status)


async def tell_holds(door: Door, shown: "Shown") -> None:
    """Say what to type about what a run waits for."""
    for approval_id in shown.approvals:
        door.output.note(f"Decide: highroad approvals approve {approval_id}")
    door.output.note(f"Then: highroad runs resume {shown.run_id}")


async def watch(output: Output, events: AsyncGenerator[Event, None], runtime: Runtime) -> "Shown":
    """Show events as they come."""
    shown = Shown(output, {tool.name: tool.tier for tool in runtime.tools})
    async for event in events:
        if output.as_json:
            output.line(orjson.dumps(event).decode())
            sys.stdout.flush()
        shown.take(event)
    return shown


class Shown:
    """A run as a terminal shows it.

    Args:
        output: Where it is shown; for programs, nothing but what is asked for.
        tiers: Of tools, by name.
    """

    def __init__(self, output: Output, tiers: Mapping[str, Tier]) -> None:
        self._output = output
        self._tiers = tiers
        self._streamed: set[str] = set()
        """Requests whose text was shown as it came."""
        self._is_mid_line = False
        self.run_id: str = ""
        self.status: RunStatus | None = None
        """As it came to rest; `None` before."""
        self.approvals: list[str] = []
        """What people have to decide."""

    def take(self, event: Event) -> None:
        """Show one more event."""
        self.run_id = self.run_id or event.run_id
        if event.kind is EventKind.TOOL_HELD and event.data["approval_id"] is not None:
            self.approvals.append(str(event.data["approval_id"]))
        if not event.path:
            self._rest(event)
        if not self._output.as_json:
            self._show(event)

    def _rest(self, event: Event) -> None:
        match event.kind:
            case EventKind.RUN_HELD:
                self.status = RunStatus.HELD
            case EventKind.RUN_FINISHED:
                self.status = RunStatus(str(event.data["status"]))
            case _:
                pass

    def _show(self, event: Event) -> None:
        data = event.data
        match event.kind:
            case EventKind.TEXT_DELTA if not event.path:
                self._streamed.add(str(data["request"]))
                self._say(str(data["text"]))
            case EventKind.TEXT if not event.path:
                if data["request"] not in self._streamed:
                    self._say(str(data["text"]))
                self._break()
            case EventKind.RUN_FINISHED if not event.path:
                self._end(event)
            case _:
                line = _line(event)
                if line is not None:
                    self._break()
                    if event.kind is EventKind.TOOL_PROPOSED:
                        line.append(
                            f"  {self._tiers.get(str(event.data['tool']), 'unknown')}", "dim"
                        )
                    indent = "  " * len(event.path)
                    self._output.errors.print(Text(indent).append_text(line), soft_wrap=True)

    def _end(self, event: Event) -> None:
        self._break()
        data, result = event.data, event.data["result"]
        if result is not None and not isinstance(result, str):
            self._output.console.print(drawn_json(result))
        cost = data["cost_usd"]
        spent = f"{data['steps']} requests, {data['tokens_in']}+{data['tokens_out']} tokens"
        usd = f", {cost:.4f} USD" if isinstance(cost, float) and cost else ""
        code = f" ({data['code']})" if data["code"] else ""
        self._output.note(f"{data['status']}{code}  {event.run_id}  {spent}{usd}")

    def _say(self, text: str) -> None:
        self._output.console.print(Text(text), end="", soft_wrap=True)
        self._is_mid_line = not text.endswith("\n")

    def _break(self) -> None:
        """What comes next begins a line."""
        if self._is_mid_line:
            self._output.console.print()
            self._is_mid_line = False


def _line(event: Event) -> Text | None:
    """An event in a line; `None` where there is nothing to see."""
    draw = _DRAWN.get(event.kind)
    return None if draw is None else draw(event)


def _started(event: Event) -> Text:
    dry = event.data.get("dry_run")
    return Text.assemble(
        (f"{event.data['agent']}", "bold"),
        (f"  {event.run_id}", "dim"),
        ("" if dry is None else f"  dry run ({dry}): nothing is done", "yellow"),
    )


def _proposed(event: Event) -> Text:
    arguments = _short(event.data["arguments"])
    return Text.assemble(("> ", "dim"), f"{event.data['tool']} ", (arguments, "dim"))


def _held(event: Event) -> Text:
    return Text.assemble(views.status("held"), f" {event.data['tool']}")


def _finished(event: Event) -> Text:
    data = event.data
    answer = _short(data.get("answer", {}))
    return Text.assemble(views.status(str(data["status"])), f" {data['tool']} ", (answer, "dim"))


def _short(found: JsonValue) -> str:
    told = orjson.dumps(found).decode()
    return told if len(told) <= _ANSWER else f"{told[:_ANSWER]}…"


def _progress(event: Event) -> Text:
    data = event.data
    of = "" if data["total"] is None else f" of {data['total']:g}"
    done = "" if data["done"] is None else f"{data['done']:g}{of} "
    return Text(f"  {data['tool']}: {done}{data['text']}", "dim")


def _message(event: Event) -> Text:
    return Text(f"message: {event.data['text']}", "dim")


def _warning(event: Event) -> Text:
    return Text(f"{event.data['text']}", "yellow")


def _lost(event: Event) -> Text:
    return Text(f"({event.data['count']} events were too fast to be shown)", "dim")


_DRAWN: Final[dict[EventKind, Callable[[Event], Text]]] = {
    EventKind.RUN_STARTED: _started,
    EventKind.TOOL_PROPOSED: _proposed,
    EventKind.TOOL_PROGRESS: _progress,
    EventKind.TOOL_HELD: _held,
    EventKind.TOOL_FINISHED: _finished,
    EventKind.MESSAGE: _message,
    EventKind.BUDGET_WARNING: _warning,
    EventKind.EVENTS_LOST: _lost,
}


def _show_ended(output: Output, run: Run) -> None:
    """Show a run that has ended before."""
    output.show(run, run.result if isinstance(run.result, str) else drawn_json(run.result))
    output.note(f"{run.status}  {run.id}")
