"""Where a PostgreSQL ledger is, and what may be said of it."""

from dataclasses import dataclass, field
from typing import Final

SCHEMES: Final = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class Address:
    """A URL, which may hold a password, and a name, which does not (P7)."""

    url: str = field(repr=False)

    @property
    def name(self) -> str:
        """Hosts and database: `postgresql://db-1,db-2/shop`."""
        return without_secrets(self.url)


def without_secrets(url: str) -> str:
    """A URL of a database without user, password and parameters.

    The last `@` ends them, wherever a password has one that should have been written `%40`.
    """
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
