"""What callers may see of results: the rules, and the pseudonyms of the runs that are under way."""

from collections.abc import Mapping
from typing import Final
from weakref import WeakKeyDictionary, WeakValueDictionary

from highroad.domain.json_value import JsonValue
from highroad.domain.redaction import (
    NOTHING_REDACTED,
    RedactionMode,
    RedactionRule,
    RedactionRules,
    SensitiveKind,
)
from highroad.ledger.keyring import RunKey
from highroad.redaction.detector import Detector
from highroad.redaction.pseudonyms import Pseudonyms, revealed
from highroad.redaction.redactor import Redactor

READS: Final = "personal:read"
"""Permission of whoever sees what is personal as it is. It opens no keys."""


class Redaction:
    """Puts out of sight what rules name.

    What pseudonyms stand for is known as long as anybody here holds the key of their run: with the
    key it goes, also where that is erased.

    Args:
        rules: What becomes of what is personal or secret, by tool.
        redactor: Does it.
    """

    def __init__(
        self, rules: RedactionRules = NOTHING_REDACTED, redactor: Redactor | None = None
    ) -> None:
        self.rules: RedactionRules = rules
        self.redactor: Redactor = redactor or Redactor(Detector())
        self.is_off: bool = rules.are_off
        self.in_arguments: RedactionRule = RedactionRule(mode=RedactionMode.MASK)
        """What is put out of sight in arguments, where anything is."""
        self._values: WeakKeyDictionary[RunKey, dict[str, str]] = WeakKeyDictionary()
        self._keys: WeakValueDictionary[str, RunKey] = WeakValueDictionary()
        self._known: dict[tuple[str, bool], RedactionRule | None] = {}
        """By tool, and whether the reader sees what is personal."""

    def rule(self, tool: str, *, is_open: bool) -> RedactionRule | None:
        """What becomes of the results of a tool; `None` where all of it stays as it is.

        Args:
            tool: By name.
            is_open: The reader sees what is personal, and keys alone are left.
        """
        known = (tool, is_open)
        if known not in self._known:
            rule = self.rules.of(tool)
            if is_open:
                keys = {SensitiveKind.KEY: rule.of(SensitiveKind.KEY)}
                rule = RedactionRule(kinds=keys)
            self._known[known] = None if rule.is_off else rule
        return self._known[known]

    def pseudonyms(self, key: RunKey) -> Pseudonyms:
        """Those of the run that has the key."""
        values = self._values.get(key)
        if values is None:
            values = self._values[key] = {}
            self._keys[key.run_id] = key
        return Pseudonyms(key.digest, values)

    def behind(self, run_id: str) -> Mapping[str, str]:
        """What the pseudonyms of a run stand for that were met here."""
        key = self._keys.get(run_id)
        return {} if key is None else self._values.get(key, {})

    def revealed(self, run_id: str, json: JsonValue) -> JsonValue:
        """A value with what the pseudonyms of the run stand for; those that are unknown stay."""
        values = self.behind(run_id)
        return revealed(json, values) if values else json


NOTED: Final = "redaction: "
OPEN: Final = f"{NOTED}open"
"""How the note of a reader begins who sees what is personal."""


def note(counts: Mapping[SensitiveKind, int], *, is_open: bool = False) -> str | None:
    """What the record says of it: kinds and how often, never values (P7)."""
    told = [f"{kind} {count}" for kind, count in sorted(counts.items())]
    told = ["open", *told] if is_open else told
    return f"{NOTED}{', '.join(told)}" if told else None
