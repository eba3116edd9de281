"""A piece of what a user wrote."""

from highroad.domain.value import value


@value
class Span:
    """Characters of a request, from `start` up to and without `end`."""

    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        """Whether both have a character in common."""
        return self.start < other.end and other.start < self.end

    def distance(self, other: "Span") -> int:
        """Characters between the two; 0 where they touch or overlap."""
        return max(0, other.start - self.end, self.start - other.end)


def masked(text: str, spans: "list[Span]") -> str:
    """The text with blanks in place of these pieces; every other character keeps its place."""
    for span in spans:
        text = f"{text[: span.start]}{' ' * (span.end - span.start)}{text[span.end :]}"
    return text
