"""What a model wrote, led past the host's own validation to the road, which judges it."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic_core import from_json

Written = str | bytes | bytearray | Mapping[str, Any]
Partial = bool | Literal["off", "on", "trailing-strings"]


class RawArguments(dict[str, Any]):
    """The members of a call's arguments, as hooks of the host see them, with what was written.

    What cannot be read as an object has no members.
    """

    def __init__(self, written: Written, *, allow_partial: Partial = False) -> None:
        super().__init__(_members(written, allow_partial))
        self.written = written

    def for_road(self) -> Mapping[str, Any] | str | bytes:
        """What the model wrote; where a hook of the host changed the members, those."""
        if self != _members(self.written, allow_partial=False):
            return dict(self)
        return bytes(self.written) if isinstance(self.written, bytearray) else self.written


class TakesAll:
    """Stands where the host has a tool's validator, and refuses nothing."""

    def validate_json(
        self,
        input: str | bytes | bytearray,  # noqa: A002 - the host's own name
        *,
        allow_partial: Partial = False,
        **_: Any,  # noqa: ANN401 - what else the host hands to validators
    ) -> RawArguments:
        """Arguments in JSON."""
        return RawArguments(input, allow_partial=allow_partial)

    def validate_python(
        self,
        input: Any,  # noqa: A002, ANN401 - the host's own signature
        *,
        allow_partial: Partial = False,
        **_: Any,  # noqa: ANN401 - what else the host hands to validators
    ) -> RawArguments:
        """Arguments that the host has read already."""
        return RawArguments(input, allow_partial=allow_partial)


TAKES_ALL: Final = TakesAll()


def _members(written: Written, allow_partial: Partial) -> Mapping[str, Any]:
    if isinstance(written, str | bytes | bytearray):
        try:
            read = from_json(written, allow_partial=allow_partial)
        except ValueError:
            return {}
    else:
        read = written
    return read if isinstance(read, Mapping) else {}
