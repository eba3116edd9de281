"""Which part of the record a command asks about."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from rich.console import RenderableType

from highroad.cli.door import Door, ask
from highroad.cli.misuse import Misuse
from highroad.ledger.audit import Audit, Part

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asking:
    """What was said on the command line of period and organization, and who says it."""

    since: str | None
    until: str | None
    organization: str | None
    user: str | None
    """Who is named as asking sees the record of their own organization only."""

    def of(self, door: Door) -> Part:
        """The same, for `runtime.audit`.

        Raises:
            Misuse: One of the times is none.
        """
        try:
            period = door.runtime.audit.period(self.since, self.until)
        except ValueError as error:
            raise Misuse(str(error)) from None
        return Part(
            period=period,
            organization=self.organization,
            asked_by=door.user if self.user is not None else None,
        )

    def ask(
        self,
        question: Callable[[Audit, Part], Awaitable[T]],
        drawn: Callable[[T], RenderableType],
        *,
        as_json: bool,
    ) -> NoReturn:
        """Ask the record about this part, show the answer, and leave."""
        ask(
            lambda door: question(door.runtime.audit, self.of(door)),
            drawn,
            user=self.user,
            as_json=as_json,
        )
