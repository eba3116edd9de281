"""Rules about what may flow where: `get_reviews.text -> send_email.to: deny`."""

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final, Self

from highroad.domain.evidence import EvidenceKind, Place, ValueKind
from highroad.domain.label import Integrity
from highroad.domain.policy import Line
from highroad.domain.value import value


class FlowThen(StrEnum):
    """What follows where something flows that a rule is about."""

    ALLOW = "allow"
    """Neither a later rule nor the built-in ones hold it."""
    ASK = "ask"
    """A person is asked."""
    DENY = "deny"
    """The call is refused."""


FLOW: Final = "flow"
"""Code of the obligation of a rule that is configured."""
CONFIDENTIAL: Final = "confidential"
"""In place of a source: whatever has readers."""
OUTSIDE: Final = "outside"
"""In place of a sink: tools that leave the boundary, or hand something to a recipient."""
ANY: Final = "*"
_INTEGRITIES: Final = {each.name.lower(): each for each in Integrity}
_KINDS: Final = {each.value: each for each in ValueKind}
_NAME: Final = re.compile(r"[\w*?.\[\]-]+", re.ASCII)
_SHAPE: Final = "SOURCE -> SINK: ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSource:
    """What a rule says of where a value comes from; what it does not say is any."""

    name: str | None = None
    """A pattern over `tool` or `tool.field`."""
    integrity: Integrity | None = None
    kind: ValueKind | None = None
    is_confidential: bool = False

    def has(self, flow: "Flow") -> bool:
        """Whether something that flows comes from there."""
        if self.kind is not None and self.kind is not flow.kind:
            return False
        if self.integrity is not None and self.integrity is not flow.integrity:
            return False
        if self.is_confidential and not flow.is_confidential:
            return False
        return self.name is None or _fits(self.name, flow.origin)


@value
class Flow:
    """Something that flows into one argument of a call."""

    pointer: str
    """Of the argument, or of what stands in it."""
    kind: ValueKind
    integrity: Integrity = Integrity.UNTRUSTED
    origin: str = ""
    """`tool.field` of a result, or `request`, `profile`, `schema`; empty is nowhere."""
    readers: frozenset[str] | None = None
    is_content: bool = False
    """Whether it stands in what is said, and steers nothing."""
    is_unread: bool = False
    """Whether it stands where nobody looked: it may come from anywhere."""

    @property
    def is_confidential(self) -> bool:
        """Whether not everybody of the organization may read it."""
        return self.readers is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRule:
    """One rule."""

    line: Line
    source: FlowSource
    sink: str
    """A pattern over `tool` or `tool.argument`, `outside`, or `*`."""
    then: FlowThen
    code: str = FLOW
    """Of the obligation."""
    setting: str = "provenance.flows"
    """Where such lines are written, as the ledger names it."""

    def holds_for(self, tool: str, argument: str, *, is_outside: bool) -> bool:
        """Whether it is about what flows into an argument of a tool."""
        if self.sink == OUTSIDE:
            return is_outside
        return _fits(self.sink, f"{tool}.{argument}")

    def concerns(self, tool: str, *, is_outside: bool) -> bool:
        """Whether it may be about any argument of a tool."""
        if self.sink == OUTSIDE:
            return is_outside
        return fnmatchcase(tool, self.sink) or fnmatchcase(tool, self.sink.rpartition(".")[0])

    def may_be_about(self, flow: "Flow") -> bool:
        """Whether something that nobody has read might come from where the rule says."""
        if self.source.is_confidential and not flow.is_confidential:
            return False
        return self.source.kind in {None, flow.kind}

    def is_from(self, tool: str) -> bool:
        """Whether it names a tool, or a field of its results, as the source."""
        return self.source.name is not None and _is_part(self.source.name, tool)

    def is_into(self, tool: str) -> bool:
        """Whether it names a tool, or an argument of it, as the sink."""
        return _is_part(self.sink, tool)

    @classmethod
    def of_contract(cls, tool: str, line: Line) -> Self:
        """Read a rule of the contract of a tool.

        It speaks of its own tool. It may let something flow into that, and nothing out of it: what
        another tool is handed is for that one to say, or for whoever runs both.

        Raises:
            ValueError: It is none, of another tool, or opens another; the message says which.
        """
        rule = replace(cls.parse(line), setting=f"contracts.{tool}.flows")
        if rule.is_into(tool):
            return rule
        if not rule.is_from(tool):
            raise ValueError(
                f"`{line.text}` does not name {tool} as source or sink: write what is of other "
                "tools into provenance.flows"
            )
        if rule.then is FlowThen.ALLOW:
            raise ValueError(
                f"`{line.text}` opens another tool than {tool}: write it into the contract of that "
                "one, or into provenance.flows"
            )
        return rule

    @classmethod
    def parse(cls, line: Line) -> Self:
        """Read a rule.

        Raises:
            ValueError: It is none; the message says which part, and what would be.
        """
        head, colon, word = line.text.rpartition(":")
        source, arrow, sink = head.partition("->")
        if not colon or not arrow:
            raise ValueError(f"`{line.text}` is no flow: write `{_SHAPE}`")
        then = word.strip()
        if then not in set(FlowThen):
            raise ValueError(f"`{then}` is no word for what follows: write allow, ask or deny")
        return cls(line=line, source=_source(source), sink=_sink(sink), then=FlowThen(then))


BUILT_IN: Final = (
    FlowRule(
        line=Line("untrusted url -> outside: ask"),
        source=FlowSource(integrity=Integrity.UNTRUSTED, kind=ValueKind.URL),
        sink=OUTSIDE,
        then=FlowThen.ASK,
        code="untrusted_url",
    ),
    FlowRule(
        line=Line("confidential -> outside: ask"),
        source=FlowSource(is_confidential=True),
        sink=OUTSIDE,
        then=FlowThen.ASK,
        code="confidential",
    ),
)
"""Behind those that are configured; an `allow` of these goes before."""


def origin_of(place: Place, tool: str) -> str:
    """How rules name a place: a tool with the field of its result, or the kind of source."""
    if place.kind is not EvidenceKind.RESULT:
        return place.kind.value
    fields = [part for part in place.pointer.split("/")[1:] if not part.isdecimal()]
    return ".".join([tool, *fields])


def renamed(text: str, old: str, new: str) -> str:
    """A rule with another name for one tool."""
    head, _, then = text.rpartition(":")
    source, _, sink = head.partition("->")
    parts = [_with_name(part.strip(), old, new) for part in (source, sink)]
    return f"{' -> '.join(parts)}:{then}"


def _with_name(part: str, old: str, new: str) -> str:
    return new + part.removeprefix(old) if _is_part(part, old) else part


def _is_part(named: str, tool: str) -> bool:
    return named == tool or named.startswith(f"{tool}.")


def _fits(pattern: str, name: str) -> bool:
    """Whether a name, or something that it stands below, fits a pattern."""
    if fnmatchcase(name, pattern):
        return True
    return bool(name) and fnmatchcase(name, f"{pattern}.*")


def _source(text: str) -> FlowSource:
    words = text.split()
    if not words:
        raise ValueError(f"there is no source before the arrow: write `{_SHAPE}`")
    if words == [ANY]:
        return FlowSource()
    integrity = kind = name = None
    is_confidential = False
    for word in words:
        if word == CONFIDENTIAL and not is_confidential:
            is_confidential = True
        elif word in _INTEGRITIES and integrity is None:
            integrity = _INTEGRITIES[word]
        elif word in _KINDS and kind is None and len(words) > 1:
            kind = _KINDS[word]
        elif len(words) == 1:
            name = _named(word, "source")
        else:
            known = [*_INTEGRITIES, *_KINDS, CONFIDENTIAL]
            raise ValueError(f"`{word}` is no word of a source: {_suggest(word, known)}")
    return FlowSource(name=name, integrity=integrity, kind=kind, is_confidential=is_confidential)


def _sink(text: str) -> str:
    words = text.split()
    if len(words) != 1:
        raise ValueError(
            "a sink is one name, such as send_email, send_email.to, outside or *: "
            f"`{text.strip()}` is not"
        )
    return _named(words[0], "sink")


def _named(word: str, what: str) -> str:
    if _NAME.fullmatch(word) is None:
        raise ValueError(f"`{word}` names no {what}: write tool, tool.field or a pattern")
    return word


def _suggest(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=2)
    return f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
