"""What users test with: pytest plugin, fakes, a contract kit per port.

Each name is loaded when it is first asked for: every test session loads the plugin, and only those
that use it wait for the rest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from highroad.adapters.models.tape import Recorder, Replay
    from highroad.domain.deferral import Deferred
    from highroad.testing.calls import Calls, RanCall, ran
    from highroad.testing.clock import FakeClock, SequentialIds
    from highroad.testing.effects import AppliedEffect, Effects
    from highroad.testing.faults import Fault, Faults
    from highroad.testing.judgement import JudgedCall, judged, saw
    from highroad.testing.master_keys import FixedKeys
    from highroad.testing.memory import MemoryAnchor, MemoryStore
    from highroad.testing.models import (
        ChaoticModel,
        ScriptedModel,
        ScriptOver,
        call,
        fails,
        hangs,
        said,
    )
    from highroad.testing.rehearsal import Rehearsal
    from highroad.testing.secrets import FakeSecrets
    from highroad.testing.simulation import simulate
    from highroad.testing.tool_context import tool_context
    from highroad.testing.tool_contract import assert_contract
    from highroad.testing.verifier import ScriptedVerifier, approves, doubts, rejects

_HOMES: Final = {
    "adapters.models.tape": (
        "Recorder",
        "Replay",
    ),
    "domain.deferral": ("Deferred",),
    "testing.calls": (
        "Calls",
        "RanCall",
        "ran",
    ),
    "testing.clock": (
        "FakeClock",
        "SequentialIds",
    ),
    "testing.effects": (
        "AppliedEffect",
        "Effects",
    ),
    "testing.faults": (
        "Fault",
        "Faults",
    ),
    "testing.judgement": (
        "JudgedCall",
        "judged",
        "saw",
    ),
    "testing.master_keys": ("FixedKeys",),
    "testing.memory": (
        "MemoryAnchor",
        "MemoryStore",
    ),
    "testing.models": (
        "ChaoticModel",
        "ScriptOver",
        "ScriptedModel",
        "call",
        "fails",
        "hangs",
        "said",
    ),
    "testing.rehearsal": ("Rehearsal",),
    "testing.secrets": ("FakeSecrets",),
    "testing.simulation": ("simulate",),
    "testing.tool_context": ("tool_context",),
    "testing.tool_contract": ("assert_contract",),
    "testing.verifier": (
        "ScriptedVerifier",
        "approves",
        "doubts",
        "rejects",
    ),
}

__all__ = [
    "AppliedEffect",
    "Calls",
    "ChaoticModel",
    "Deferred",
    "Effects",
    "FakeClock",
    "FakeSecrets",
    "Fault",
    "Faults",
    "FixedKeys",
    "JudgedCall",
    "MemoryAnchor",
    "MemoryStore",
    "RanCall",
    "Recorder",
    "Rehearsal",
    "Replay",
    "ScriptOver",
    "ScriptedModel",
    "ScriptedVerifier",
    "SequentialIds",
    "approves",
    "assert_contract",
    "call",
    "doubts",
    "fails",
    "hangs",
    "judged",
    "ran",
    "rejects",
    "said",
    "saw",
    "simulate",
    "tool_context",
]


def __getattr__(name: str) -> object:
    """Load a public name from its home (PEP 562)."""
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"highroad.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'highroad.testing' has no attribute {name!r}")


def __dir__() -> list[str]:
    """What completion offers."""
    return sorted({*globals(), *__all__})
