"""What grounding and provenance would have said of the calls on record, had both been enforced."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any, Final, TypeAlias

from highroad.agents import sources
from highroad.agents.record import read_run
from highroad.domain.error import VaultError
from highroad.domain.flow import FlowRule
from highroad.domain.grounding import (
    SimulatedArgument,
    SimulatedReason,
    SimulatedTool,
    Simulation,
)
from highroad.domain.identity import Origin
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.label import Integrity
from highroad.domain.tool import ToolDefinition
from highroad.ledger.history import CallHistory
from highroad.ledger.tables.rows import Record, records
from highroad.pipeline import grounding, provenance
from highroad.pipeline.evidence import RunEvidence
from highroad.pipeline.flows import BULK
from highroad.pipeline.services import Services
from highroad.pipeline.weighing import Weighing, weighed
from highroad.ports.tables import Selection
from highroad.tools.compile import RegisteredTool
from highroad.tools.schemas.navigation import part_at

_Reason: TypeAlias = tuple[str, str | None, str]
"""A code, the argument that it is about, and what would end it."""
_LINES: Final = {
    provenance.OUTSIDE_REQUEST: '@tool(intent=["..."]), with the words of such requests',
    BULK: "provenance.bulk = ...",
}
_TYPES: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


async def simulated(
    services: Services, *, tool: str | None = None, since_ms: int = 0
) -> Simulation:
    """Judge the calls of all runs of agents by what each of them knew at the time.

    Nothing is written and nothing runs. The tools are those of now.

    Args:
        services: Of the runtime.
        tool: Only its calls.
        since_ms: Only runs that began then or later, in Unix time.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    tally = _Tally(services, tool)
    async for run in _runs(services, since_ms):
        tally.runs += 1
        try:
            record = await read_run(services.ledger, run["id"])
            evidence = services.evidence.apart()
            await sources.asked(services, record, evidence)
            await sources.below(services, record, evidence, partial(tally.judge, evidence))
        except VaultError:
            tally.unreadable += 1
    return tally.told()


async def _runs(services: Services, since_ms: int) -> AsyncIterator[Record]:
    """Runs of agents at the top."""
    if services.ledger.writer.behind:
        await services.ledger.writer.flush()
    async for row in records(services.ledger.store.tables, Selection(table="agent_run")):
        if row["agent"] is not None and row["parent_id"] is None and row["started_ms"] >= since_ms:
            yield row


class _Tally:
    """Counts, by tool and argument."""

    def __init__(self, services: Services, only: str | None) -> None:
        self._services = services
        self._only = only
        self.runs: int = 0
        self.unreadable: int = 0
        self._calls: Counter[str] = Counter()
        self._stopped: Counter[str] = Counter()
        self._arguments: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._held: Counter[str] = Counter()
        self._reasons: defaultdict[str, Counter[_Reason]] = defaultdict(Counter)

    def judge(
        self,
        evidence: RunEvidence,
        history: CallHistory,
        tool: RegisteredTool[Any],
        arguments: JsonObject,
    ) -> None:
        """Look at a call as the road would have."""
        definition = tool.definition
        is_of_code = Origin(history.opening["origin"]) is Origin.CODE
        is_other = self._only not in {None, definition.name}
        if is_of_code or is_other or not grounding.is_judged(definition):
            return
        traces = evidence.ground(definition, arguments)
        found = grounding.recorded(traces, tool)
        unnamed = {each.pointer for each in found if not each.is_grounded}
        self._calls[definition.name] += 1
        self._stopped[definition.name] += bool(unnamed)
        self._arguments[definition.name].update(unnamed)
        why = set(self._why(weighed(tool, traces, arguments, evidence)))
        if why:
            traces = evidence.ground(definition, arguments, said_otherwise=True)
            why = set(self._why(weighed(tool, traces, arguments, evidence)))
        self._held[definition.name] += bool(why)
        self._reasons[definition.name].update(why)

    def _why(self, weighing: Weighing) -> Iterator[_Reason]:
        """Why people would have been asked about a call."""
        definition = weighing.tool.definition
        for each in weighing.sources:
            if each.falls_short and each.integrity is not None:
                line = _control_line(definition, each.pointer, each.integrity)
                yield provenance.UNTRUSTED_SOURCE, each.pointer, line
        rules = self._services.evidence.provenance
        lines = provenance.flow_rules(weighing.tool, self._services)
        for rule, pointer in provenance.flowing(weighing, lines):
            yield rule.code, pointer, _allowing(rule, definition.name)
        hands_on = self._services.hands_on(definition.name)
        for reason in provenance.reasons(weighing, rules, hands_on=hands_on):
            yield reason.code, None, _LINES[reason.code]

    def told(self) -> Simulation:
        """All of it."""
        return Simulation(
            runs=self.runs,
            unreadable=self.unreadable,
            tools=tuple(self._tool(name) for name in sorted(self._calls)),
        )

    def _tool(self, name: str) -> SimulatedTool:
        tool = self._services.registry.find(name)
        definition = None if tool is None else tool.definition
        return SimulatedTool(
            tool=name,
            calls=self._calls[name],
            stopped=self._stopped[name],
            then=self._services.evidence.rules.of(name).ungrounded,
            arguments=tuple(
                SimulatedArgument(pointer=at, calls=calls, line=contract_line(definition, at))
                for at, calls in self._arguments[name].most_common()
            ),
            held=self._held[name],
            reasons=tuple(
                SimulatedReason(code=code, pointer=at, calls=calls, line=line)
                for (code, at, line), calls in self._reasons[name].most_common()
            ),
        )


def contract_line(definition: ToolDefinition | None, at: str) -> str:
    """The line of a signature that says of an argument that it steers nothing."""
    name = at.split("/")[1] if "/" in at else at
    schema = {} if definition is None else definition.input_schema
    return f"{name}: Annotated[{_type(part_at(schema, [name]))}, Content()]"


def _control_line(definition: ToolDefinition, at: str, integrity: Integrity) -> str:
    """The line of a signature that lets an argument have values of that integrity."""
    name = at.split("/")[1] if "/" in at else at
    told = _type(part_at(definition.input_schema, [name]))
    return f"{name}: Annotated[{told}, Control(integrity=Integrity.{integrity.name})]"


def _allowing(rule: FlowRule, tool: str) -> str:
    """The rule that goes before another one, for one tool."""
    source = rule.line.text.partition("->")[0].strip()
    return f'flows = ["{source} -> {tool}: allow"]'


def _type(part: JsonValue) -> str:
    """The Python type that a schema stands for, as far as it says."""
    if not isinstance(part, dict):
        return "Any"
    if part.get("type") == "array":
        return f"list[{_type(part.get('items'))}]"
    if part.get("type") == "object":
        return "dict[str, Any]"
    return _TYPES.get(str(part.get("type")), "Any")
