"""Models for tests: one that plays a script, and one that does everything wrong."""

from highroad.testing.models.chaotic import ChaoticModel
from highroad.testing.models.line import Line, call, fails, hangs, said
from highroad.testing.models.scripted import ScriptedModel, ScriptOver

__all__ = [
    "ChaoticModel",
    "Line",
    "ScriptOver",
    "ScriptedModel",
    "call",
    "fails",
    "hangs",
    "said",
]
