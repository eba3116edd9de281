"""One e-mail address."""

import re
from collections.abc import Iterable
from typing import Final

from highroad.domain.json_value import JsonObject
from highroad.tools.semantic.rule import Semantic

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
