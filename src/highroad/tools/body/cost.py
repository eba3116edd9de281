"""What a call may cost, and what it did cost."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Estimate: TypeAlias = Callable[[Mapping[str, Any]], float]
Actual: TypeAlias = Callable[[Mapping[str, Any], Any], float]


@dataclass(frozen=True, slots=True)
class Cost:
    """Price of one call in US dollars.

    A limit is a limit (P6): the reservation is made before the call runs and can never be above
    `at_most`, which is pinned with the tool. A price that comes out as no number, negative or
    infinite counts as `at_most`.

    Args:
        at_most: The ceiling, and the reservation where there is no estimate.
        estimate: Of the arguments: what to reserve.
        actual: Of arguments and result, both in their JSON form: what to settle.
    """

    at_most: float
    estimate: Estimate | None = None
    actual: Actual | None = None

    def __post_init__(self) -> None:
        """Refuse a ceiling that is none.

        Raises:
            ValueError: `at_most` is negative, infinite or no number, or what works a price out is
                no function.
        """
        if not (math.isfinite(self.at_most) and self.at_most >= 0):
            raise ValueError("a cost needs a ceiling in US dollars, zero or more")
        for name, each in (("estimate", self.estimate), ("actual", self.actual)):
            if each is not None and not callable(each):
                raise ValueError(f"{name} of a cost is a function, not {type(each).__name__}")

    def reserve(self, arguments: Mapping[str, Any]) -> float:
        """Dollars to set aside before the call runs."""
        if self.estimate is None:
            return self.at_most
        return min(self._price(self.estimate(arguments)), self.at_most)

    def settle(self, arguments: Mapping[str, Any], result: object) -> float:
        """Dollars that the call took; it may be more than was reserved, and is told as it is."""
        if self.actual is None:
            return self.reserve(arguments)
        return self._price(self.actual(arguments, result))

    def _price(self, usd: float) -> float:
        return usd if math.isfinite(usd) and usd >= 0 else self.at_most


FREE = Cost(0.0)
