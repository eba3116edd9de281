"""Ten calls that every host's agent makes, so that what they leave in the ledger can be compared.

A scene is a line of calls that a scripted model proposes, one by one, in one thread of the host. It
is played in a folder and over a ledger of its own. What differs from host to host stands in
`doors`, one file each, and this file is the same for all; both run in the host's environment.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from effects import FUNCTIONS

from highroad import Principal, Runtime, tool

ALICE = Principal("alice")
BOB = Principal("bob")
REQUEST = "Note that ORD-1, ORD-2 and ORD-3 are late, refund 500 or 90000 cents, and ship ORD-1."
THREAD = "thread-1"
LEDGER = "ledger.db"
SETTINGS = """\
[policy]
allow = ["*"]

[[policy.rules]]
name = "no refund above 300 euros"
tools = ["refund"]
when = "args.cents > 30000"

[limits]
calls_per_tool = 2
"""
ONE_SHORT_ATTEMPT = """\
attempt_s = 0.05

[dependencies.find_parcel]
retry_ratio = 0.0
retry_floor = 0
"""
"""Settings that go on where those of all end: doors that believe nobody take no contract's word."""


# -- what is called -----------------------------------------------------------------------------


CONTRACTS: Mapping[str, dict[str, Any]] = {
    "note_order": {"tier": "reversible"},
    "refund": {"tier": "irreversible"},
    "find_parcel": {"tier": "read"},
    "ship_order": {"tier": "reversible"},
}
TOOLS = tuple(tool(**CONTRACTS[each.__name__])(each) for each in FUNCTIONS)


# -- who calls, and what for --------------------------------------------------------------------


@dataclass(frozen=True)
class Proposed:
    """A call as the scripted model writes it."""

    tool: str
    arguments: str

    @property
    def read(self) -> dict[str, Any]:
        """The arguments, for a host whose models hand them over read."""
        return json.loads(self.arguments)


def proposed(tool: str, **arguments: object) -> Proposed:
    return Proposed(tool, json.dumps(arguments))


@dataclass(frozen=True)
class Scene:
    """What is proposed in one thread, what people say to what waits, and what comes of it.

    Args:
        calls: One by one.
        ruling: What Bob says to each hold, before the host goes on.
        is_begun_anew: The process ends, and the same thread is begun again with the same script.
        settings: Of this scene alone, behind those of all.
        effects: How much happens in the world.
        statuses: How the calls end.
        codes: What their endings say.
    """

    calls: tuple[Proposed, ...]
    statuses: tuple[str, ...]
    codes: tuple[str | None, ...]
    ruling: str | None = None
    is_begun_anew: bool = False
    settings: str = ""
    effects: int = 0

    @property
    def told(self) -> str:
        """What the model reads last: the code, or what was done."""
        return self.codes[-1] or ("noted" if self.calls[-1].tool == "note_order" else "refunded")


NOTE = proposed("note_order", order_id="ORD-1", note="late")
REFUND = proposed("refund", order_id="ORD-1", cents=500)
SCENES: Mapping[str, Scene] = {
    "good": Scene((NOTE,), ("completed",), (None,), effects=1),
    "malformed": Scene(
        (proposed("refund", order_id="ORD-1", cents="many"),), ("refused",), ("invalid_arguments",)
    ),
    "denied": Scene(
        (proposed("refund", order_id="ORD-1", cents=90_000),), ("refused",), ("denied",)
    ),
    "held": Scene((REFUND,), ("completed",), (None,), ruling="approve", effects=1),
    "rejected": Scene((REFUND,), ("refused",), ("rejected",), ruling="reject"),
    "duplicate": Scene((NOTE, NOTE), ("completed", "completed"), (None, None), effects=1),
    "timed_out": Scene(
        (proposed("find_parcel", order_id="ORD-1"),),
        ("failed",),
        ("max_retries_exceeded",),
        settings=ONE_SHORT_ATTEMPT,
    ),
    "over_budget": Scene(
        tuple(proposed("note_order", order_id=f"ORD-{n}", note="late") for n in (1, 2, 3)),
        ("completed", "completed", "refused"),
        (None, None, "budget_exceeded"),
        effects=2,
    ),
    "unknown": Scene(
        (proposed("ship_order", order_id="ORD-1"),), ("unknown",), ("outcome_unknown",), effects=1
    ),
    "replayed": Scene(
        (NOTE,), ("completed", "completed"), (None, None), is_begun_anew=True, effects=1
    ),
}
NO_SUCH_TOOL = Scene((proposed("wire_money", cents=1),), ("refused",), ("unknown_tool",))
"""Most hosts answer this one themselves; what comes of it stands in `test_ten_calls`."""
OURS = "ours"
"""The good call, of a tool that `@tool` declares."""
ALL: Mapping[str, Scene] = {**SCENES, "no_such_tool": NO_SUCH_TOOL, OURS: SCENES["good"]}


def opened(**given: Any) -> AbstractAsyncContextManager[Runtime]:
    """A runtime over the ledger of the current folder, with whatever it is given besides."""
    return Runtime.open(f"sqlite:///{LEDGER}", principal=ALICE, **given)


class Conversation(Protocol):
    """A thread of a host's agent, whose model plays a script."""

    async def begin(self) -> list[str]:
        """Let the agent work until it is done or waits; gives the results that its model read."""

    async def go_on(self) -> list[str]:
        """Go on with what waited, as the host's users do; gives the results read since."""


class Door(Protocol):
    """A host that can be driven."""

    name: str
    """As it stands in the record."""

    def opened(self) -> AbstractAsyncContextManager[Runtime]:
        """A runtime over the ledger of the current folder, and whatever else the host needs."""

    def converse(
        self, runtime: Runtime, calls: tuple[Proposed, ...], *, is_ours: bool
    ) -> Conversation:
        """An agent of the host in `THREAD`.

        Args:
            runtime: Open.
            calls: What its model proposes, one by one, before it says that it is done.
            is_ours: Its tools are declared by `@tool` (`TOOLS`), not the host's own objects.
        """


async def play(door: Door, scene: Scene, *, is_ours: bool) -> list[str]:
    """Play a scene in the current folder; gives the results that the model read, as text."""
    read = []
    for _ in range(1 + scene.is_begun_anew):
        async with door.opened() as runtime:
            with runtime.acting(ALICE, request=REQUEST):
                conversation = door.converse(runtime, scene.calls, is_ours=is_ours)
                read += await conversation.begin()
                if scene.ruling is not None:
                    await rule(runtime, scene.ruling)
                    read += await conversation.go_on()
    return read


async def rule(runtime: Runtime, ruling: str) -> None:
    """Bob decides what waits; nothing runs of that."""
    waiting = await runtime.approvals.list()
    assert waiting, "nobody was asked"
    for approval in waiting:
        await getattr(runtime.approvals, ruling)(approval.id, by=BOB)


def play_all(door: Door, folder: Path, names: Iterable[str]) -> dict[str, list[str]]:
    """Play scenes, each in a folder of its name; gives what the model read, by scene."""
    read = {}
    for name in names:
        scene, place = ALL[name], folder / name
        place.mkdir()
        (place / "highroad.toml").write_text(SETTINGS + scene.settings, "utf-8")
        with chdir(place):
            read[name] = asyncio.run(play(door, scene, is_ours=name == OURS))
    return read
