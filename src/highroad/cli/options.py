"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document for programs.")
]
As: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="USER",
        help="Be another user of the settings; in profile dev only.",
        show_default="the user of the operating system",
    ),
]
WithToken: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--with-token", help="Read a token or API key of yours from standard input, and be that."
    ),
]
Since: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="From then on: a date or time (UTC unless it says otherwise), or how long ago (7d).",
        show_default="the beginning",
    ),
]
Until: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TIME", help="Before then.", show_default="now")
]
Organization: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Whose record. For names of people, `default` unless told.",
        show_default="all",
    ),
]
ServerName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="What you call the server.", show_default="that of its program"
    ),
]
ServerVariables: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="A variable that the server is given; may be given again."),
]
InFolder: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--in",
        metavar="FOLDER",
        help="Where highroad.toml and the ledger are.",
        show_default="the working folder",
    ),
]
