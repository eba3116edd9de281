"""`highroad tools review`: what stands at stake with tools of which nobody said it."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from highroad.cli import candidate_views as views
from highroad.cli.acceptance import is_attended
from highroad.cli.candidate import Candidate, Tool, candidates, is_whole
from highroad.cli.door import Door, Shown, leave, opened
from highroad.cli.exits import ExitCode
from highroad.cli.keyboard import Keyboard, keyboard
from highroad.cli.misuse import Misuse
from highroad.cli.options import As, AsJson, InFolder, ServerName, ServerVariables, WithToken
from highroad.cli.output import Output
from highroad.domain.error import LedgerOwned
from highroad.domain.tool import Tier
from highroad.domain.value import value
from highroad.settings import load
from highroad.settings.document import FILE_NAME
from highroad.settings.writing import write_contracts
from highroad.tools.declaring.discovery import discover

_TIERS: Final = dict(zip("1234", Tier, strict=True))
_KEYS: Final = (
    "Enter accept as {tier}, 1 read, 2 reversible, 3 irreversible, 4 privileged, s skip, "
    "d details, q stop > "
)
_UNSAID: Final = (
    "{tool} is left out: its record does not say what its author said of it. Run the program once "
    "more."
)


class _Word(Enum):
    """What a person says that is no decision."""

    SKIP = auto()
    STOP = auto()


@value
class _Wanted:
    """What the command line asks for."""

    command: Sequence[str]
    name: str | None
    variables: Sequence[str]
    user: str | None
    is_check: bool
    is_yes: bool
    with_token: bool


@value(eq=False)
class _Found:
    """What there is to review."""

    waiting: tuple[Candidate, ...]
    tools: tuple[Tool, ...] = ()
    """Those of the server, which the runtime is opened with."""
    left_out: tuple[str, ...] = ()
    """Why others cannot be offered."""
    owner_pid: int | None = None


@value(eq=False)
class _Decision:
    """What a person said of a tool."""

    candidate: Candidate
    tier: Tier
    despite: tuple[str, ...] = ()

    @property
    def tool(self) -> str:
        """Its name."""
        return self.candidate.definition.name


def review(  # noqa: PLR0913 - each is an argument of the command line
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COMMAND [ARG]...]",
            help="Starts an MCP server, behind `--`.",
            show_default="the tools of this folder's settings",
        ),
    ] = None,
    *,
    name: ServerName = None,
    env: ServerVariables = None,
    folder: InFolder = None,
    check: Annotated[
        bool, typer.Option("--check", help="Accept nothing; list what waits.")
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            "-y",
            help="Ask nothing: accept the definitions that highroad.toml names, and no other.",
        ),
    ] = False,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Propose tiers for tools of which nobody said any, and accept what you press a key for.

    What you accept is written to highroad.toml, and pinned. Exits with 0 when nothing waits any
    more, and with 3 when something does.
    """
    output = Output(as_json=as_json)
    wanted = _Wanted(
        command=tuple(command or ()),
        name=name,
        variables=tuple(env or ()),
        user=user,
        is_check=check,
        is_yes=yes,
        with_token=with_token,
    )
    leave(output, lambda: _review_in(folder, output, wanted))


def _review_in(folder: Path | None, output: Output, wanted: _Wanted) -> ExitCode:
    try:
        os.chdir(folder or Path())
    except OSError as error:
        raise Misuse(f"{folder} cannot be entered: {error.strerror}") from None
    return _review(output, wanted)


def _review(output: Output, wanted: _Wanted) -> ExitCode:
    if wanted.is_check and wanted.is_yes:
        raise Misuse("`--check` accepts nothing, and `--yes` accepts", do="Give one of them.")
    with output.progress("looking at the tools"):
        found = asyncio.run(_look(output, wanted))
    for reason in found.left_out:
        output.note(reason)
    if wanted.is_yes:
        decisions = [
            _Decision(candidate=each, tier=each.definition.tier)
            for each in found.waiting
            if each.is_accepted_by_settings and not each.grave
        ]
    elif wanted.is_check or output.as_json or not found.waiting or not _is_attended():
        return _list(output, found, is_told=not wanted.is_check)
    else:
        _see_owned(found)
        decisions = _asked(output, found.waiting)
    return _keep(output, wanted, found, decisions)


def _is_attended() -> bool:
    return is_attended() and sys.stderr.isatty()


async def _look(output: Output, wanted: _Wanted) -> _Found:
    """What waits, of a server that is started for it and ended, or of the settings."""
    settings = load()
    tools: tuple[Tool, ...] = ()
    left_out: tuple[str, ...] = ()
    if wanted.command:
        tools, left_out = await _served(wanted)

    async def look(door: Door) -> _Found:
        definitions = door.runtime.definitions
        met = () if wanted.command else definitions.recorded()
        unsaid = tuple(_UNSAID.format(tool=each.pin.tool) for each in met if not is_whole(each))
        looked_at = tools if wanted.command else discover(settings.tools, settings.root).tools
        return _Found(
            waiting=candidates(looked_at, settings.contracts, definitions.unaccepted(), met),
            tools=tools,
            left_out=(*left_out, *unsaid),
            owner_pid=door.runtime.owner_pid,
        )

    return await opened(look, wanted.user, output, tools=tools)


async def _served(wanted: _Wanted) -> tuple[tuple[Tool, ...], tuple[str, ...]]:
    """The tools of a server, and why others of it cannot be offered.

    Raises:
        SettingsError: The library is missing, or a variable or the name cannot be used.
        UpstreamError: The server cannot be started, or does not tell what it has.
    """
    # Heavy, and for those alone who name a server.
    from highroad.bootstrap.upstreams import upstream_of  # noqa: PLC0415
    from highroad.gateway.toolset import offered  # noqa: PLC0415

    upstream = upstream_of(wanted.command, name=wanted.name, variables=wanted.variables)
    try:
        await upstream.open()
        found = await offered(upstream)
    finally:
        await upstream.close()
    told = (
        f"Number {each.at + 1} of its list is left out: {each.reason}" for each in found.left_out
    )
    return found.tools, tuple(told)


def _see_owned(found: _Found) -> None:
    """Nobody should press keys for what could not be recorded."""
    if found.owner_pid is not None:
        raise LedgerOwned(found.owner_pid)


def _list(output: Output, found: _Found, *, is_told: bool) -> ExitCode:
    """What waits, without deciding anything."""
    waiting = [views.plain(each) for each in found.waiting]
    data = {"waiting": waiting, "left_out": found.left_out}
    if not found.waiting:
        output.show(data, Text("nothing waits"))
        return ExitCode.COMPLETED
    output.show(data, views.listed(found.waiting))
    if is_told and not output.as_json:
        output.note("Nothing was accepted: run it on a terminal, where a key accepts each.")
    return ExitCode.REFUSED


def _asked(output: Output, waiting: Sequence[Candidate]) -> list[_Decision]:
    """What somebody at the terminal says of each, until they stop.

    Raises:
        Misuse: They went away in the middle; nothing was accepted.
    """
    decisions: list[_Decision] = []
    try:
        with keyboard() as keys:
            for number, each in enumerate(waiting, start=1):
                said = _ask(output, keys, each, f"{number} of {len(waiting)}")
                if said is _Word.STOP:
                    break
                if isinstance(said, _Decision):
                    decisions.append(said)
    except (KeyboardInterrupt, EOFError):
        output.errors.print()
        raise Misuse(
            "the review was broken off, and nothing was accepted",
            do="Begin again; q stops and keeps what you accepted.",
        ) from None
    return decisions


def _ask(output: Output, keys: Keyboard, each: Candidate, at: str) -> "_Decision | _Word":
    """Show a tool, and read keys until one of them decides."""
    keys.forget()
    output.errors.print(views.shown(each, at=at))
    while True:
        key = _pressed(output, keys, _KEYS.format(tier=each.tier))
        tier = each.tier if key in {"", "a"} else _TIERS.get(key)
        if tier is not None:
            if not _is_meant(output, keys, each, tier, key):
                continue
            return _Decision(candidate=each, tier=tier, despite=each.grave)
        match key:
            case "s":
                return _Word.SKIP
            case "q":
                return _Word.STOP
            case "d":
                output.errors.print(views.details(each))
            case _:
                output.note("There is no such key.")


def _is_meant(output: Output, keys: Keyboard, each: Candidate, tier: Tier, key: str) -> bool:
    """Whether that tier may be chosen, and whoever chose it saw what speaks against it."""
    if not each.may_be(tier):
        output.note(f"It cannot be {tier}: its author or its server says that more is at stake.")
        return False
    if each.is_less(tier):
        prompt = f"{tier} is less strict than what is proposed. {key} again to accept it > "
        if _pressed(output, keys, prompt) != key:
            return False
    if not each.grave:
        return True
    codes = " ".join(each.grave)
    output.errors.print(
        Text(f"It looks like an attack. To accept it all the same type: {codes} > ", "red"), end=""
    )
    return keys.line().split() == list(each.grave)


def _pressed(output: Output, keys: Keyboard, prompt: str) -> str:
    """One key, asked for; what was pressed before it was asked is no answer."""
    keys.forget()
    output.errors.print(Text(prompt, "bold"), end="", soft_wrap=True)
    key = keys.press()
    output.errors.print(Text(key if key.isprintable() else "?"))
    return key


def _keep(
    output: Output, wanted: _Wanted, found: _Found, decisions: Sequence[_Decision]
) -> ExitCode:
    """Write down what was accepted, then pin it; a tool whose pin fails waits on."""
    file = load().root / FILE_NAME
    if decisions and not wanted.is_yes:
        write_contracts(file, {each.tool: each.candidate.written(each.tier) for each in decisions})
    is_production = load().is_production
    pinned = [
        each
        for each in decisions
        if each.candidate.definition.source or (each.candidate.is_pinned and not is_production)
    ]
    if pinned:
        shown = Shown(with_token=wanted.with_token)
        work = opened(
            lambda door: _pin(door, pinned), wanted.user, output, tools=found.tools, shown=shown
        )
        asyncio.run(work)
    left = len(found.waiting) - len(decisions)
    accepted = {each.tool: each.tier for each in decisions}
    output.show({"file": file, "accepted": accepted, "waiting": left}, _told(accepted, left, file))
    if len(pinned) < len(decisions) and is_production:
        output.note("The pins of your own code are another file: `highroad tools pin`.")
    return ExitCode.REFUSED if left else ExitCode.COMPLETED


async def _pin(door: Door, decisions: Iterable[_Decision]) -> None:
    """Accept each definition as it is with what was written, and no other."""
    for each in decisions:
        declaration = each.candidate.with_tier(each.tier)
        definition = declaration.definition
        if not definition.source:
            await door.runtime.definitions.accept_recorded(declaration, by=door.user)
            continue
        await door.runtime.definitions.accept(
            definition.name,
            by=door.user,
            version=definition.version,
            digest=definition.digest,
            despite=each.despite,
        )


def _told(accepted: Mapping[str, Tier], left: int, file: Path) -> Text:
    numbers = Counter(accepted.values())
    tiers = ", ".join(f"{numbers[tier]} {tier}" for tier in Tier if numbers[tier])
    if not accepted:
        return Text(f"Nothing was accepted; {left} wait.")
    rest = f"; {left} wait" if left else ""
    return Text(f"Accepted: {tiers}{rest}. Review and commit {file}.")
