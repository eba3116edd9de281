"""`highroad demo`: the shop, told in chapters."""

import asyncio
import secrets
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import RenderableType
from rich.text import Text

from highroad.bootstrap import local_user
from highroad.cli import dead_letters, health, trails, views
from highroad.cli.door import leave
from highroad.cli.exits import ExitCode, of_run
from highroad.cli.misuse import Misuse
from highroad.cli.options import AsJson
from highroad.cli.output import Output
from highroad.cli.run import Model, watch
from highroad.demo.agents import SUPPORT
from highroad.demo.chapters import chosen
from highroad.demo.database import Shop
from highroad.demo.home import Home
from highroad.demo.listener import Listener
from highroad.demo.narrate import Narrator
from highroad.demo.people import BOB, DESK
from highroad.demo.story import Chapter, Claim, Record, Stage
from highroad.demo.transcript import Transcript
from highroad.domain.dead_letter import DeadLetter
from highroad.domain.error import LedgerOwned
from highroad.domain.health import DependencyHealth
from highroad.domain.run import RunStatus
from highroad.domain.trail import Trail
from highroad.runtime import Runtime
from highroad.settings import load

app: typer.Typer = typer.Typer(add_completion=False)

_EPILOGUE: Final = """\
The shop is yours now. In {folder}:
  highroad call get_order '{{"order_id": "ORD-000042"}}'
  highroad call refund '{{"order_id": "ORD-000042", "cents": 6000}}' --wait
  highroad approvals list, then in another terminal:
  highroad approvals approve APPROVAL --as bob
  highroad explain --last
  highroad audit verify"""


@app.command()
def demo(
    *,
    chapter: Annotated[
        str | None, typer.Option(metavar="N|NAME", help="Tell one chapter alone.")
    ] = None,
    folder: Annotated[
        Path, typer.Option(help="Where settings, ledger and the shop's database go.")
    ] = Path(),
    ask: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="Ask the shop's support agent, in place of the chapters."
        ),
    ] = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Watch real calls on a real database: run, refused, held, approved, limited, explained.

    `--ask` has the support agent work on a request instead: with rules of its own and no key, or
    with the model that `--model` names. At a terminal you are asked as the manager.

    Needs no key and no network. Every claim that it prints is computed from outcomes, the shop's
    database and the ledger; if one does not hold, the exit code is 1.
    """
    output = Output(as_json=as_json)

    def show() -> ExitCode:
        if ask is not None:
            home = _furnished(folder.resolve())
            return asyncio.run(_ask(ask, home, output, model))
        chapters = _chosen(chapter)
        home = _furnished(folder.resolve())
        claims = asyncio.run(_tell(chapters, home, _listener(output, home)))
        return ExitCode.COMPLETED if all(c.holds for c in claims) else ExitCode.INTERNAL

    leave(output, show)


def _chosen(wanted: str | None) -> Sequence[tuple[int, Chapter]]:
    try:
        return chosen(wanted)
    except LookupError as error:
        raise Misuse(str(error)) from None


def _furnished(folder: Path) -> Home:
    try:
        home = Home.under(folder)
        home.furnish(visitor=local_user().id)
    except OSError as error:
        raise Misuse(
            f"the demo cannot use {folder}: {error.strerror}", do="Name another with --folder."
        ) from error
    return home


def _listener(output: Output, home: Home) -> Listener:
    if output.as_json:
        return Transcript(output.json)
    epilogue = Text(_EPILOGUE.format(folder=home.folder), "dim")
    return Narrator(output.console, _drawn, epilogue)


def _drawn(found: Record) -> RenderableType:
    """As the command shows it that the beat names."""
    match found:
        case Trail():
            return trails.trail(found)
        case DependencyHealth():
            return health.drawn((found,))
        case DeadLetter():
            return dead_letters.facts(found)
        case _:
            return views.explanation(found)


async def _ask(text: str, home: Home, output: Output, model: str | None) -> ExitCode:
    """Have the support agent work for the desk, and a manager decide at this terminal."""
    shop, settings = home.shop, load(home.folder)
    agent = SUPPORT if model is None else replace(SUPPORT, model=model)
    async with Runtime.open(settings=settings, deps={Shop: lambda: shop}) as runtime:
        if runtime.owner_pid is not None:
            raise LedgerOwned(runtime.owner_pid)
        shown = await watch(output, runtime.stream(agent, text, principal=DESK), runtime)
        while shown.status is RunStatus.HELD and _decides_here(output):
            await _decide(runtime, output, shown.approvals)
            shown = await watch(output, runtime.stream_resumed(shown.run_id), runtime)
    if shown.status is RunStatus.HELD and not output.as_json:
        where = "" if home.folder == Path.cwd() else f"In {home.folder}:\n"
        decide = "\n".join(
            f"  highroad approvals approve {each} --as bob" for each in shown.approvals
        )
        # The agent names no model: it goes on with the setting, which is to be the same one.
        same = "" if model is None else f"HIGHROAD_MODELS_DEFAULT={shlex.quote(model)} "
        output.note(f"{where}{decide}\n  {same}highroad runs resume {shown.run_id}")
    return ExitCode.INTERNAL if shown.status is None else of_run(shown.status)


def _decides_here(output: Output) -> bool:
    return sys.stdin.isatty() and not output.as_json


async def _decide(runtime: Runtime, output: Output, approvals: Sequence[str]) -> None:
    """Put each question to whoever sits here, who plays the manager."""
    for approval_id in approvals:
        found = await runtime.approvals.get(approval_id)
        output.errors.print(views.approval(found))
        is_agreed = await asyncio.to_thread(
            typer.confirm, f"As the manager Bob, do you approve {found.tool}?", err=True
        )
        decide = runtime.approvals.approve if is_agreed else runtime.approvals.reject
        await decide(approval_id, by=BOB)


async def _tell(
    chapters: Sequence[tuple[int, Chapter]], home: Home, listener: Listener
) -> Sequence[Claim]:
    """Tell the chapters on one runtime, in a run that no earlier telling knows."""
    claims: list[Claim] = []
    shop = home.shop
    opening = Runtime.open(settings=load(home.folder), deps={Shop: lambda: shop})
    async with opening as runtime:
        if runtime.owner_pid is not None:
            raise LedgerOwned(runtime.owner_pid)
        # Only now: whoever else has this ledger open may be in the middle of a call to the shop.
        shop.restock()
        stage = Stage(runtime, home, run=f"demo-{secrets.token_hex(4)}")
        for number, chapter in chapters:
            listener.open(number, chapter)
            async for beat in chapter.tell(stage):
                listener.tell(beat)
                claims += beat.claims
    listener.close(claims)
    return claims
