"""What is personal or secret in a text, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Final

from highroad.domain.value import value


class SensitiveKind(StrEnum):
    """What a piece of text tells of somebody, or opens."""

    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"
    CARD = "card"
    NATIONAL_ID = "national_id"
    IP = "ip"
    KEY = "key"
    """A key, a token, a password in an address."""
    PERSON = "person"
    """A name; the recognizers of the core find none."""
    PLACE = "place"
    """The same."""


class RedactionMode(StrEnum):
    """What becomes of a detection."""

    MASK = "mask"
    """A mark says what stood there."""
    PSEUDONYM = "pseudonym"
    """A pseudonym, the same for the same value within a run, which can be turned back there."""
    DROP = "drop"
    """Nothing stands there any more."""
    KEEP = "keep"
    """It stays as it is."""


class InArguments(StrEnum):
    """What becomes of it in arguments that are not declared to take it."""

    OBSERVE = "observe"
    """The tool is handed it, and the record says how often it was there."""
    MASK = "mask"
    """A mark says what stood there."""
    OFF = "off"
    """Nobody looks."""


@value(kw_only=False)
class Detection:
    """Where a text has something personal or secret."""

    start: int
    end: int
    """Behind its last character."""
    kind: SensitiveKind
    rule: str
    """What found it, for example `de-steuer-id`."""


@value
class RedactionRule:
    """What becomes of each kind; without a mode of its own, `mode` holds for it."""

    mode: RedactionMode = RedactionMode.KEEP
    kinds: Mapping[SensitiveKind, RedactionMode] = field(default_factory=dict)

    def of(self, kind: SensitiveKind) -> RedactionMode:
        """What becomes of one kind."""
        return self.kinds.get(kind, self.mode)

    @property
    def comparable(self) -> "RedactionRule":
        """The same with a pseudonym for whatever is not kept: equal values stay equal."""
        kept, other = RedactionMode.KEEP, RedactionMode.PSEUDONYM
        return RedactionRule(
            kinds={kind: kept if self.of(kind) is kept else other for kind in SensitiveKind}
        )

    @property
    def is_off(self) -> bool:
        """Whether everything stays as it is."""
        modes = (self.mode, *self.kinds.values())
        return all(mode is RedactionMode.KEEP for mode in modes)


@value
class RedactionRules:
    """The rule of all tools, and those of single ones."""

    rule: RedactionRule = field(default_factory=RedactionRule)
    tools: Mapping[str, RedactionRule] = field(default_factory=dict)
    arguments: InArguments = InArguments.OBSERVE

    @property
    def are_off(self) -> bool:
        """Whether nothing is looked for."""
        return all(each.is_off for each in (self.rule, *self.tools.values()))

    def of(self, tool: str) -> RedactionRule:
        """The rule of a tool, by its name."""
        return self.tools.get(tool, self.rule)


NOTHING_REDACTED: Final = RedactionRules()
"""Everything stays as it is."""
