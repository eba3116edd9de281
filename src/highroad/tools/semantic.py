"""Argument types that mean more than their JSON says, for `Annotated`: a path, an address.

    async def read(path: Annotated[str, SafePath("/srv/docs")]) -> str: ...

Each is pure in `validate`, says in the schema what it takes, and works alone:
`Email().objection(text)` is `None`, or the form that would have been right.
A type of your own is a subclass of `Semantic` with a code, a rule and a line for the schema.
"""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from highroad.domain.json_value import JsonObject

PREFIX: Final = "semantic."
"""Of the pydantic error types that carry words of a semantic type: those quote no value."""


class Semantic(ABC):
    """A rule for text, beyond its JSON type."""

    code: ClassVar[str]
    """Of the problem that it finds."""

    @abstractmethod
    def objection(self, text: str) -> str | None:
        """The form that would have been right, or `None` for text that is; never the text itself.

        Pure: no disk, no network, no clock.
        """

    @abstractmethod
    def schema(self) -> JsonObject:
        """What models are told: keywords for the schema of a string."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Have pydantic ask, wherever in the arguments the marker stands."""
        return core_schema.no_info_after_validator_function(self._asked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Add our keywords to what is a string."""
        rendered = handler(schema)
        for part in rendered.get("anyOf", [rendered]):
            if part.get("type") == "string":
                part.update({**self.schema(), **part})
        return rendered

    def _asked(self, value: Any) -> Any:  # noqa: ANN401 - whatever the annotated type is
        """Null is no text, and nothing to object to."""
        if value is None:
            return value
        text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
        form = "text" if text is None else self.objection(text)
        if form is not None:
            raise PydanticCustomError(f"{PREFIX}{self.code}", "{form}", {"form": form})
        return value


# RFC 5321: one mailbox, plain ASCII, no quoting, no comments: what a list or a display name, and
# so a second recipient, cannot hide in.
_LOCAL: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MAILBOX: Final = re.compile(rf"({_LOCAL})@({_LABEL}(?:\.{_LABEL})+)")
_MOST_LOCAL: Final = 64
_MOST_ADDRESS: Final = 254


class Email(Semantic):
    """One e-mail address, and nothing that could smuggle in another.

    Args:
        domains: The only ones that mail may go to; `None` is any. Subdomains are others.
    """

    code = "email"

    def __init__(self, domains: Iterable[str] | None = None) -> None:
        if isinstance(domains, str):
            raise TypeError('domains are several, for example Email(domains=["example.com"])')
        self.domains: frozenset[str] | None = (
            None if domains is None else frozenset(each.lower() for each in domains)
        )

    def objection(self, text: str) -> str | None:
        """Refuse what is no plain mailbox, or stands in another domain."""
        match = _MAILBOX.fullmatch(text) if len(text) <= _MOST_ADDRESS else None
        if match is None or len(match[1]) > _MOST_LOCAL:
            return "one e-mail address such as name@example.com, without a display name"
        if self.domains is not None and match[2].lower() not in self.domains:
            return self._only()
        return None

    def schema(self) -> JsonObject:
        """`format: email`, and the domains in words."""
        told: JsonObject = {"format": "email", "maxLength": _MOST_ADDRESS}
        return told if self.domains is None else {**told, "description": f"Only {self._only()}."}

    def _only(self) -> str:
        return f"an e-mail address at {' or '.join(sorted(self.domains or ()))}"
