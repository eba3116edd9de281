"""An accepted tool definition (P8)."""

from dataclasses import dataclass

from highroad.domain.json_value import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Authored:
    """What the author of a tool said of it, apart from what is derived or stands in the settings.

    Args:
        given: Names of the options that they said; of the others a definition has the default.
        fields: Of the definition, as they are without the settings, where those say otherwise.
    """

    given: tuple[str, ...]
    fields: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A definition that is accepted, as the ledger has it.

    Args:
        tool: Name of the tool.
        version: Of the tool; empty in entries that name none.
        digest: SHA-256 of the definition in hex.
        change: How it differed from what was accepted before: `added`, `changed`, `removed`.
        source: Identity of the server it comes from; empty is this program's own code.
        by: Opaque id of whoever accepted it; `None` where own code was pinned as it changed.
        at_ms: When.
        fields: The definition itself, as `tools.declaring.digest.pinned_fields` gives it.
        despite: Codes of the grave suspicions that whoever accepted it had looked into.
        authored: What of it is its author's; `None` in entries of versions that did not say it.
    """

    tool: str
    version: str
    digest: str
    change: str
    at_ms: int
    source: str = ""
    by: str | None = None
    fields: JsonObject | None = None
    despite: tuple[str, ...] = ()
    authored: Authored | None = None
