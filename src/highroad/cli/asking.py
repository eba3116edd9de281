"""Which part of the record a command asks about."""

from dataclasses import dataclass, field

from highroad.cli.door import Door
from highroad.cli.misuse import Misuse
from highroad.ledger.audit import Part


@dataclass(frozen=True, slots=True)
class Asking:
    """What was said on the command line of period and organization."""

    since: str | None
    until: str | None
    organization: str | None
    is_played: bool = field(kw_only=True)
    """Somebody is named who asks, and sees the record of their own organization only."""

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
            asked_by=door.user if self.is_played else None,
        )
