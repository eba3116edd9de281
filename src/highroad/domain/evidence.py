"""What whoever proposed a call had seen: by reference, never by value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from highroad.domain.json_value import JsonObject
from highroad.domain.label import Integrity
from highroad.domain.payload import PayloadRef
from highroad.domain.value import value


class EvidenceKind(StrEnum):
    """Where a value can have come from."""

    REQUEST = "request"
    PROFILE = "profile"
    RESULT = "result"
    DEFAULT = "default"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Source:
    """One source of values: a request, a profile, an earlier result."""

    id: str
    kind: EvidenceKind
    payload: PayloadRef | None = None
    text: str | None = field(default=None, repr=False, compare=False)
    """What it says, from whoever keeps it: words, or JSON. It is looked into and never recorded."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The slot that every call carries for the sources of its values."""

    sources: tuple[Source, ...] = ()


NO_EVIDENCE: Final = Evidence()


class ValueKind(StrEnum):
    """As what a value is compared: an id by every character, a date by the day that it names."""

    ID = "id"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    PATH = "path"
    DATE = "date"
    TIME = "time"
    MOMENT = "moment"
    AMOUNT = "amount"
    """Money in its major unit, or in one that nobody told."""
    CENTS = "cents"
    """Money in hundredths of its major unit."""
    NUMBER = "number"
    UNIT = "unit"
    """A currency or a measure."""
    NAME = "name"
    TEXT = "text"
    CHOICE = "choice"
    """One of what the schema lists."""


class Match(StrEnum):
    """How a value and the place where it was found agree."""

    SAME = "same"
    """The whole leaf, as it is written."""
    NORMALIZED = "normalized"
    """The whole leaf in another notation: `8,400.00` for `8400`."""
    ELEMENT = "element"
    """One of a list, or the key of a member."""
    WORD = "word"
    """Part of a text."""


# By names of their own: an enumeration looks each member up in its metaclass.
_RESULT: Final = EvidenceKind.RESULT
_WORD: Final = Match.WORD


@value
class Place:
    """Where a value stands in a source."""

    source: str
    """Id of the source."""
    kind: EvidenceKind
    pointer: str
    """JSON pointer (RFC 6901) into the source, in which `*` stands for a key that is data."""
    how: Match
    integrity: Integrity
    readers: frozenset[str] | None = None
    """Who may read it; `None` is everybody of the organization."""

    @property
    def worth(self) -> Integrity:
        """How far a value may be trusted that stands there.

        A label speaks for a whole leaf. A part of one is a stranger's: whoever may choose the name
        of a channel may put a sentence into it.
        """
        is_part = self.how is _WORD and self.kind is _RESULT
        return Integrity.UNTRUSTED if is_part else self.integrity


@value
class Trace:
    """Where the value of one argument comes from."""

    pointer: str
    """JSON pointer into the arguments."""
    kind: ValueKind
    places: tuple[Place, ...] = ()
    """At most a few, the best first; without any the value is ungrounded."""

    @property
    def is_grounded(self) -> bool:
        """Whether some source has the value."""
        return bool(self.places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounding:
    """The sources of the control arguments of one call; free of their values (P7)."""

    traces: tuple[Trace, ...] = ()

    @property
    def ungrounded(self) -> tuple[Trace, ...]:
        """What cannot be traced."""
        return tuple([each for each in self.traces if not each.places])

    def json(self) -> JsonObject:
        """Pointers, kinds and source ids as JSON."""
        return {"traces": [_trace_json(each) for each in self.traces]}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """What `json` told.

        Raises:
            ValueError: It is not of that form.
        """
        try:
            return cls(traces=tuple([_trace_of(each) for each in told["traces"]]))
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("no grounding as `Grounding.json` tells it") from error


NO_GROUNDING: Final = Grounding()


def _trace_json(trace: Trace) -> JsonObject:
    return {
        "pointer": trace.pointer,
        "kind": trace.kind.value,
        "places": [_place_json(place) for place in trace.places],
    }


def _place_json(place: Place) -> JsonObject:
    told: JsonObject = {
        "source": place.source,
        "kind": place.kind.value,
        "pointer": place.pointer,
        "how": place.how.value,
        "integrity": int(place.integrity),
    }
    if place.readers is not None:
        told["readers"] = [*sorted(place.readers)]
    return told


def _trace_of(told: Mapping[str, Any]) -> Trace:
    return Trace(
        pointer=told["pointer"],
        kind=ValueKind(told["kind"]),
        places=tuple([_place_of(each) for each in told["places"]]),
    )


def _place_of(told: Mapping[str, Any]) -> Place:
    return Place(
        source=told["source"],
        kind=EvidenceKind(told["kind"]),
        pointer=told["pointer"],
        how=Match(told["how"]),
        integrity=Integrity(told["integrity"]),
        readers=None if "readers" not in told else frozenset(told["readers"]),
    )
