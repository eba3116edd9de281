"""Settings: `highroad.toml` and the environment, parsed once into frozen values."""

from highroad.settings.catalogue import Profile, Setting, describe
from highroad.settings.loading import load
from highroad.settings.model import Given, Settings

__all__ = ["Given", "Profile", "Setting", "Settings", "describe", "load"]
