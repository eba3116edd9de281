"""Recognizers by name: those of libraries, beside the core's own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from highroad.adapters.recognizers.presidio import presidio
from highroad.bootstrap.extras import PRESIDIO
from highroad.domain.error import SettingsError
from highroad.ports.recognizer import Recognizer


def recognizers_of(names: Sequence[str]) -> tuple[Recognizer, ...]:
    """The recognizers that `redaction.recognizers` names.

    Raises:
        SettingsError: There is no such kind, or what it takes is not installed.
    """
    return tuple(map(_recognizer, names))


def _recognizer(name: str) -> Recognizer:
    kind, _, rest = name.partition(":")
    make = RECOGNIZERS.get(kind)
    if make is None or not rest:
        raise SettingsError(
            f"recognizer {name!r} is of no kind that this version has: use presidio:en_core_web_lg"
        )
    return make(rest)


def _presidio(model: str) -> Recognizer:
    with PRESIDIO.needed():
        return presidio(model)


RECOGNIZERS: Final[Mapping[str, Callable[[str], Recognizer]]] = {"presidio": _presidio}
