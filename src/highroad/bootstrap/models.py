"""Models by name: `provider:model`, or what plays one."""

import os
from collections.abc import Callable, Mapping
from typing import Final

from highroad.bootstrap.extras import MODELS as EXTRA
from highroad.domain.error import SettingsError
from highroad.domain.model_rules import ModelRules
from highroad.ports.model import Model
from highroad.ports.prices import Prices

Make = Callable[[str, ModelRules], Model]
"""Of a name and the models of the settings."""

PROVIDERS: Final = (
    "openai",
    "openai-chat",
    "anthropic",
    "google",
    "bedrock",
    "mistral",
    "groq",
    "ollama",
)
