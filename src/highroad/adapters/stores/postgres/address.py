"""Where a PostgreSQL ledger is, and what may be said of it."""

from dataclasses import dataclass, field

from highroad.domain.address import without_secrets


@dataclass(frozen=True, slots=True)
class Address:
    """A URL, which may hold a password, and a name, which does not (P7)."""

    url: str = field(repr=False)

    @property
    def name(self) -> str:
        """Hosts and database: `postgresql://db-1,db-2/shop`."""
        return without_secrets(self.url)
