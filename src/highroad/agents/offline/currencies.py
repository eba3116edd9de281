"""Currencies that a request names, for the arguments that take one."""

import re
from collections.abc import Iterator
from typing import Final

from highroad.agents.offline.proposal import PLAIN, Proposal
from highroad.agents.offline.reading import Reading
from highroad.agents.offline.slot import Slot
from highroad.agents.offline.span import Span

_CODES: Final = {
    "USD": r"(?:us|u\.s\.|american)?\s?dollars?|us\$|\$",
    "EUR": r"euros?|\u20ac",
    "GBP": r"(?:british )?pounds?(?: sterling)?|\u00a3",
    "JPY": r"(?:japanese )?yen",
    "CAD": r"canadian dollars?",
    "AUD": r"australian dollars?",
    "CHF": r"swiss francs?",
    "CNY": r"(?:chinese )?yuan",
    "INR": r"(?:indian )?rupees?",
}
"""ISO 4217 codes, and how they are said."""
_NAMED: Final = {
    code: re.compile(rf"(?i)(?<!\w)(?:{code}|{said})(?!\w)") for code, said in _CODES.items()
}
_FROM: Final = frozenset({"from", "base", "source"})
_TO: Final = frozenset({"to", "target", "into"})
_WINDOW: Final = 12


def currencies(slot: Slot, reading: Reading) -> Iterator[Proposal]:
    """The codes of the currencies that are named, for an argument that is called a currency."""
    if slot.type != "string" or "currency" not in slot.named or slot.choices:
        return
    for code, named in _NAMED.items():
        for match in named.finditer(reading.plain):
            span = Span(start=match.start(), end=match.end())
            # The longer name is the right one: `Canadian dollars` are no dollars of the US.
            score = PLAIN + _leads(slot, span, reading) + 0.01 * len(match[0])
            yield Proposal(slot=slot, value=code, score=score, spans=(span,))


def _leads(slot: Slot, span: Span, reading: Reading) -> float:
    """An amount is in the currency that is changed; `to` and `in` lead to the other one."""
    before = reading.plain[max(0, span.start - _WINDOW) : span.start].lower()
    is_target = re.search(r"\b(?:to|in|into)\s(?:\w+\s)?$", before) is not None
    is_source = re.search(r"\d\s?$|\bfrom\s$", before) is not None
    fits = (is_target and slot.named & _TO) or (is_source and slot.named & _FROM)
    return 1.0 if fits else 0.0
