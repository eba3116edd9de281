"""Settings: `highroad.toml` and the environment, parsed once into frozen values."""

from highroad.settings.catalogue import describe
from highroad.settings.loading import load
from highroad.settings.model import Given, Settings
from highroad.settings.profile import Profile
from highroad.settings.setting import Setting

__all__ = ["Given", "Profile", "Setting", "Settings", "describe", "load"]
