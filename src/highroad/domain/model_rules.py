"""Which models there are and how they are asked, as settings say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from highroad.domain.model import ModelSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelServer:
    """Where an OpenAI-compatible server, or a provider in another place, is reached."""

    url: str = field(repr=False)
    """Up to and with the version, as in `http://127.0.0.1:8000/v1`. It may hold a password (P7)."""
    key: str | None = None
    """The environment variable that holds its key; a server that asks for none has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRules:
    """The models of this installation.

    Each but `hosted` is a setting under `[models]` in `highroad.toml`.
    """

    default: str = "offline:"
    """For agents that name none."""
    settings: ModelSettings = field(default_factory=ModelSettings)
    """How models are to reply, where an agent does not say it."""
    servers: Mapping[str, ModelServer] = field(default_factory=dict)
    """By the beginning of the names of their models."""
    hosted: tuple[str, ...] = ()
    """Tools that providers run themselves, as `web_search` or `anthropic:web_search`. It is the
    setting `policy.hosted`: nothing of ours governs what they do."""
