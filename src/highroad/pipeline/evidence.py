"""What the values of a run's calls may have come from, while a leg or a host moves it.

One index serves a run and all runs below it: what an agent hands on to another is no request of
the user's, so a task is judged by what its parent had seen, and what the other reads serves both.
It lives as long as the leg does. A leg goes through the record of its run before it does anything
new, and so fills it again in the same order. That of a run that a host moves is kept while its
calls are made (`agents.hosts`).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from weakref import WeakValueDictionary

import orjson

from highroad.domain.call import Call
from highroad.domain.evidence import EvidenceKind, Grounding, Source
from highroad.domain.grounding import NOT_LOOKED_INTO, GroundingRules
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.provenance import UNJUDGED, ProvenanceRules
from highroad.domain.tool import ToolDefinition
from highroad.domain.verification import UserTurn
from highroad.evidence.index import Index
from highroad.evidence.intent.lock import Lock, locked
from highroad.evidence.plan import NO_HANDLES, Plan, ground, plan
from highroad.tools.derivation.in_force import contract_in_force


class Plans:
    """What is traced of the arguments of each tool, made out once."""

    def __init__(self) -> None:
        self._known: dict[str, Plan] = {}
        """By digest of the definition; there are as many as tools."""

    def of(self, definition: ToolDefinition) -> Plan:
        """The plan of a tool."""
        known = self._known.get(definition.digest)
        if known is None:
            made = plan(definition.input_schema, contract_in_force(definition))
            known = self._known[definition.digest] = made
        return known


class RunEvidence:
    """The evidence of a run and of those below it.

    What arrives is noted, and indexed when a call is first judged by it: a run that only reads
    what is its own pays for nothing.

    Args:
        plans: Of the tools.
        is_wanted: Whether any call is judged by it; else nothing is kept.
        has_handles: Whether values are named by where they stand.
    """

    __slots__ = (
        "__weakref__",
        "_arrived",
        "_index",
        "_is_wanted",
        "_lock",
        "_locked",
        "_plans",
        "_tools",
        "endorsed",
        "remembered",
        "turns",
    )

    def __init__(self, plans: Plans, *, is_wanted: bool = True, has_handles: bool = False) -> None:
        self._plans = plans
        self._is_wanted = is_wanted
        self._index = Index(has_handles=has_handles)
        self._arrived: list[partial[None]] = []
        """In order: what a result proves depends on what was known before it."""
        self.turns: list[UserTurn] = []
        """What the user said, in order: for whoever judges whether that was asked for."""
        self.remembered: list[str] = []
        """What the user wrote before and had remembered: to see how a number stands in it."""
        self._tools: dict[str, str] = {}
        """Which tool brought the result of a call."""
        self.endorsed: set[str] = set()
        """Digests of values that a person has vouched for (`highroad.pipeline.endorsement`)."""
        self._lock = Lock()
        self._locked = 0
        """So many of the turns are in it."""

    @property
    def lock(self) -> Lock:
        """What the user's own words call for; each message may widen it, and nothing else does."""
        if self._locked != len(self.turns):
            self._lock = locked(self.said_texts)
            self._locked = len(self.turns)
        return self._lock

    @property
    def said_texts(self) -> list[str]:
        """The user's own words, message by message."""
        return [turn.text for turn in self.turns]

    def said(self, source: str, text: str) -> None:
        """Take in words of the user."""
        self.turns.append(UserTurn(source=source, text=text))
        self._note(partial(self._index.add_text, Source(source, EvidenceKind.REQUEST), text))

    def handed_in(self, source: Source) -> None:
        """Take in what somebody says who keeps the history themselves; they answer for its kind."""
        if source.text is None:
            return
        if source.kind is EvidenceKind.REQUEST:
            self.turns.append(UserTurn(source=source.id, text=source.text))
        read = _json(source.text)
        if isinstance(read, dict | list):
            self._note(partial(self._index.add_value, source, read))
        else:
            self._note(partial(self._index.add_text, source, source.text))

    def known(self, source: str, profile: JsonValue) -> None:
        """Take in what is known of the user."""
        self._note(partial(self._index.add_value, Source(source, EvidenceKind.PROFILE), profile))

    def recalled(self, call_id: str, text: str) -> None:
        """Take in what the user wrote themselves, and had remembered beyond its conversation.

        It is known of them as their preferences are: it names values, and calls for nothing.
        """
        self.remembered.append(text)
        self._note(partial(self._index.add_text, Source(call_id, EvidenceKind.PROFILE), text))

    def brought(
        self,
        call_id: str,
        tool: ToolDefinition,
        arguments: Callable[[], JsonObject],
        result: JsonValue,
    ) -> None:
        """Take in a result.

        Args:
            call_id: Whose it is.
            tool: That brought it.
            arguments: Reads those that a model chose: what only repeats one of these that nobody
                named proves nothing. There are none where code chose them.
            result: In JSON.
        """
        self._tools[call_id] = tool.name
        self._note(partial(self._take, call_id, tool, arguments, result))

    def wrote(self, arguments: Callable[[], JsonObject]) -> None:
        """Take in that a call may have written its arguments where a later read finds them."""
        self._note(partial(self._take_written, arguments))

    def ground(
        self,
        tool: ToolDefinition,
        arguments: JsonObject,
        handles: Mapping[str, tuple[str, str]] = NO_HANDLES,
        *,
        said_otherwise: bool = False,
    ) -> Grounding:
        """Where the control arguments of a call come from.

        Args:
            tool: That is called.
            arguments: Of the call.
            handles: By pointer, the source and the place in it of what was named by its handle.
            said_otherwise: Look for the user's own word in every notation.
        """
        self._take_in()
        compiled = self._plans.of(tool)
        return ground(compiled, arguments, self._index, handles, said_otherwise=said_otherwise)

    @property
    def index(self) -> Index:
        """All of it, by its values."""
        self._take_in()
        return self._index

    def tool_of(self, call_id: str) -> str:
        """The name of the tool that brought a result; empty where a stranger to the run did."""
        return self._tools.get(call_id, "")

    def _note(self, take: partial[None]) -> None:
        if self._is_wanted:
            self._arrived.append(take)

    def _take_in(self) -> None:
        arrived, self._arrived = self._arrived, []
        for take in arrived:
            take()

    def _take_written(self, arguments: Callable[[], JsonObject]) -> None:
        self._index.add_written(arguments())

    def _take(
        self,
        call_id: str,
        tool: ToolDefinition,
        arguments: Callable[[], JsonObject],
        result: JsonValue,
    ) -> None:
        chosen, labels = arguments(), contract_in_force(tool).labels
        self._index.add_result(
            Source(call_id, EvidenceKind.RESULT),
            result,
            arguments=chosen,
            grounding=ground(self._plans.of(tool), chosen, self._index),
            labels=labels,
            is_transform=tool.transform is True,
        )


def _json(text: str) -> JsonValue:
    try:
        read: JsonValue = orjson.loads(text)
    except ValueError:
        return None
    return read


class Indexes:
    """The evidence of the runs that are being moved, and the rules by which calls are judged.

    Args:
        rules: What becomes of values that nobody named.
        provenance: What becomes of values that a stranger may have chosen.
    """

    def __init__(
        self,
        rules: GroundingRules = NOT_LOOKED_INTO,
        provenance: ProvenanceRules = UNJUDGED,
    ) -> None:
        self.rules: GroundingRules = rules
        self.provenance: ProvenanceRules = provenance
        self.are_wanted: bool = not (rules.are_off and provenance.are_off)
        """Whether any call is judged by what its values come from."""
        self._plans: Plans = Plans()
        self._of_runs: dict[str, RunEvidence] = {}
        self._of_hosts: WeakValueDictionary[str, RunEvidence] = WeakValueDictionary()
        """As long as somebody uses it, who may be the only one."""
        self._nothing: RunEvidence = RunEvidence(self._plans)

    def plan(self, definition: ToolDefinition) -> Plan:
        """What is traced of the arguments of a tool."""
        return self._plans.of(definition)

    def of(self, call: Call) -> RunEvidence:
        """That of a call: of its run, where a leg or a host moves it; else what was handed in.

        What is handed in with a call goes before what is known of a host's run.
        """
        found = self._of_runs.get(call.run_id)
        if found is not None:
            return found
        if not call.evidence.sources:
            return self._of_hosts.get(call.run_id, self._nothing)
        handed_in = self.apart()
        for source in call.evidence.sources:
            handed_in.handed_in(source)
        return handed_in

    def apart(self) -> RunEvidence:
        """Evidence that no leg uses, to look at a run with."""
        return RunEvidence(self._plans)

    def hosted(self, run_id: str) -> RunEvidence:
        """That of a run that a host moves, empty; it is known for as long as it is held on to."""
        evidence = RunEvidence(self._plans, is_wanted=self.are_wanted)
        self._of_hosts[run_id] = evidence
        return evidence

    def is_at_hand(self, run_id: str) -> bool:
        """Whether a leg of the run is on."""
        return run_id in self._of_runs

    @contextmanager
    def leg(
        self, run_id: str, parent_id: str | None, *, has_handles: bool = False
    ) -> Iterator[RunEvidence]:
        """That of a run while a leg moves it: its parent's, where that is being moved as well."""
        above = None if parent_id is None else self._of_runs.get(parent_id)
        if above is None:
            above = RunEvidence(self._plans, is_wanted=self.are_wanted, has_handles=has_handles)
        evidence = self._of_runs[run_id] = above
        try:
            yield evidence
        finally:
            del self._of_runs[run_id]
