"""Runs that are recorded once, and played again without a network."""

from highroad.adapters.models.tape.recorder import Recorder
from highroad.adapters.models.tape.replay import Replay

__all__ = ["Recorder", "Replay"]
