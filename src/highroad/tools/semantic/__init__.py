"""Argument types that mean more than their JSON says, for `Annotated`: a path, an account.

    async def read(path: Annotated[str, SafePath("/srv/docs")]) -> str: ...

Each is pure in `validate`, says in the schema what it takes, and works alone:
`Email().objection(text)` is `None`, or the form that would have been right.
A type of your own is a subclass of `Semantic` with a code, a rule and a line for the schema.
"""

from highroad.tools.semantic.email import Email
from highroad.tools.semantic.html import Html
from highroad.tools.semantic.iban import Iban
from highroad.tools.semantic.json_blob import JsonBlob
from highroad.tools.semantic.phone import Phone
from highroad.tools.semantic.public_url import PinnedUrl, PublicUrl
from highroad.tools.semantic.rule import Semantic
from highroad.tools.semantic.safe_path import SafePath
from highroad.tools.semantic.shell import Program, ShellCommand, ShellWord
from highroad.tools.semantic.sql import ReadOnlySql, SqlWrite

__all__ = [
    "Email",
    "Html",
    "Iban",
    "JsonBlob",
    "Phone",
    "PinnedUrl",
    "Program",
    "PublicUrl",
    "ReadOnlySql",
    "SafePath",
    "Semantic",
    "ShellCommand",
    "ShellWord",
    "SqlWrite",
]
