"""An `ask` rule, ready to be asked about calls."""

from highroad.domain.value import value
from highroad.ports.conditions import Condition


@value
class AskRule:
    """An `ask` rule as it is asked."""

    text: str
    condition: Condition
    setting: str | None = None
    """How the ledger names its line; `None` where the tool declares it, whose definition has it."""
