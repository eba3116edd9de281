"""`highroad approvals`: calls that wait for a person, and what people say."""

from collections.abc import Awaitable
from functools import partial
from typing import Annotated, Protocol, TypeAlias

import orjson
import typer

from highroad.approvals.case import QueuedCall
from highroad.cli import views
from highroad.cli.door import Door, enter
from highroad.cli.door import ask as ask_door
from highroad.cli.exits import ExitCode
from highroad.cli.options import As, AsJson, WithToken
from highroad.domain.approval import Approval, ApprovalState
from highroad.domain.identity import Caller, Principal
from highroad.domain.json_value import JsonObject

app: typer.Typer = typer.Typer(
    add_completion=False, help="Calls that wait for a person: look, decide, edit, ask."
)

ApprovalId: TypeAlias = Annotated[
    str, typer.Argument(metavar="APPROVAL", help="Id of the approval.")
]
Said: TypeAlias = Annotated[str, typer.Argument(help="In your words; kept encrypted.")]
Reason: TypeAlias = Annotated[str, typer.Option(help="Why; kept encrypted with the decision.")]

Code: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Your one-time code, where the settings ask for one: `highroad approvals code`.",
        show_default="none",
    ),
]


class Word(Protocol):
    """What people say of a held call."""

    def __call__(
        self, approval_id: str, *, by: Principal | Caller, reason: str
    ) -> Awaitable[Approval]:
        """Say it."""
        ...


@app.command("list")
def list_(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those that are decided.")] = False,
    after: Annotated[str, typer.Option(help="The last id of the page before.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the calls that wait, oldest first, a hundred at a time."""
    state = None if every else ApprovalState.WAITING
    enter(lambda door: _list(door, state, after), as_json=as_json)


@app.command()
def show(
    approval_id: ApprovalId,
    *,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Show one: the call, what it would change, why it waits, what was said, until when."""
    ask_door(
        lambda door: door.runtime.approvals.case(approval_id, by=door.by),
        views.case,
        user=user,
        with_token=with_token,
        with_narrowed=True,
        as_json=as_json,
    )


@app.command()
def approve(  # noqa: PLR0913 - the options of the command
    approval_id: ApprovalId,
    *,
    endorse: Annotated[
        list[str] | None,
        typer.Option(
            "--endorse",
            metavar="POINTER",
            help="Vouch for the value there, such as /to: in this run nobody is asked again where "
            "that argument of the tool has it from.",
        ),
    ] = None,
    reason: Reason = "",
    code: Code = None,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Agree. It records the decision; whoever waits for the call drives it on."""
    enter(
        lambda door: _say(
            door,
            partial(door.runtime.approvals.approve, endorse=endorse or (), code=code),
            approval_id,
            reason,
        ),
        user=user,
        with_token=with_token,
        with_narrowed=True,
        as_json=as_json,
    )


@app.command()
def reject(
    approval_id: ApprovalId,
    *,
    reason: Reason = "",
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Disagree. The call ends as refused and nothing runs."""
    enter(
        lambda door: _say(door, door.runtime.approvals.reject, approval_id, reason),
        user=user,
        with_token=with_token,
        with_narrowed=True,
        as_json=as_json,
    )


@app.command()
def edit(  # noqa: PLR0913 - the options of the command
    approval_id: ApprovalId,
    arguments: Annotated[str, typer.Argument(help="All of them, as a JSON object.")],
    *,
    reason: Reason = "",
    code: Code = None,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Give the call other arguments, and agree to it. What was agreed to before is void."""
    enter(
        lambda door: _show(
            door,
            door.runtime.approvals.edit(
                approval_id, arguments, by=door.by, reason=reason, code=code
            ),
        ),
        user=user,
        with_token=with_token,
        with_narrowed=True,
        as_json=as_json,
    )


@app.command("code")
def send_code(
    approval_id: ApprovalId,
    *,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Have a one-time code sent to you, where your channel reaches you. It is not shown here."""

    async def work(door: Door) -> ExitCode:
        """Send it."""
        await door.runtime.approvals.send_code(approval_id, by=door.by)
        door.output.show({"sent": approval_id}, f"sent: a code for {approval_id}")
        return ExitCode.COMPLETED

    enter(work, user=user, with_token=with_token, with_narrowed=True, as_json=as_json)


@app.command()
def revoke(
    approval_id: ApprovalId,
    *,
    reason: Reason = "",
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Take your agreement back, as long as the call has not used it."""
    enter(
        lambda door: _show(
            door, door.runtime.approvals.revoke(approval_id, by=door.by, reason=reason)
        ),
        user=user,
        with_token=with_token,
        with_narrowed=True,
        as_json=as_json,
    )


@app.command("ask")
def ask_requester(
    approval_id: ApprovalId,
    question: Said,
    *,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Put a question to whoever requested the call; it waits on."""
    enter(
        lambda door: _show(door, door.runtime.approvals.ask(approval_id, question, by=door.by)),
        user=user,
        with_token=with_token,
        with_narrowed=True,
        as_json=as_json,
    )


@app.command()
def answer(
    approval_id: ApprovalId,
    text: Said,
    *,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Answer what you were asked about a call that you requested."""
    enter(
        lambda door: _show(door, door.runtime.approvals.answer(approval_id, text, by=door.by)),
        user=user,
        with_token=with_token,
        with_narrowed=True,
        as_json=as_json,
    )


async def _list(door: Door, state: ApprovalState | None, after: str) -> ExitCode:
    found = await door.runtime.approvals.page(state=state, after=after)
    told = [_told(each) for each in found]
    door.output.show(told, views.approvals(found) if found else "Nothing waits.")
    return ExitCode.COMPLETED


def _told(found: QueuedCall) -> JsonObject:
    """A held call as programs read it: one object, with the approval's own fields in it."""
    approval: JsonObject = orjson.loads(orjson.dumps(found.approval))
    return {
        **approval,
        "until_ms": found.approval.until_ms,
        "tier": found.tier,
        "origin": found.origin,
        "revision": found.revision,
        "cost_usd": found.cost_usd,
        "concerns": found.concerns,
    }


async def _say(door: Door, word: Word, approval_id: str, reason: str) -> ExitCode:
    return await _show(door, word(approval_id, by=door.by, reason=reason))


async def _show(door: Door, one: Awaitable[Approval]) -> ExitCode:
    """Show an approval as it stands after it was looked at or decided."""
    found = await one
    door.output.show(found, views.approval(found))
    if found.state in {ApprovalState.APPROVED, ApprovalState.REJECTED}:
        door.output.note(f"If nobody waits for it: highroad call --resume {found.call_id}")
    return ExitCode.COMPLETED
