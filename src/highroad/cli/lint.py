"""`highroad tools lint`: advice on tools, before anybody calls them."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from highroad.cli import advice
from highroad.cli.door import leave
from highroad.cli.exits import ExitCode
from highroad.cli.misuse import Misuse
from highroad.cli.options import AsJson
from highroad.cli.output import Output
from highroad.settings import load
from highroad.tools.declaring.discovery import discover
from highroad.tools.lint.codes import LintCode, Severity
from highroad.tools.lint.declared import subject_of
from highroad.tools.lint.listing import Listing, UnreadableList, read_list
from highroad.tools.lint.report import Report
from highroad.tools.lint.report import lint as ask
from highroad.tools.near import near_names


class FailOn(StrEnum):
    """From which weight on a finding makes the command fail."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What the command line asks for."""

    file: str | None
    select: Sequence[str]
    ignore: Sequence[str]
    fail_on: FailOn
    is_all: bool


def lint(  # noqa: PLR0913 - each is an argument of the command line
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]",
            help="A list of tools: an MCP `tools/list` result, or the tools of an OpenAI, "
            "Anthropic or Gemini request; `-` reads stdin.",
            show_default="the tools of this folder's settings",
        ),
    ] = None,
    *,
    select: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Tell this code or group only.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Leave this code or group out.")
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="Exit with 3 from findings of this weight on.")
    ] = FailOn.ERROR,
    is_all: Annotated[
        bool, typer.Option("--all", help="Tell each piece of advice at its tool.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look tools over: what would mislead a model, harm somebody, or work better.

    Exits with 0, or with 3 if there is a finding that weighs as much as --fail-on says.
    """
    output = Output(as_json=as_json)
    wanted = _Wanted(
        file=file, select=select or (), ignore=ignore or (), fail_on=fail_on, is_all=is_all
    )
    leave(output, lambda: _lint(output, wanted))


def _lint(output: Output, wanted: _Wanted) -> ExitCode:
    _check(wanted.select)
    _check(wanted.ignore)
    listing = _declared() if wanted.file is None else _listed(wanted.file)
    if not listing.subjects:
        output.note("There are no tools here: name a file, or add tools to highroad.toml.")
    found = ask(listing.subjects).only(wanted.select, wanted.ignore)
    output.show(
        {
            "tools": len(listing.subjects),
            "left_out": listing.left_out,
            "findings": found.findings,
            "scores": found.scores,
        },
        advice.report(found, is_all=wanted.is_all),
    )
    if listing.left_out:
        output.note(f"{listing.left_out} of a provider's own tools have no schema to look at.")
    return ExitCode.REFUSED if _fails(found, wanted.fail_on) else ExitCode.COMPLETED


def _check(names: Iterable[str]) -> None:
    groups = list(dict.fromkeys(code.group for code in LintCode))
    for name in names:
        if name not in groups and name not in list(LintCode):
            near = near_names(name, [*LintCode, *groups]) or groups
            raise Misuse(f"lint has no code or group {name!r}", do=f"It has {', '.join(near)}.")


def _declared() -> Listing:
    settings = load()
    tools = discover(settings.tools, settings.root).tools
    return Listing(tuple(subject_of(tool, settings.contracts) for tool in tools), left_out=0)


def _listed(file: str) -> Listing:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return read_list(data)
    except OSError as error:
        raise Misuse(f"{file} cannot be read: {error.strerror}", do="Name a file.") from None
    except UnreadableList as error:
        name = "what stdin gave" if file == "-" else file
        raise Misuse(f"{name} is no list of tools: {error}", do=error.do) from None


def _fails(found: Report, fail_on: FailOn) -> bool:
    return fail_on is not FailOn.NEVER and found.has(Severity(fail_on))
