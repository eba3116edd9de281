"""JSON and texts with what is personal or secret put out of sight."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from highroad.domain.json_value import JsonValue
from highroad.domain.redaction import Detection, RedactionMode, RedactionRule, SensitiveKind
from highroad.domain.value import value as frozen_value
from highroad.redaction.detector import Detector
from highroad.redaction.pseudonyms import DOMAIN, Pseudonyms, is_pseudonym

_FORMS: Final[Mapping[SensitiveKind, str]] = {
    SensitiveKind.EMAIL: f"hidden@{DOMAIN}",
    SensitiveKind.IP: "0.0.0.0",  # noqa: S104 - nobody binds to a mask
}
"""Masks that are of the form of what they hide, where a whole field is one."""
_FEWEST_DIGITS: Final = 7
"""Of a number in JSON that may be anybody's."""


@frozen_value(kw_only=False)
class Redacted:
    """A value as others may see it."""

    json: JsonValue
    counts: Mapping[SensitiveKind, int]
    """How often something of a kind was put out of sight; kinds that were not are left out."""


class Redactor:
    """Puts what a rule names out of sight.

    Args:
        detector: Finds it.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def redacted(
        self, json: JsonValue, rule: RedactionRule, pseudonyms: Pseudonyms | None = None
    ) -> Redacted:
        """A value with all its leaves and keys redacted; what holds nothing is handed back itself.

        Objects and lists stay what they are, and every leaf of its type: a number becomes 0.

        Args:
            json: Any; it is not changed.
            rule: What becomes of each kind.
            pseudonyms: Of the run; without them, what should have a pseudonym is masked.
        """
        passing = _Passing(self._detector, rule, pseudonyms)
        redacted = passing.value(json, "")
        return Redacted(redacted, passing.counts)

    def text(self, text: str, rule: RedactionRule, pseudonyms: Pseudonyms | None = None) -> str:
        """A text, redacted likewise."""
        return _Passing(self._detector, rule, pseudonyms).text(text, "")


class _Passing:
    """One way through a value."""

    __slots__ = ("_detector", "_pseudonyms", "_rule", "counts")

    def __init__(
        self, detector: Detector, rule: RedactionRule, pseudonyms: Pseudonyms | None
    ) -> None:
        self._detector = detector
        self._rule = rule
        self._pseudonyms = pseudonyms
        self.counts: Counter[SensitiveKind] = Counter()

    def value(self, json: JsonValue, name: str) -> JsonValue:
        """A value that stands in a field of that name."""
        match json:
            case str():
                return self.text(json, name)
            case dict():
                return self._members(json)
            case list():
                return self._elements(json, name)
            case int() if not isinstance(json, bool):
                return self._number(json, name)
            case float() if json.is_integer():
                whole = int(json)
                return json if self._number(whole, name) == whole else 0.0
            case _:
                return json

    def text(self, text: str, name: str) -> str:
        """A text with its detections replaced."""
        found = self._detector.find(text, name)
        return self._replaced(text, found) if found else text

    def _members(self, members: dict[str, JsonValue]) -> JsonValue:
        changed = {key: self.value(each, key) for key, each in members.items()}
        keys = [self.text(key, "") for key in members]
        if keys != list(members):
            return told_apart(keys, list(changed.values()))
        is_same = all(changed[key] is each for key, each in members.items())
        return members if is_same else changed

    def _elements(self, elements: list[JsonValue], name: str) -> JsonValue:
        changed = [self.value(each, name) for each in elements]
        is_same = all(new is old for new, old in zip(changed, elements, strict=True))
        return elements if is_same else changed

    def _number(self, number: int, name: str) -> int:
        written = str(abs(number))
        if len(written) < _FEWEST_DIGITS:
            return number
        for found in self._detector.find(written, name):
            is_whole = (found.start, found.end) == (0, len(written))
            if is_whole and self._mode(found) is not RedactionMode.KEEP:
                self.counts[found.kind] += 1
                return 0
        return number

    def _replaced(self, text: str, found: Sequence[Detection]) -> str:
        pieces: list[str] = []
        at = 0
        for detection in found:
            pieces += (text[at : detection.start], self._instead(text, detection))
            at = detection.end
        return "".join((*pieces, text[at:]))

    def _instead(self, text: str, detection: Detection) -> str:
        original = text[detection.start : detection.end]
        mode = self._mode(detection)
        if mode is RedactionMode.KEEP or is_pseudonym(original) or original in _FORMS.values():
            return original
        self.counts[detection.kind] += 1
        if mode is RedactionMode.DROP:
            return ""
        if mode is RedactionMode.PSEUDONYM and self._pseudonyms is not None:
            return self._pseudonyms.of(detection.kind, original)
        is_whole = len(original) == len(text)
        return _mask(detection.kind, is_whole=is_whole)

    def _mode(self, detection: Detection) -> RedactionMode:
        return self._rule.of(detection.kind)


def _mask(kind: SensitiveKind, *, is_whole: bool) -> str:
    mark = f"[{kind}]"
    return _FORMS.get(kind, mark) if is_whole else mark


def told_apart(keys: list[str], values: list[JsonValue]) -> dict[str, JsonValue]:
    """Members whose keys were put out of sight; those that became the same are numbered."""
    members: dict[str, JsonValue] = {}
    seen: Counter[str] = Counter()
    for key, each in zip(keys, values, strict=True):
        name = key
        while name in members:
            seen[key] += 1
            name = f"{key} ({seen[key] + 1})"
        members[name] = each
    return members
