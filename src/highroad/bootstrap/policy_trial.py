"""The policy of a folder, to be tried out: no ledger is opened, and nothing is called."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NoReturn

from highroad.adapters.policy.cel import CelConditions
from highroad.adapters.system import SystemClock
from highroad.agents.context.results import RunResults
from highroad.agents.finding import RunTools
from highroad.agents.memory.long_term import LongTermMemory
from highroad.bootstrap.agents import add_search, agents_of, tools_of_agents
from highroad.bootstrap.policies import cedar_schema, mutants_of
from highroad.bootstrap.toolset import Toolset, toolset_of
from highroad.domain.error import BrokenPromise, SettingsError
from highroad.domain.identity import Principal
from highroad.domain.policy import PolicyMutant, PolicyRules
from highroad.domain.policy_case import CaseResult, PolicyCase, PolicyOpinion, PolicyQuestion
from highroad.pipeline.opinion import opinion_of
from highroad.ports.policy import Policy
from highroad.settings import Settings
from highroad.settings.policy_cases import read_cases
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.compile import RegisteredTool
from highroad.tools.validate import check_arguments


@dataclass(frozen=True, slots=True)
class PolicyTrial:
    """A policy, and the tools that it is about."""

    rules: PolicyRules
    principals: Sequence[Principal]
    toolset: Toolset

    @classmethod
    def of(cls, settings: Settings) -> "PolicyTrial":
        """The policy and the tools of some settings.

        Raises:
            SettingsError: A rule, a statement or a module cannot be used.
            DeclarationError: A tool is declared wrongly.
        """
        agents = agents_of(settings)
        unused = dict.fromkeys((RunResults, RunTools, LongTermMemory), _nobody)
        toolset = toolset_of(settings, tools_of_agents(agents), unused)
        add_search(agents, toolset.registry)
        return cls(settings.policy, settings.principals, toolset)

    def cases(self, files: Sequence[Path]) -> tuple[PolicyCase, ...]:
        """The cases of some files.

        Raises:
            SettingsError: One cannot be read, or a call of it could never be made.
        """
        known = {each.id: each for each in self.principals}
        known |= {f"{each.organization}/{each.id}": each for each in self.principals}
        return tuple(
            replace(case, question=self._timed(case.question, case.place))
            for file in files
            for case in read_cases(file, known)
        )

    def opinion(self, question: PolicyQuestion) -> PolicyOpinion:
        """What the policy says of a call, if it were made now.

        Raises:
            SettingsError: There is no such tool, or its schema does not take the arguments.
        """
        now = replace(question.facts, now_ms=SystemClock().now_ms())
        asked = self._checked(replace(question, facts=now), "the call")
        return self._opinion(self.toolset.policy, asked)

    def run(self, cases: Sequence[PolicyCase]) -> tuple[CaseResult, ...]:
        """How each case comes out."""
        return tuple(self._results(self.toolset.policy, cases))

    def unreached(self, results: Sequence[CaseResult]) -> tuple[str, ...]:
        """Rules that no case reaches: nobody would notice if they said something else."""
        reached = frozenset[str]().union(*(each.opinion.reached for each in results))
        return tuple(rule for rule in self.toolset.policy.rules() if rule not in reached)

    def survivors(self, cases: Sequence[PolicyCase]) -> Iterator[tuple[PolicyMutant[Policy], bool]]:
        """The policy with one mistake at a time, and whether every case passes all the same."""
        for mutant in mutants_of(self.rules, CelConditions()):
            results = self._results(mutant.policy, cases)
            yield mutant, all(each.is_passed for each in results)

    def schema(self) -> str:
        """The Cedar schema of the tools.

        Raises:
            SettingsError: The library of Cedar is missing.
        """
        return cedar_schema(self.toolset.registry.definitions())

    def idle(self) -> Iterator[tuple[str, str]]:
        """Rules that can never decide anything, and why."""
        policy, registry = self.toolset.policy, self.toolset.registry
        names = [tool.name for tool in registry]
        deciding = {rule for tool in registry for rule in policy.rules_for(tool.definition)}
        for rule in policy.rules():
            if rule not in deciding:
                yield rule, "it fits no tool here"
        for line in self.rules.allow:
            for denied in self.rules.deny:
                if all(
                    fnmatchcase(name, denied.text) for name in names if fnmatchcase(name, line.text)
                ) and any(fnmatchcase(name, line.text) for name in names):
                    why = f"{denied.named('policy.deny')} denies all that it allows"
                    yield line.named("policy.allow"), why
        yield from _shadowed(self.rules, names)

    def _results(self, policy: Policy, cases: Sequence[PolicyCase]) -> Iterator[CaseResult]:
        for case in cases:
            yield CaseResult(case=case, opinion=self._opinion(policy, case.question))

    def _opinion(self, policy: Policy, question: PolicyQuestion) -> PolicyOpinion:
        tool = self._tool(question.tool, "the call")
        rule = self.toolset.asks.get(tool.definition.digest)
        return opinion_of(policy, tool, question, rule)

    def _timed(self, question: PolicyQuestion, place: str) -> PolicyQuestion:
        tool = self._tool(question.tool, place).definition
        if self.toolset.policy.wanted(tool).time and not question.facts.now_ms:
            raise SettingsError(
                f"{place}: a rule for {tool.name} looks at the time, so say when: "
                "time = 2026-11-23T12:00:00Z"
            )
        return self._checked(question, place)

    def _checked(self, question: PolicyQuestion, place: str) -> PolicyQuestion:
        checked = check_arguments(self._tool(question.tool, place), dict(question.arguments))
        if isinstance(checked, Invalid):
            told = "; ".join(f"{p.pointer or '/'}: expected {p.expected}" for p in checked.problems)
            raise SettingsError(f"{place}: {question.tool} does not take the arguments: {told}")
        return replace(question, arguments=checked.arguments)

    def _tool(self, name: str, place: str) -> RegisteredTool[Any]:
        found = self.toolset.registry.find(name)
        if found is None:
            near = self.toolset.registry.near(name, [tool.name for tool in self.toolset.registry])
            meant = f"; did you mean {' or '.join(near)}?" if near else ""
            raise SettingsError(f"{place}: there is no tool {name!r} here{meant}")
        return found


def _shadowed(rules: PolicyRules, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Lines of a list whose every tool a line before them names already."""
    lists = [("policy.deny", rules.deny), ("policy.allow", rules.allow)]
    lists += [(f"policy.roles.{role.name}.allow", role.allow) for role in rules.roles]
    for setting, lines in lists:
        for at, line in enumerate(lines):
            fitting = [name for name in names if fnmatchcase(name, line.text)]
            for before in lines[:at]:
                if fitting and all(fnmatchcase(name, before.text) for name in fitting):
                    yield line.named(setting), f"{before.named(setting)} says it already"
                    break


def _nobody(*_: object) -> NoReturn:
    raise BrokenPromise("nothing is called where a policy is tried out")
