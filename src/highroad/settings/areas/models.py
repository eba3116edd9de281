"""Which models there are, and how they are asked."""

from typing import Final

from highroad.domain.model import ModelSettings
from highroad.domain.model_rules import ModelRules, ModelServer
from highroad.settings.document import Document
from highroad.settings.kinds import ABOVE_ZERO, COUNT, NUMBER, POSITIVE, TEXT, URL, Kind
from highroad.settings.setting import Absent, Setting

_DEFAULT_MODEL: Final = ModelSettings()


def _replies(name: str, kind: Kind, doc: str) -> Setting:
    """A setting of how models reply."""
    default = getattr(_DEFAULT_MODEL, name)
    return Setting(f"models.{name}", kind, Absent.NONE if default is None else default, doc)


SETTINGS: Final = (
    Setting(
        "models.default",
        TEXT,
        "offline:",
        "The model of agents that name none: `offline:`, or `provider:model`.",
    ),
    _replies("temperature", NUMBER, "How free replies are; left out where a model refuses any."),
    _replies("max_tokens", POSITIVE, "Tokens of one reply at most."),
    _replies("seed", COUNT, "For providers that know one: the same seed, nearly the same reply."),
    _replies("timeout_s", ABOVE_ZERO, "Seconds of one request, up to the end of its reply."),
    Setting(
        "models.servers.<name>.url",
        URL,
        Absent.REQUIRED,
        "Where models whose names begin with `<name>:` are reached: an OpenAI-compatible server, "
        "or a known provider in another place.",
    ),
    Setting(
        "models.servers.<name>.key",
        TEXT,
        Absent.NONE,
        "The environment variable that holds its key; without one that of the known provider is "
        "sent, and to others none.",
    ),
)
_REPLIES: Final = ("temperature", "max_tokens", "seed", "timeout_s")


def read(document: Document) -> ModelRules:
    """What was said, and which hosted tools the policy leaves on."""
    given = document.get(("models",), {})
    settings = {key: given[key] for key in _REPLIES if key in given}
    return ModelRules(
        default=given.get("default", ModelRules().default),
        settings=ModelSettings(**settings),
        servers={name: ModelServer(**table) for name, table in given.get("servers", {}).items()},
        hosted=tuple(document.get(("policy", "hosted"), ())),
    )
