"""JSON as the page allows it, and no other: what two readers could read in two ways is refused."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, NoReturn

LARGEST: Final = 2**53 - 1
"""The largest integer that every reader of JSON reads exactly."""


class MalformedError(ValueError):
    """Something is not in the form of the page; the message says what, never a value."""


class Form(NamedTuple):
    """What a value must be."""

    name: str
    fits: Callable[[object], bool]


def _matching(name: str, pattern: str) -> Form:
    form = re.compile(pattern, re.ASCII)
    return Form(name, lambda found: type(found) is str and form.fullmatch(found) is not None)


def optional(form: Form) -> Form:
    """The same, or null."""
    return Form(f"{form.name}, or null", lambda found: found is None or form.fits(found))


# A boolean is an `int`, and equal to one: types are compared, not asked for.
ONE: Final = Form("1, the version that is read here", lambda v: type(v) is int and v == 1)
COUNT: Final = Form("an integer from 0 on", lambda n: type(n) is int and 0 <= n <= LARGEST)
TEXT: Final = Form("text", lambda found: type(found) is str)
LIST: Final = Form("a list", lambda found: type(found) is list)
HASH: Final = _matching("32 bytes in lower-case hex", "[0-9a-f]{64}")
KEY_ID: Final = _matching("8 bytes in lower-case hex", "[0-9a-f]{16}")
SIGNATURE: Final = _matching("64 bytes in lower-case hex", "[0-9a-f]{128}")
# It becomes part of a file's name: no separator, no leading dot.
LOG_ID: Final = _matching("the id of a log", "[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


class Shape:
    """What an object must hold: the form of each of its fields, by name."""

    def __init__(self, **forms: Form) -> None:
        self.forms: Mapping[str, Form] = forms

    def fields(self, found: object) -> list[Any]:
        """The fields of an object, in the order of its shape; it has these and no others.

        Raises:
            MalformedError: It has not, or one is not in its form.
        """
        if type(found) is not dict or found.keys() != self.forms.keys():
            raise MalformedError(f"it has not the fields {', '.join(self.forms)}, and no others")
        for name, form in self.forms.items():
            if not form.fits(found[name]):
                raise MalformedError(f"`{name}` is not {form.name}")
        return [found[name] for name in self.forms]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("a name stands twice in one object")
    return found


def _constant(_: str) -> NoReturn:
    raise MalformedError("NaN and Infinity are not JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def read_object(text: str | bytes) -> dict[str, Any]:
    """Parse one JSON object.

    Raises:
        MalformedError: It is not UTF-8, not JSON, no object, nested too deeply, or ambiguous.
    """
    try:
        found = _DECODER.decode(text if isinstance(text, str) else text.decode())
    except MalformedError:
        raise
    except UnicodeDecodeError:
        raise MalformedError("not UTF-8") from None
    except RecursionError:
        raise MalformedError("nested too deeply") from None
    except ValueError:  # also of an integer with thousands of digits
        raise MalformedError("not JSON") from None
    if not isinstance(found, dict):
        raise MalformedError("not a JSON object")
    return found


def canonical(found: dict[str, Any]) -> bytes:
    """The form of RFC 8785 of an object whose names are ASCII and whose numbers are integers.

    Raises:
        MalformedError: A text in it is not Unicode.
    """
    return encoded(json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True))


def encoded(text: str) -> bytes:
    """Text in UTF-8.

    Raises:
        MalformedError: It holds half of a surrogate pair.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise MalformedError("not Unicode") from None
