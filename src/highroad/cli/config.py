"""`highroad config`: settings and limits in force, and where each was given."""

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from highroad.bootstrap import sandbox_choices
from highroad.cli import views
from highroad.cli.door import leave
from highroad.cli.exits import ExitCode
from highroad.cli.options import AsJson
from highroad.cli.output import Output
from highroad.domain.address import without_secrets
from highroad.domain.tool import Tier
from highroad.settings import Settings, describe, load

app: typer.Typer = typer.Typer(add_completion=False)


@app.command()
def config(*, as_json: AsJson = False) -> None:
    """Print every setting that is in force, who said so, and what would run programs here.

    Secrets are no settings: master keys stand in their file or in the environment alone.
    """
    output = Output(as_json=as_json)

    def show() -> ExitCode:
        settings = load()
        output.show(_data(settings), _drawn(settings))
        return ExitCode.COMPLETED

    leave(output, show)


def _values(settings: Settings) -> dict[str, tuple[object, str]]:
    """Value and source of each setting that can be given once."""
    return {
        setting.name: (
            setting.kind.shown(settings.value_of(setting.name)),
            settings.given[setting.name].source if setting.name in settings.given else "default",
        )
        for setting in describe()
        if setting.variable is not None
    }


def _data(settings: Settings) -> dict[str, object]:
    return {
        "file": settings.file,
        "ledger": without_secrets(settings.ledger),
        "settings": {
            name: {"value": value, "source": source}
            for name, (value, source) in _values(settings).items()
        },
        "policy": settings.policy,
        "sandboxes": sandbox_choices(settings),
        "principals": settings.principals,
    }


def _drawn(settings: Settings) -> Group:
    table = views.table("setting", "value", "from", whole=("setting",))
    for name, (value, source) in _values(settings).items():
        style = "dim" if source == "default" else ""
        table.add_row(name, Text(_text(value)), Text(source, style))
    people = ", ".join(f"{one.id} ({one.organization})" for one in settings.principals)
    facts = views.facts()
    facts.add_row("file", str(settings.file or "none: everything is as built in"))
    facts.add_row("ledger", without_secrets(settings.ledger))
    facts.add_row("roles", ", ".join(role.name for role in settings.policy.roles) or "none")
    facts.add_row("people", people or "none")
    return Group(facts, "", table, "", _sandboxes(settings))


def _sandboxes(settings: Settings) -> Table:
    """What would run programs in each language, by the tier of the tool that asks for it."""
    table = views.table("programs in", "for tiers", "run in", "why", whole=("programs in",))
    by_use: dict[tuple[str, str | None, str], list[str]] = {}
    for each in sandbox_choices(settings):
        by_use.setdefault((each.language, each.sandbox, each.why), []).append(each.tier)
    for (language, sandbox, why), tiers in by_use.items():
        tier_words = "all" if len(tiers) == len(Tier) else ", ".join(tiers)
        table.add_row(language, tier_words, Text(sandbox or "refused"), Text(why))
    return table


def _text(value: object) -> str:
    match value:
        case None:
            return "none"
        case list() | tuple():
            return ", ".join(str(each) for each in value) or "none"
        case _:
            return str(value)
