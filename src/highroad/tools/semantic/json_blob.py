"""Text that holds one JSON value, for tools that store or pass on JSON without a schema of it."""

from typing import Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.arguments.form import MAX_DEPTH
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse_value
from highroad.tools.semantic.rule import Semantic

_MOST_BYTES: Final = 65_536
_MOST_DEPTH: Final = 32


class JsonBlob(Semantic):
    """One JSON value that every reader reads alike (I-JSON, RFC 7493), of bounded size and depth.

    Args:
        max_bytes: Of the text in UTF-8.
        max_depth: Levels of arrays and objects; at most 64, beyond which no argument goes.
    """

    code = "json_blob"
    refuses = (
        "Text that is not one JSON value, and JSON that readers take differently: duplicate keys, "
        "NaN and Infinity, integers beyond 2⁵³, lone surrogates. Two readers that differ "
        "let one check what the other does not get. Size and depth are bounded, because a few "
        "kilobytes of brackets exhaust a reader."
    )

    def __init__(self, max_bytes: int = _MOST_BYTES, max_depth: int = _MOST_DEPTH) -> None:
        if max_bytes < 1 or not 0 <= max_depth <= MAX_DEPTH:
            raise ValueError(
                f"JsonBlob takes at least one byte, and a depth from 0 to {MAX_DEPTH}, "
                f"for example JsonBlob(max_bytes=10_000, max_depth=8)"
            )
        self.max_bytes = max_bytes
        self.max_depth = max_depth

    def objection(self, text: str) -> str | None:
        """Refuse what is no JSON, too much of it, or JSON that readers take differently."""
        found = self._parsed(text)
        return _form(found) if isinstance(found, Invalid) else None

    def read(self, text: str) -> JsonValue:
        """The value that the text holds.

        Raises:
            ValueError: `objection` would have refused the text.
        """
        found = self._parsed(text)
        if isinstance(found, Invalid):
            raise ValueError(f"Give {_form(found)}.")  # noqa: TRY004 - text is the right type
        return found

    def schema(self) -> JsonObject:
        """The media type, and the bounds in words."""
        return {
            "contentMediaType": "application/json",
            "maxLength": self.max_bytes,
            "description": (
                f"JSON as text: at most {self.max_bytes} bytes and {self.max_depth} levels, "
                f"no key twice in an object."
            ),
        }

    def _parsed(self, text: str) -> "JsonValue | Invalid":
        # As bytes, which is what the bound counts; a lone surrogate, which UTF-8 has no bytes
        # for, is refused by the reader of them.
        raw = text.encode(errors="surrogatepass")
        return parse_value(raw, max_bytes=self.max_bytes, max_depth=self.max_depth)


def _form(invalid: Invalid) -> str:
    return f"one JSON value as text; here wanted: {invalid.problems[0].expected}"
