"""Which of the calls that are made together comes behind which, as their tools declare it."""

from collections.abc import Mapping
from typing import Final

import orjson

from highroad.domain.json_value import MAX_SAFE_INTEGER, JsonValue
from highroad.domain.tool import Concurrency, ToolDefinition
from highroad.domain.value import value
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse

Objects = frozenset[tuple[str, str]]


@value
class Turn:
    """What one call says of its place among others."""

    concurrency: Concurrency = Concurrency.FREE
    objects: Objects = frozenset()
    """Argument and value of each object that it names, where its tool is ordered by them."""

    def follows(self, earlier: "Turn") -> bool:
        """Whether it begins only when that one has ended.

        Who names objects has an order with whoever names the same, and with serial calls, which may
        concern any of them.
        """
        if Concurrency.BARRIER in {self.concurrency, earlier.concurrency}:
            return True
        if Concurrency.FREE in {self.concurrency, earlier.concurrency}:
            return False
        if self.objects and earlier.objects:
            return not self.objects.isdisjoint(earlier.objects)
        return True


ANYWHERE: Final = Turn()
"""Of a call that nothing waits for but a barrier."""


class Uncompleted:
    """What calls that ended otherwise than completed stand in the way of.

    Only a declared order stops anything: serial calls keep theirs because nobody knows whether they
    belong together, and each stands for itself. Whom a call could stop has not begun before it
    ended, so that a set is enough, and no list of who came when.
    """

    def __init__(self) -> None:
        self._is_any = False
        self._is_barrier = False
        self._objects: set[tuple[str, str]] = set()

    def add(self, turn: Turn) -> None:
        """Note a call that ended so."""
        self._is_any = True
        self._is_barrier = self._is_barrier or turn.concurrency is Concurrency.BARRIER
        self._objects |= turn.objects

    def stop(self, turn: Turn) -> bool:
        """Whether a call comes behind one of them."""
        if self._is_barrier or (self._is_any and turn.concurrency is Concurrency.BARRIER):
            return True
        return not self._objects.isdisjoint(turn.objects)


def turn_of(
    definition: ToolDefinition | None, arguments: Mapping[str, object] | str | bytes
) -> Turn:
    """The turn of a call that nothing has judged yet.

    A tool that does not exist, and arguments that cannot be read, will be refused: such a call
    touches nothing, so it comes anywhere, and nobody has to wait for it.
    """
    if definition is None:
        return ANYWHERE
    if not definition.order_by:
        beside = definition.runs_beside
        return ANYWHERE if beside is Concurrency.FREE else Turn(concurrency=beside)
    given = parse(arguments)
    if isinstance(given, Invalid):
        return ANYWHERE
    objects = frozenset((name, _text(given[name])) for name in definition.order_by if name in given)
    return Turn(concurrency=Concurrency.SERIAL, objects=objects) if objects else ANYWHERE


def _text(given: JsonValue) -> str:
    """One text for all that coercion takes for the same: `"5"`, `5` and `5.0`.

    Of JSON whose integers a double can tell apart: a larger one is a float, and is written as such.
    """
    if isinstance(given, float) and given.is_integer() and abs(given) <= MAX_SAFE_INTEGER:
        given = int(given)
    text = given if isinstance(given, str) else orjson.dumps(given).decode()
    return text.strip().casefold()
