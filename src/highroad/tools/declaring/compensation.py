"""What takes back what a tool did: `@tool(compensation=…)`."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.tool import CompensationRule, Tier
from highroad.tools.declaring.site import Site

TakenBack: TypeAlias = Callable[[JsonObject, JsonValue], Mapping[str, object]]
"""Given the arguments of a call and its result, the arguments of the call that takes it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compensation:
    """Another tool, which takes back what a call did.

    Args:
        to: The tool, or its name.
        arguments: Where each of its arguments comes from, as a JSON pointer (RFC 6901) that begins
            with `/arguments` or `/result` of the call that is taken back, or a function of both.
            Without it each has the value of the argument of the same name.
    """

    to: Callable[..., Any] | str
    arguments: Mapping[str, str] | TakenBack | None = None

    @property
    def name(self) -> str:
        """Of the tool, as far as it is known before the tools are put together."""
        return self.to if isinstance(self.to, str) else getattr(self.to, "__name__", "")

    @property
    def rule(self) -> CompensationRule:
        """As the definition tells it: what is changed here is another definition (P8)."""
        is_told = isinstance(self.arguments, Mapping)
        return CompensationRule(
            tool=self.name,
            arguments=dict(self.arguments) if isinstance(self.arguments, Mapping) else None,
            is_code=self.arguments is not None and not is_told,
        )

    def arguments_of(
        self, arguments: JsonObject, result: JsonValue, taken: Container[str]
    ) -> JsonObject:
        """The arguments of the call that takes back the one with these arguments and this result.

        Args:
            arguments: Of the call that is taken back.
            result: Its own.
            taken: Names of the arguments that the tool takes which takes it back.

        Raises:
            LookupError: A pointer leads nowhere.
        """
        match self.arguments:
            case None:
                return {name: each for name, each in arguments.items() if name in taken}
            case Mapping() as pointers:
                document: JsonObject = {"arguments": arguments, "result": result}
                return {name: _at(document, each) for name, each in pointers.items()}
            case made:
                return dict(made(arguments, result))  # type: ignore[arg-type]  # judged by `validate`, as any


def compensation_of(given: object, tier: Tier, site: Site) -> Compensation:
    """What takes back what a tool did; a tool, or the name of one, is short for it.

    Raises:
        DeclarationError: It is none, or the tool does nothing that could be taken back.
    """
    found = given if isinstance(given, Compensation) else Compensation(to=given)  # type: ignore[arg-type]  # looked at below
    if tier is Tier.READ:
        raise site.error("a read does nothing that could be taken back; leave compensation out")
    if not _is_tool(found.to):
        raise site.error(
            "compensation is a tool, the name of one, or a Compensation(to=…, arguments=…), not "
            f"{type(found.to).__name__}"
        )
    match found.arguments:
        case Mapping() as pointers if not all(map(_is_pointer, pointers.values())):
            raise site.error(
                "arguments= of a Compensation maps names to JSON pointers that begin with "
                "/arguments or /result, such as /result/id"
            )
        case None | Mapping():
            return found
        case made if callable(made):
            return found
        case _:
            raise site.error(
                "arguments= of a Compensation is a function of arguments and result, or a mapping "
                "of names to JSON pointers"
            )


def _is_tool(given: object) -> bool:
    return callable(given) or (isinstance(given, str) and given != "")


def _is_pointer(given: object) -> bool:
    return isinstance(given, str) and f"{given}/".startswith(("/arguments/", "/result/"))


def _at(document: JsonValue, pointer: str) -> JsonValue:
    """What stands at a JSON pointer.

    Raises:
        LookupError: Nothing does.
    """
    found = document
    for token in pointer.split("/")[1:]:
        match found:
            case dict():
                found = found[token.replace("~1", "/").replace("~0", "~")]
            case list() if token.isdecimal():
                found = found[int(token)]
            case _:
                raise LookupError(pointer)
    return found
