"""Secrets: values that tools need and nobody else sees, and the references that stand for them."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any, Final, NoReturn

from highroad.domain.error import HighroadError
from highroad.domain.json_value import JsonObject
from highroad.domain.value import value

MASK: Final = "[secret]"
"""What is shown in place of a value."""
SCHEME: Final = "secret:"
"""How a reference begins in an argument."""
HANDED_IN: Final = "="
"""How the name begins of a value that code handed in."""
SPOKEN: Final = "+"
"""How the name begins of a value that the user said in a run, which means something there alone."""
ALLOWED_BY_ANY: Final = "*"

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_REFERENCE: Final = re.compile(r"secret:(?P<name>[A-Za-z0-9_.-]{1,64}|[=+][0-9a-f]{64})")


class SecretText:
    """A secret text that shows itself to nobody who does not ask by name.

    `repr`, `str`, formats, JSON and logs have a mask in its place, and it cannot be pickled.
    Compared with another one it takes as long whatever the two are.

    Args:
        text: The value; `reveal` gives it back.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The value itself: hand it on to what needs it, and to nothing else."""
        return self._text

    def __repr__(self) -> str:
        return f"SecretText({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretText):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __copy__(self) -> "SecretText":
        return self

    def __deepcopy__(self, memo: object) -> "SecretText":
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not pickled: hand on its name, and fetch it where it is used")

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: object) -> dict[str, Any]:
        """A core schema, as `pydantic_core.core_schema` would build it."""
        return {
            "type": "function-plain",
            "function": {"type": "no-info", "function": cls._read},
            "serialization": {"type": "function-plain", "function": str, "when_used": "json"},
        }

    @classmethod
    def __get_pydantic_json_schema__(cls, *_: object) -> JsonObject:
        """Text that is written and never read."""
        return {"type": "string", "format": "password", "writeOnly": True}

    @classmethod
    def _read(cls, given: object) -> "SecretText":
        if isinstance(given, cls):
            return given
        if not isinstance(given, str):
            raise ValueError("a secret is text")  # noqa: TRY004 - pydantic tells of this one
        return cls(given)


@value
class SecretLease:
    """A secret as its source gave it, and for how long."""

    secret: SecretText
    expires_s: float | None = None
    """Seconds from then on for which it is good; `None` is until it is rotated."""
    renewable: bool = False
    """Whether its source can make that longer."""
    version: str | None = None
    """Of the value, where its source counts them."""
    handle: str | None = field(default=None, repr=False)
    """By which its source knows the lease; `None` where it keeps none."""


class SecretError(HighroadError):
    """A secret could not be fetched. Nothing was done with it; the message names where it is.

    Args:
        message: Free of values.
        may_pass: Whether asking again later may succeed.
    """

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class SecretKind(StrEnum):
    """What secrets are kept in."""

    ENVIRONMENT = "env"
    FILE = "file"
    KEYRING = "keyring"
    VAULT = "vault"


@value
class SecretRules:
    """Where secrets are, and who may name which."""

    sources: tuple[str, ...] = field(default=(), repr=False)
    """URLs, in the order in which a name without a place is looked for."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Where each is: `vault:kv/payments#key`."""
    allow: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names that callers may put into arguments of a tool, by its name; `*` is any."""
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names that whoever has a role may name. Without any, roles do not matter."""
    agents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names that an agent may name, whoever it acts for; one that is not here is not bound."""

    def permits(
        self, name: str, *, tool: str, roles: frozenset[str], agents: tuple[str, ...]
    ) -> bool:
        """Whether a caller may name a secret: the tool, a role and every agent must allow it."""
        if not _has(self.allow.get(tool, ()), name) and not _has(self.allow.get("*", ()), name):
            return False
        if self.roles and not any(_has(self.roles.get(role, ()), name) for role in roles):
            return False
        return all(_has(self.agents.get(agent, (ALLOWED_BY_ANY,)), name) for agent in agents)


NO_SECRETS: Final = SecretRules()
"""There is no source, and nobody may name any."""


def _has(names: tuple[str, ...], name: str) -> bool:
    return name in names or ALLOWED_BY_ANY in names


def is_name(text: str) -> bool:
    """Whether a secret can have this name: 1 to 64 letters, digits, `_`, `-` or `.`."""
    return _NAME.fullmatch(text) is not None


def reference(name: str) -> str:
    """What stands for a secret in an argument."""
    return f"{SCHEME}{name}"


def named_by(text: object) -> str | None:
    """The name that a reference has; `None` where this is none."""
    found = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
    return None if found is None else found["name"]
