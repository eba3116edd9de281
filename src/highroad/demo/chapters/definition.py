"""A tool of somebody else's server that changes overnight, and waits until a person accepts it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from highroad import Completed, Outcome, Refused, Runtime
from highroad.demo.carrier import POISONED, SERVER, get_parcel
from highroad.demo.database import Shop
from highroad.demo.people import ALICE, BOB
from highroad.demo.story import Beat, Chapter, Claim, Stage, answer, line, result

_PARCEL: Final = {"number": "PCL-000042"}
_IN_GERMAN: Final = {**_PARCEL, "language": "de"}


async def _tell(stage: Stage) -> AsyncIterator[Beat]:
    with TemporaryDirectory() as folder:
        carrier = _Carrier(stage, Path(folder) / "ledger.db")
        async with carrier.day() as runtime:
            yield await _first_day(runtime)
        async with carrier.day(description=POISONED) as runtime:
            yield await _poisoned(runtime)
        async with carrier.day(has_language=True) as runtime:
            yield await _improved(runtime)


class _Carrier:
    """The carrier's server, day by day, on a ledger that lasts from one day to the next."""

    def __init__(self, stage: Stage, ledger: Path) -> None:
        self._stage = stage
        self._ledger = ledger

    @asynccontextmanager
    async def day(self, **listed: Any) -> AsyncIterator[Runtime]:  # noqa: ANN401 - what `get_parcel` takes
        """A runtime that has the tool as its server lists it today."""
        stage = self._stage
        async with Runtime.open(
            f"sqlite:///{self._ledger}",
            tools=[get_parcel(**listed)],
            deps={Shop: lambda: stage.shop},
            settings=stage.runtime.settings,
        ) as runtime:
            yield runtime


async def _call(runtime: Runtime, arguments: Mapping[str, object]) -> Outcome[Any]:
    return await runtime.call("get_parcel", arguments, principal=ALICE)


async def _first_day(runtime: Runtime) -> Beat:
    refused = await _call(runtime, _PARCEL)
    await runtime.definitions.accept("get_parcel", by=BOB)
    accepted = await _call(runtime, _PARCEL)
    return Beat(
        tried=f"A new tool comes from {SERVER}. Alice calls it, Bob accepts it, she calls again.",
        call=line("get_parcel", _PARCEL),
        status=f"{refused.status}, then {accepted.status}",
        shown=result(accepted),
        why="What a tool says goes into the model's instructions. The shop's own code is pinned as "
        "it changes; what comes from elsewhere waits until a person has read it.",
        claims=(
            Claim("Before that, it was refused.", isinstance(refused, Refused)),
            Claim("Then it ran.", isinstance(accepted, Completed)),
        ),
    )


async def _poisoned(runtime: Runtime) -> Beat:
    refused = await _call(runtime, _PARCEL)
    [waiting] = runtime.definitions.unaccepted()
    return Beat(
        tried="Overnight the server describes its tool anew. Alice calls it as before.",
        call=line("get_parcel", _PARCEL),
        status=refused.status,
        shown="\n".join(text for field in waiting.fields for text in field.lines()),
        why=f"{answer(refused)['message']} Bob reads what has changed, and leaves it at that: it "
        "was meant for the model, not for him.",
        claims=(
            Claim("It was refused.", isinstance(refused, Refused)),
            Claim(
                "The one place that changed is shown.",
                [field.pointer for field in waiting.fields] == ["/description"],
            ),
        ),
    )


async def _improved(runtime: Runtime) -> Beat:
    refused = await _call(runtime, _IN_GERMAN)
    [waiting] = runtime.definitions.unaccepted()
    pin = await runtime.definitions.accept("get_parcel", by=BOB)
    accepted = await _call(runtime, _IN_GERMAN)
    return Beat(
        tried="A day later the old words are back, and the tool can answer in three languages.",
        call=line("get_parcel", _IN_GERMAN),
        status=f"{refused.status}, then {accepted.status}",
        shown="\n".join(text for field in waiting.fields for text in field.lines()),
        why="A change for the better waits too, since only a person can tell. Bob accepts it, and "
        "the ledger has what he accepted, when, and that it was he.",
        claims=(
            Claim("Until then it was refused.", isinstance(refused, Refused)),
            Claim("Then it ran.", isinstance(accepted, Completed)),
            Claim("Somebody stands for it.", pin.by is not None),
            Claim("Nothing waits any more.", not runtime.definitions.unaccepted()),
        ),
    )


CHAPTER: Final = Chapter(name="definition", title="A tool that changes overnight", tell=_tell)
