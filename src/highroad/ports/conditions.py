"""Conditions: expressions about one call, as policies and `ask` rules write them."""

from collections.abc import Set as AbstractSet
from typing import Final, Protocol

from highroad.domain.error import HighroadError
from highroad.domain.identity import Principal
from highroad.domain.json_value import JsonObject
from highroad.ports.policy import Owner

CALL_NAMES: Final = frozenset({"args", "principal"})
"""What every expression may name: the arguments, and `id`, `organization`, `roles`, `permissions`
and `authenticated` of the principal."""
ASK_NAMES: Final = CALL_NAMES | {"labels"}
"""The same, and of each argument `sources`: the kinds of evidence that its values came from, with
`nobody` for a value without any; by argument its `integrity`, the `least` of all, and which are
`confidential`. Of a call whose values nobody traced there is none."""
OWNER_NAMES: Final = CALL_NAMES | {"owner"}
"""The same, and `organization` and `principal` of an object's owner."""


class InvalidConditionError(HighroadError):
    """An expression cannot be used as a condition. Nothing ran; mend the expression."""


class ConditionError(HighroadError):
    """A condition gives no answer for this call. Whoever asked must take the safe side.

    The message is free of values.
    """


class Condition(Protocol):
    """One compiled expression. It reads nothing but what it is given, and changes nothing."""

    def looks_at(self, name: str) -> bool:
        """Whether it names this one of the names that it may."""
        ...

    def holds(self, *, args: JsonObject, principal: Principal, owner: Owner | None = None) -> bool:
        """Whether it is true of this call.

        Raises:
            ConditionError: It is neither true nor false: a field is missing, types differ.
        """
        ...

    def answer(
        self, *, args: JsonObject, principal: Principal, labels: JsonObject | None = None
    ) -> bool | str:
        """What it says of this call: whether something is so, or a word.

        Args:
            args: Of the call.
            principal: For whom it is made.
            labels: What is known of its arguments.

        Raises:
            ConditionError: It gives neither: a field is missing, types differ.
        """
        ...


class Conditions(Protocol):
    """Compiles expressions of one language."""

    def compile(self, expression: str, names: AbstractSet[str] = CALL_NAMES) -> Condition:
        """Compile once what is then asked often.

        Raises:
            InvalidConditionError: It does not parse, or names what is not in `names`.
        """
        ...
