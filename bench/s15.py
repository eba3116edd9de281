"""S15: what security costs a call of an agent: policy over arguments, provenance, redaction.

Two runtimes make the same governed call of a model, one after the other, again and again. Both
have all stages, ledger, audit rows and a rule by role. One has besides a Cedar policy of forty
statements, two of which look at the arguments of the call; grounding and provenance enforced, with
the user's request and the results of 100 reads before it; and redaction of its result, 2 KB of
text. The call has the ten arguments of N22 and hands out a text of 2 KB (P9). Ours is what the one
takes more than the other, by the time that they had of processors: of each pair the difference.

The peer is one step of LangGraph's `create_agent` (see N1), in turns with bursts of pairs. It waits
for no disk, so the call is one that does not either, a read that leaves the boundary; a call with
an effect is quoted beside, which goes on with cold caches after each of its commits. Quoted as well
are the same read where arguments are looked through too (`redaction.arguments`); the same where a
statement looks at the moment as well, so that no decision is a remembered one, as those about the
fifty orders soon are; and what this leaves out: taking in a result, once for each, before the next
call is judged. That is quoted for a record of eight leaves, for the text of 2 KB, and for that text
where it is read for numbers and days as well, which waits until one is sought.
"""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, chdir
from itertools import count
from pathlib import Path
from random import sample
from statistics import median as middle
from time import process_time
from typing import Final

from bench.harness import BenchError, Peer, Reading, median, rounded, scratch, take_turns
from bench.n22 import _SCHEMA, _SHORT, _arguments, _record
from bench.ours import ALICE, LEDGER
from bench.p9 import _REQUEST, _SAID
from bench.r1 import _CLEAN
from highroad import Completed, Content, Runtime, tool_from_schema
from highroad.bootstrap import assemble
from highroad.domain.evidence import EvidenceKind, Source, ValueKind
from highroad.domain.identity import Origin
from highroad.domain.json_value import JsonObject
from highroad.domain.label import Integrity, Label, Labels
from highroad.evidence.index import Index
from highroad.pipeline.services import Services

_ROUNDS: Final = 31
_BURST: Final = 10
_TOOLS: Final = 20
_ORDERS: Final = 50
READ: Final = "ask_for_refund"
EFFECT: Final = "send_refund"
PLAIN: Final = """\
[policy.roles.clerk]
permissions = ["network_access"]
allow = ["*"]

[limits]
calls_per_tool = 1000000
calls_per_read = 1000000

[grounding]
mode = "off"

[provenance]
mode = "off"
"""
SECURED: Final = """\
[policy]
cedar = ["s15.cedar"]

[policy.roles.clerk]
permissions = ["network_access"]
allow = ["*"]

[limits]
calls_per_tool = 1000000
calls_per_read = 1000000

[grounding]
mode = "enforce"

[provenance]
mode = "enforce"

[redaction]
mode = "pseudonym"
"""
_RESULTS_ALONE: Final = 'arguments = "off"\n'
_STATEMENTS: Final = """
@id("small {0}") permit (principal in Role::"clerk", action == Action::"{0}", resource)
when {{ context.args.cents < 10000 }};
@id("few {0}") forbid (principal, action == Action::"{0}", resource)
when {{ context.args.quantity > 1000 }};
"""
_OF_A_MOMENT: Final = """
forbid (principal, action, resource) when { context.time.ms < 0 };
"""
_OWN: Final = Labels(default=Label(integrity=Integrity.SYSTEM))
"""Records of our own, or a person would be asked about what stands in them."""
_COUNT: Final = 7
_OTHERS: Final = tuple(f"refund_{number}" for number in range(2, _TOOLS))


async def measure() -> Reading:
    """Measure S15."""
    runs = count()
    beside: dict[str, list[float]] = {"effect": [], "arguments": [], "decided": [], "without": []}
    with scratch() as folder:
        async with (
            opened(folder / "plain", PLAIN) as plain,
            opened(folder / "secured", SECURED + _RESULTS_ALONE) as secured,
            opened(folder / "arguments", SECURED) as with_arguments,
            opened(folder / "decided", SECURED + _RESULTS_ALONE, _OF_A_MOMENT) as decided_anew,
        ):
            with Peer("langgraph_agent", folder) as peer:

                async def more(road: _Road, tool: str) -> list[float]:
                    pairs = await burst(plain, road, tool, f"s15-{next(runs)}")
                    beside["without"].extend(each for each, _ in pairs if tool == READ)
                    return [with_it - without for without, with_it in pairs]

                async def ours() -> list[float]:
                    beside["effect"] += await more(secured, EFFECT)
                    beside["arguments"] += await more(with_arguments, READ)
                    beside["decided"] += await more(decided_anew, READ)
                    return await more(secured, READ)

                async def theirs() -> list[float]:
                    return peer.burst(_BURST)["agent_step_cpu_us"]

                turns = await take_turns(_ROUNDS, ours, theirs)
                versions = peer.versions
    return Reading(
        id="S15",
        value=turns.ratio(),
        unit="of a LangGraph agent step, by processor time",
        reach="<= 0.15",
        reference={
            "langgraph_agent": {"versions": versions, "agent_step_cpu_us": turns.peer_median()}
        },
        absolute={
            "security_cpu_us": turns.absolute(),
            "read_without_cpu_us": median(beside["without"]),
            "of_an_effect_cpu_us": median(beside["effect"]),
            "with_arguments_cpu_us": median(beside["arguments"]),
            "decided_anew_cpu_us": median(beside["decided"]),
            "take_in_record_cpu_us": rounded(_taking_in(_record)),
            "take_in_2_kb_cpu_us": rounded(_taking_in(lambda _: {"note": _CLEAN})),
            "take_in_2_kb_asked_cpu_us": rounded(_taking_in(lambda _: {"note": _CLEAN}, _COUNT)),
            "load": rounded(os.getloadavg()[0]),
        },
    )


class _Road:
    """One of the two runtimes."""

    def __init__(self, runtime: Runtime, services: Services) -> None:
        self.runtime = runtime
        self.services = services

    def run_id(self, name: str) -> str:
        """The id of a run by the name that callers give it."""
        return self.services.ledger.keyring.organization(ALICE.organization).run_id(name)

    async def call(self, tool: str, run: str, number: int) -> float:
        """Microseconds of processors of one call."""
        arguments: JsonObject = {**_arguments(number), "body": _SAID}
        start = process_time()
        outcome = await self.runtime.call(
            tool, arguments, principal=ALICE, run=run, origin=Origin.MODEL
        )
        took = process_time() - start
        if not isinstance(outcome, Completed):
            raise BenchError(f"a measured call was not completed: {outcome.status}")
        return took * 1e6


async def burst(plain: _Road, secured: _Road, tool: str, run: str) -> list[tuple[float, float]]:
    """Measure pairs of calls, in microseconds.

    The first of a run, which compiles what it has, is not kept. Who goes first changes from pair
    to pair.
    """
    pairs = []
    with secured.services.evidence.leg(secured.run_id(run), None) as evidence:
        evidence.said("request", _REQUEST)
        for number in range(_SHORT):
            source = Source(f"call-{number}", EvidenceKind.RESULT)
            evidence.index.add_value(source, _record(number), _OWN)
        for at, number in enumerate(sample(range(_ORDERS), _BURST + 1)):
            if at % 2:
                without = await plain.call(tool, run, number)
                pairs.append((without, await secured.call(tool, run, number)))
            else:
                with_it = await secured.call(tool, run, number)
                pairs.append((await plain.call(tool, run, number), with_it))
    await plain.runtime.flush()
    await secured.runtime.flush()
    return pairs[1:]


@asynccontextmanager
async def opened(folder: Path, settings: str, more: str = "") -> AsyncIterator[_Road]:
    """Open a runtime over an empty ledger in a folder of its own; `more` are statements."""
    _laid_out(folder, settings, more)
    with chdir(folder):
        tools = [_refund(name) for name in (READ, EFFECT, *_OTHERS)]
        assembly = await assemble(f"sqlite:///{folder / LEDGER}", tools=tools, principal=ALICE)
        runtime = Runtime(assembly)
        try:
            yield _Road(runtime, assembly.services)
        finally:
            await runtime.close()


def _laid_out(folder: Path, settings: str, more: str) -> None:
    folder.mkdir()
    (folder / "highroad.toml").write_text(settings)
    policies = "".join(map(_STATEMENTS.format, (READ, EFFECT, *_OTHERS)))
    (folder / "s15.cedar").write_text(policies + more)


def _refund(name: str) -> Callable[..., object]:
    properties = {**_SCHEMA["properties"], "body": {"type": "string"}}  # type: ignore[dict-item]  # it is an object

    async def refund(_: JsonObject) -> JsonObject:
        return {"note": _CLEAN}

    return tool_from_schema(
        refund,
        name=name,
        description="Send a refund with a message.",
        parameters={**_SCHEMA, "properties": properties, "required": [*properties]},
        markers={"body": Content()},
        tier="read" if name == READ else "reversible",
        permissions={"network_access"},
    )


def _taking_in(result: Callable[[int], JsonObject], asked: float | None = None) -> float:
    """Microseconds of processors that taking in one result costs, the median of some.

    A number that is asked for after each has all of it read for numbers, days and hours.
    """
    index = Index()
    times = []
    for number in range(_SHORT):
        source = Source(f"call-{number}", EvidenceKind.RESULT)
        start = process_time()
        index.add_result(source, result(number), arguments={"order_id": f"ORD-{number:06d}"})
        if asked is not None:
            index.find(ValueKind.NUMBER, asked)
        times.append((process_time() - start) * 1e6)
    return middle(times)
