"""Libraries that only some adapters need; an extra of ours installs each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from highroad.domain.error import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """A library that is imported only for whoever asks for what needs it."""

    name: str
    """Of the extra, as in `highroad[name]`."""
    library: str
    of: str
    """What needs it, as people call it."""

    @contextmanager
    def needed(self) -> Iterator[None]:
        """Name the command that installs the library, if that is what is missing.

        Raises:
            SettingsError: It is.
        """
        try:
            yield
        except ModuleNotFoundError as error:
            if error.name != self.library:
                raise
            raise SettingsError(
                f"{self.of} needs {self.library}: pip install 'highroad[{self.name}]'"
            ) from None


CEDAR: Final = Extra(name="cedar", library="cedarpy", of="a policy in Cedar")
POSTGRES: Final = Extra(name="postgres", library="asyncpg", of="PostgreSQL")
JWT: Final = Extra(name="jwt", library="jwt", of="verifying tokens of issuers")
REDIS: Final = Extra(name="redis", library="redis", of="Redis")
MCP: Final = Extra(name="mcp", library="mcp", of="a server of MCP")
MODELS: Final = Extra(name="models", library="pydantic_ai", of="a model of a provider")
PRESIDIO: Final = Extra(name="presidio", library="presidio_analyzer", of="Presidio")
KEYRING: Final = Extra(name="keyring", library="keyring", of="the system's keyring")
VAULT: Final = Extra(name="vault", library="hvac", of="Vault")
