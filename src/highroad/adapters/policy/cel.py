"""Conditions in CEL, the Common Expression Language (https://cel.dev)."""

import re
from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from highroad.domain.identity import Principal
from highroad.domain.json_value import JsonObject
from highroad.ports.conditions import CALL_NAMES, ConditionError, InvalidConditionError
from highroad.ports.policy import Owner

if TYPE_CHECKING:
    import cel

FUNCTIONS: Final = frozenset(
    {
        *("bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"),
        *("contains", "endsWith", "matches", "size", "startsWith"),
        *("getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear", "getMonth"),
        *("getHours", "getMilliseconds", "getMinutes", "getSeconds"),
    }
)
"""Functions of the library, which would report any other only when it comes to be called."""
_ELSEWHERE: Final = {
    "labels": "only `ask` rules know it, which are asked once values were traced; ",
    "owner": "only `policy.owner` knows it; ",
}
"""Names that expressions of another kind have."""
_MAX_LENGTH: Final = 4_096
_BOUND_NAME: Final = re.compile(r"\.(?:all|exists|exists_one|filter|map)\s*\(\s*(\w+)\s*,")
"""The name that a macro binds for its body: `x` in `args.lines.all(x, x.cents > 0)`."""


class CelConditions:
    """Compiles CEL expressions; the library is loaded with the first one."""

    def compile(self, expression: str, names: AbstractSet[str] = CALL_NAMES) -> "CelCondition":
        """Compile `expression`, which may name `names` and the functions of CEL.

        Raises:
            InvalidConditionError: It does not parse, or names what there is not.
        """
        if len(expression) > _MAX_LENGTH:
            raise InvalidConditionError(f"the expression is longer than {_MAX_LENGTH} characters")
        # Loading takes some 0.2 s, which programs without expressions need not pay.
        import cel  # noqa: PLC0415 - see above

        try:
            program = cel.compile(expression)
        except ValueError as error:
            raise InvalidConditionError(_reason(error)) from None
        bound = frozenset(_BOUND_NAME.findall(expression))
        _check(program.variables(), names | bound, "name", names)
        called = [function for function in program.functions() if function.isidentifier()]
        _check(called, FUNCTIONS, "function", FUNCTIONS)
        return CelCondition(program)


class CelCondition:
    """One compiled expression."""

    def __init__(self, program: "cel.Program") -> None:
        self._program = program
        self._names = frozenset(program.variables())

    def looks_at(self, name: str) -> bool:
        """Whether it names this one of the names that it may."""
        return name in self._names

    def holds(self, *, args: JsonObject, principal: Principal, owner: Owner | None = None) -> bool:
        """Whether it is true of this call.

        Raises:
            ConditionError: It is neither true nor false.
        """
        answer = self._evaluated(args, principal, owner)
        if not isinstance(answer, bool):
            raise ConditionError("it is neither true nor false")
        return answer

    def answer(
        self, *, args: JsonObject, principal: Principal, labels: JsonObject | None = None
    ) -> bool | str:
        """What it says of this call.

        Raises:
            ConditionError: It gives neither a truth nor a word.
        """
        answer = self._evaluated(args, principal, None, labels)
        if not isinstance(answer, bool | str):
            raise ConditionError("it is neither true nor false, nor a word")
        return answer

    def _evaluated(
        self,
        args: JsonObject,
        principal: Principal,
        owner: Owner | None,
        labels: JsonObject | None = None,
    ) -> object:
        facts: dict[str, object] = {"args": args, "labels": labels or {}}
        if "principal" in self._names:
            facts["principal"] = _facts_of(principal)
        if owner is not None:
            facts["owner"] = {"organization": owner.organization, "principal": owner.principal_id}
        try:
            answer: object = self._program.execute(facts)
        # The library's messages quote values, so none of them is repeated (P7).
        except LookupError:
            raise ConditionError("a field that it names is missing") from None
        except TypeError:
            raise ConditionError("it compares or combines values of different types") from None
        except (ArithmeticError, RuntimeError, ValueError):
            raise ConditionError("it cannot be worked out") from None
        return answer


def _facts_of(principal: Principal) -> dict[str, object]:
    return {
        "id": principal.id,
        "organization": principal.organization,
        "roles": sorted(principal.roles),
        "permissions": sorted(principal.permissions),
        "authenticated": principal.authenticated,
    }


def _reason(error: ValueError) -> str:
    """What the parser says, without its drawing of the place."""
    first_line = str(error).splitlines()[0]
    return f"it is no CEL expression: {first_line.rpartition('ERROR: ')[2]}"


def _check(used: list[str], known: AbstractSet[str], kind: str, offered: AbstractSet[str]) -> None:
    for name in used:
        if name not in known:
            near = get_close_matches(name, offered, n=1)
            meant = f"did you mean `{near[0]}`? " if near else ""
            meant = _ELSEWHERE.get(name, "") + meant
            raise InvalidConditionError(
                f"there is no {kind} `{name}`; {meant}there are {', '.join(sorted(offered))}"
            )
