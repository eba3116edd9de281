"""`highroad audit`: what happened, as the ledger has it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from highroad.cli import answers, erasing, exporting, proving, reporting, stated, trails
from highroad.cli.asking import Asking
from highroad.cli.door import Door, ask, enter
from highroad.cli.exits import ExitCode
from highroad.cli.misuse import Misuse
from highroad.cli.options import As, AsJson, Organization, Since, Until, WithToken
from highroad.domain.audit import TABLES
from highroad.domain.trail import Trail
from highroad.ledger.inquiry.answers import SpendingBy
from highroad.ledger.inquiry.export import ENTRIES

app: typer.Typer = typer.Typer(add_completion=False)


class CostsBy(StrEnum):
    """What costs are told by."""

    TOOL = "tool"
    MODEL = "model"
    USER = "user"
    RUN = "run"


_SPENDING: Final = {
    CostsBy.TOOL: SpendingBy.TOOL,
    CostsBy.MODEL: SpendingBy.MODEL,
    CostsBy.USER: SpendingBy.USER,
    CostsBy.RUN: SpendingBy.RUN,
}


@app.callback()
def audit() -> None:
    """What happened, as the ledger has it."""


app.command()(proving.verify)
app.command()(proving.key)
app.command()(proving.prove)


@app.command()
def trail(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Id of the run.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Every call of a run, in order: what was asked for, and how it ended."""
    ask(lambda door: trail_of(door, run_id), trails.trail, as_json=as_json)


async def trail_of(door: Door, run_id: str) -> Trail:
    """What happened in a run.

    Raises:
        Misuse: There is none.
    """
    found = await door.runtime.audit.trail(run_id)
    if not found.steps and found.agent is None:
        raise Misuse(
            f"the ledger has no run {run_id!r}",
            do="`highroad explain --last` names the run of the last call.",
        )
    return found


@app.command()
def acts(  # noqa: PLR0913 - each is an option of the command line
    *,
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="What they did.")
    ] = None,
    tool: Annotated[
        str | None, typer.Option("--tool", metavar="NAME", help="Its calls and changes.")
    ] = None,
    approver: Annotated[
        str | None, typer.Option("--approver", metavar="NAME", help="What they decided.")
    ] = None,
    policy: Annotated[
        str | None, typer.Option("--policy", metavar="VERSION", help="What it judged.")
    ] = None,
    since: Since = None,
    until: Until = None,
    organization: Organization = None,
    played: As = None,
    as_json: AsJson = False,
) -> None:
    """Everything that one user, tool, approver or policy version did, in order of time (UTC)."""
    if sum(each is not None for each in (user, tool, approver, policy)) != 1:
        raise typer.BadParameter("give one of --user, --tool, --approver and --policy")
    asking = Asking(since, until, organization, played)
    asking.ask(
        lambda audit, part: audit.acts(
            user=user, tool=tool, approver=approver, policy=policy, **part
        ),
        answers.acts,
        as_json=as_json,
    )


@app.command()
def denials(
    *,
    since: Since = None,
    until: Until = None,
    organization: Organization = None,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """What authorization denied, by rule and tool; the most frequent first."""
    asking = Asking(since, until, organization, user)
    asking.ask(lambda audit, part: audit.denials(**part), answers.denials, as_json=as_json)


@app.command()
def unknowns(
    *,
    since: Since = None,
    until: Until = None,
    organization: Organization = None,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Calls of which nobody knew whether they took effect, and what was found out since."""
    asking = Asking(since, until, organization, user)
    asking.ask(lambda audit, part: audit.unknowns(**part), answers.unknowns, as_json=as_json)


@app.command()
def reviews(
    *,
    since: Since = None,
    until: Until = None,
    organization: Organization = None,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Calls that a second opinion was against; the newest first."""
    asking = Asking(since, until, organization, user)
    asking.ask(lambda audit, part: audit.reviews(**part), answers.reviews, as_json=as_json)


@app.command()
def costs(  # noqa: PLR0913 - each is an option of the command line
    *,
    by: Annotated[CostsBy, typer.Option("--by", help="What they are told by.")] = CostsBy.TOOL,
    since: Since = None,
    until: Until = None,
    organization: Organization = None,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """What calls and models cost, in US dollars; the dearest first."""
    asking = Asking(since, until, organization, user)
    asking.ask(
        lambda audit, part: audit.costs(by=_SPENDING[by], **part),
        lambda found: answers.costs(found, by),
        as_json=as_json,
    )


@app.command()
def calibration(
    *,
    since: Since = None,
    until: Until = None,
    organization: Organization = None,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """What models' stated confidence is worth, by model and tool: how right their calls were."""
    asking = Asking(since, until, organization, user)
    asking.ask(lambda audit, part: audit.calibration(**part), stated.calibration, as_json=as_json)


@app.command()
def repairs(
    *,
    since: Since = None,
    until: Until = None,
    organization: Organization = None,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """How models mend refused arguments, by tool and problem: which description to improve."""
    asking = Asking(since, until, organization, user)
    asking.ask(lambda audit, part: audit.repairs(**part), stated.repairs, as_json=as_json)


@app.command()
def sight(
    approval_id: Annotated[str, typer.Argument(metavar="APPROVAL_ID", help="Id of the approval.")],
    *,
    reveal: Annotated[
        bool,
        typer.Option(
            "--reveal", help="Decrypt the arguments; needs audit:reveal, and is itself recorded."
        ),
    ] = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """What an approver saw: digest, obligations, the tool's definition, and who said what."""
    ask(
        lambda door: door.runtime.audit.sight(
            approval_id,
            reveal_by=door.user if reveal else None,
            asked_by=None if user is None else door.user,
        ),
        answers.sight,
        user=user,
        as_json=as_json,
    )


@app.command()
def tool(
    name: Annotated[str, typer.Argument(metavar="TOOL", help="Name of the tool.")],
    before: Annotated[
        str | None,
        typer.Argument(help="A version, or 8 letters of a digest.", show_default="last but one"),
    ] = None,
    after: Annotated[
        str | None, typer.Argument(help="Likewise.", show_default="the last one")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Accepted definitions of a tool, and what changed between two of them."""
    enter(lambda door: _tool(door, name, before, after), as_json=as_json)


async def _tool(door: Door, name: str, before: str | None, after: str | None) -> ExitCode:
    audit = door.runtime.audit
    versions = await audit.versions(name)
    if not versions:
        raise Misuse(f"the ledger has no definition of a tool {name!r}")
    is_compared = before is not None or len(versions) > 1
    change = await audit.changes(name, before, after) if is_compared else None
    data = {"versions": versions, "change": answers.change_data(change)}
    door.output.show(data, answers.versions(versions, change))
    return ExitCode.COMPLETED


@app.command()
def report(  # noqa: PLR0913 - each is an option of the command line
    *,
    since: Since = None,
    until: Until = None,
    organization: Organization = None,
    form: Annotated[
        reporting.Format, typer.Option("--format", help="Markdown, or one page of HTML.")
    ] = reporting.Format.MD,
    file: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write it there.", show_default="prints it"),
    ] = None,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """What happened in a period, for whoever answers for it."""
    asking = Asking(since, until, organization, user)
    enter(lambda door: reporting.report(door, asking, form, file), user=user, as_json=as_json)


@app.command()
def export(  # noqa: PLR0913 - each is an option of the command line
    *,
    table: Annotated[
        str | None,
        typer.Option("--table", metavar="NAME", help=f"{ENTRIES}, or one of {', '.join(TABLES)}."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="DIR",
            help="Instead: the bundle that an auditor checks offline, into a folder, empty or new.",
        ),
    ] = None,
    form: Annotated[
        exporting.Format,
        typer.Option(
            "--format",
            help="JSON Lines; CSV, in which cells that a spreadsheet would compute begin with '; "
            "Parquet.",
        ),
    ] = exporting.Format.JSONL,
    since: Since = None,
    until: Until = None,
    organization: Organization = None,
    file: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write it there.", show_default="prints it"),
    ] = None,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Write down an audit table or the entries, row by row, or what a stand-alone auditor takes."""
    if to is not None and table is None:
        proving.export(to, as_json=as_json)
    if table is None or to is not None:
        raise typer.BadParameter("give one of --table and --to")
    asking = Asking(since, until, organization, user)
    enter(
        lambda door: exporting.export(door, asking, table, form, file), user=user, as_json=as_json
    )


@app.command()
def erase(
    *,
    name: Annotated[
        str, typer.Option("--user", metavar="NAME", help="Whoever is to be forgotten.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it, only say what.")] = False,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Forget a user: what their calls carried, their name, the keys of their runs. For good."""
    enter(
        lambda door: erasing.erase(door, name, is_agreed=yes),
        user=user,
        with_token=with_token,
        as_json=as_json,
    )
