"""Options that several commands share."""

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
