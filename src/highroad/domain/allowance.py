"""What one run may use of what the run above it may."""

from highroad.domain.demand import Amount
from highroad.domain.value import value


@value
class Allowance:
    """Bounds of a run below, beside those of the run above it, which hold for both. `None` is none.

    Whatever the run uses counts in the run above as well, so it can only be less.
    """

    iterations: int | None = None
    """Model requests of the run."""
    calls: int | None = None
    """That reach an intent, those of runs below it included; so with the others."""
    tokens: int | None = None
    microusd: int | None = None
    """Millionths of a US dollar."""

    def under(self, iterations: int) -> "Allowance":
        """The same, for a run below one that has so many model requests."""
        own = iterations if self.iterations is None else min(self.iterations, iterations)
        return Allowance(
            iterations=own, calls=self.calls, tokens=self.tokens, microusd=self.microusd
        )

    def bounded(self, most: Amount) -> Amount:
        """What such a run may use, where any run may use `most`."""
        return most._replace(
            calls=_less(self.calls, most.calls),
            tokens=_less(self.tokens, most.tokens),
            microusd=_less(self.microusd, most.microusd),
        )


def _less(own: int | None, most: int) -> int:
    """The smaller limit; `most` below 0 is none."""
    if own is None:
        return most
    return own if most < 0 else min(own, most)
