"""`highroad identity`: who is let in, and why somebody is not."""

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import typer
from rich.console import RenderableType
from rich.table import Table

from highroad.cli.door import Door, ask, enter, read_token
from highroad.cli.exits import ExitCode
from highroad.cli.options import As, AsJson, WithToken
from highroad.domain.identity import Caller, Principal
from highroad.domain.refusal import CredentialRefused
from highroad.identity.api_keys import USUAL_DAYS, ApiKey
from highroad.identity.blocks import Block
from highroad.identity.sessions import LoginSession

app: typer.Typer = typer.Typer(
    add_completion=False, help="Who is let in: API keys, sessions, blocked addresses."
)
keys: typer.Typer = typer.Typer(add_completion=False, help="API keys: create, list, revoke.")
app.add_typer(keys, name="keys")

Several: TypeAlias = list[str]


@keys.command("create")
def create_key(  # noqa: PLR0913 - what a key may be made with, each by name
    holder: Annotated[str, typer.Argument(metavar="PRINCIPAL", help="Id of whoever holds it.")],
    *,
    role: Annotated[Several, typer.Option(metavar="NAME", help="A role of theirs.")] = [],  # noqa: B006 - Typer copies it
    permission: Annotated[Several, typer.Option(metavar="NAME", help="A permission.")] = [],  # noqa: B006 - the same
    tool: Annotated[Several, typer.Option(metavar="PATTERN", help="Only for these tools.")] = [],  # noqa: B006 - the same
    days: Annotated[float, typer.Option(help="So long it is good; 0 is until revoked.")] = float(
        USUAL_DAYS
    ),
    label: Annotated[str, typer.Option(help="What it is for; kept encrypted.")] = "",
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Make a key, and print it this once."""

    async def work(door: Door) -> ExitCode:
        """Make it; the key alone goes to stdout, so that it can be taken from there."""
        made = await door.runtime.identity.keys.create(
            Principal(holder, door.user.organization, frozenset(role), frozenset(permission)),
            by=door.user,
            tools=tool or ["*"],
            days=days or None,
            label=label,
        )
        door.output.note(f"{made.key.id}: keep the key safe, nobody can be told it again.")
        door.output.show({"key": made.key, "secret": made.secret}, made.secret)
        return ExitCode.COMPLETED

    enter(work, user=user, with_token=with_token, as_json=as_json)


@keys.command("list")
def list_keys(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """List the keys of your organization, oldest first."""
    ask(
        lambda door: door.runtime.identity.keys.list(by=door.user, every=every),
        lambda found: _table(
            ("key", "holder", "tools", "permissions", "until", "label"), map(_key_line, found)
        ),
        user=user,
        as_json=as_json,
    )


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="Id of the key.")],
    *,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Let a key open nothing any more, nor a session that it opened."""

    async def work(door: Door) -> ExitCode:
        """Revoke it."""
        await door.runtime.identity.keys.revoke(key_id, by=door.user)
        door.output.show({"revoked": key_id}, f"revoked: {key_id}")
        return ExitCode.COMPLETED

    enter(work, user=user, with_token=with_token, as_json=as_json)


@app.command()
def sessions(
    *,
    end: Annotated[
        str | None, typer.Option(metavar="SESSION", help="End this one.", show_default="list")
    ] = None,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """List the sessions of your organization that go on, or end one."""

    async def work(door: Door) -> ExitCode:
        """End it, or list them."""
        if end is not None:
            await door.runtime.identity.sessions.end(end, by=door.user)
            door.output.show({"ended": end}, f"ended: {end}")
            return ExitCode.COMPLETED
        found = await door.runtime.identity.sessions.list(by=door.user)
        columns = ("session", "principal", "from", "opened", "used", "until")
        door.output.show(found, _table(columns, map(_session_line, found)))
        return ExitCode.COMPLETED

    enter(work, user=user, with_token=with_token, as_json=as_json)


@app.command()
def block(
    network: Annotated[str, typer.Argument(help="An address, or a network: 2001:db8::/32.")],
    *,
    minutes: Annotated[float, typer.Option(help="So long; 0 is until somebody lets it go.")] = 0.0,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Let nobody in from an address or a network."""
    ask(
        lambda door: door.runtime.identity.blocks.block(
            network, by=door.user, seconds=minutes * 60 or None
        ),
        lambda made: f"blocked: {made.network} ({made.id})",
        user=user,
        with_token=with_token,
        as_json=as_json,
    )


@app.command()
def unblock(
    network: Annotated[str, typer.Argument(help="As it was blocked, or the id of the block.")],
    *,
    with_token: WithToken = False,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """Let an address or a network go."""
    ask(
        lambda door: door.runtime.identity.blocks.unblock(network, by=door.user),
        lambda ended: f"let go: {ended}",
        user=user,
        with_token=with_token,
        as_json=as_json,
    )


@app.command()
def blocked(*, user: As = None, as_json: AsJson = False) -> None:
    """List what is blocked for your organization; what settings block has no id."""
    ask(
        lambda door: door.runtime.identity.blocks.list(by=door.user),
        lambda found: _table(("block", "network", "since", "until"), map(_block_line, found)),
        user=user,
        as_json=as_json,
    )


@app.command()
def check(
    *,
    address: Annotated[
        str | None, typer.Option(metavar="IP", help="Where it comes from.", show_default="unsaid")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read credentials from standard input and say whose they are, or why they are refused."""

    async def work(door: Door) -> ExitCode:
        """It is for operators: whoever shows credentials is told no reason."""
        try:
            caller = await door.runtime.identity.examine(read_token(), address=address)
        except CredentialRefused as refusal:
            told = {"accepted": False, "reason": refusal.reason, "detail": str(refusal)}
            door.output.show(told, f"refused: {refusal.reason}: {refusal}")
            return ExitCode.REFUSED
        door.output.show({"accepted": True, **_facts(caller)}, _caller(caller))
        return ExitCode.COMPLETED

    enter(work, as_json=as_json)


def _facts(caller: Caller) -> dict[str, object]:
    principal = caller.principal
    return {
        "principal": principal.id,
        "organization": principal.organization,
        "roles": sorted(principal.roles),
        "permissions": sorted(principal.permissions),
        "through": [link.agent for link in caller.delegation],
        "assurance": caller.assurance,
        "expires_ms": caller.expires_ms,
    }


def _caller(caller: Caller) -> RenderableType:
    lines = Table.grid(padding=(0, 2))
    for name, fact in _facts(caller).items():
        told = ", ".join(map(str, fact)) if isinstance(fact, list) else str(fact)
        lines.add_row(name, _time(caller.expires_ms) if name == "expires_ms" else told or "none")
    return lines


def _table(columns: tuple[str, ...], lines: "map[tuple[str, ...]]") -> RenderableType:
    rows = list(lines)
    if not rows:
        return "There is none."
    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        table.add_row(*row)
    return table


def _key_line(key: ApiKey) -> tuple[str, ...]:
    permissions = "all" if key.permissions is None else ", ".join(key.permissions) or "none"
    until = "revoked" if key.revoked_ms is not None else _time(key.expires_ms)
    return (key.id, key.name, ", ".join(key.tools), permissions, until, key.label)


def _session_line(found: LoginSession) -> tuple[str, ...]:
    times = (found.opened_ms, found.used_ms, found.expires_ms)
    return (found.id, found.name, found.address or "unsaid", *map(_time, times))


def _block_line(found: Block) -> tuple[str, ...]:
    since = "settings" if not found.id else _time(found.blocked_ms)
    return (found.id or "-", found.network, since, _time(found.expires_ms))


def _time(at_ms: int | None) -> str:
    if at_ms is None:
        return "for good"
    return datetime.fromtimestamp(at_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
