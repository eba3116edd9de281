"""A request, taken apart once: its words, and what in it may be a value."""

import re
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import Final

from highroad.agents.offline.dates import Day, Time, days, times
from highroad.agents.offline.numbers import Number, numbers
from highroad.agents.offline.phrases import Phrase, expressions, phrases, quoted
from highroad.agents.offline.span import Span, masked
from highroad.domain.value import value

_BETWEEN: Final = re.compile(
    r"[^\w\[\]()]*(?:[A-Za-z°%/]{1,12}[^\w\[\]()]*)?(?:[^\w\[\]()]*\band\b[^\w\[\]()]*)?"
)
"""What may stand between two numbers of one row; a bracket ends it."""


@value(slots=False)
class Reading:
    """What a user asked for.

    Args:
        text: As it was written.
        today: What `tomorrow` is counted from; `None` leaves such words alone.
    """

    text: str
    today: date | None = None

    @cached_property
    def quoted(self) -> Sequence[Phrase]:
        """Quoted texts: values, and nothing that steers."""
        return quoted(self.text)

    @cached_property
    def plain(self) -> str:
        """The text with blanks where something is quoted; it chooses the tool."""
        return masked(self.text, [phrase.span for phrase in self.quoted])

    @cached_property
    def days(self) -> Sequence[Day]:
        """Days that are named outside of quotes."""
        return days(self.plain, self.today)

    @cached_property
    def times(self) -> Sequence[Time]:
        """Times of day that are named outside of quotes."""
        return times(self.plain)

    @cached_property
    def numbers(self) -> Sequence[Number]:
        """Numbers outside of quotes that are no part of a date, a time, an id or a term."""
        dated = [*(day.span for day in self.days), *(time.span for time in self.times)]
        return numbers(masked(self.plain, dated))

    @cached_property
    def rows(self) -> Sequence[Sequence[Number]]:
        """The numbers, those together that only commas, units and `and` part."""
        rows: list[list[Number]] = []
        for number in self.numbers:
            if rows and self._goes_on(rows[-1][-1].span, number.span):
                rows[-1].append(number)
            else:
                rows.append([number])
        return rows

    def _goes_on(self, one: Span, other: Span) -> bool:
        return _BETWEEN.fullmatch(self.plain[one.end : other.start]) is not None

    @cached_property
    def phrases(self) -> Sequence[Phrase]:
        """Names and chunks outside of quotes."""
        return phrases(self.plain)

    @cached_property
    def expressions(self) -> Sequence[Phrase]:
        """Terms of mathematics outside of quotes."""
        return expressions(self.plain)
