"""Every rule asked about every tool, and what came of it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from highroad.tools.lint.codes import LintCode, Severity
from highroad.tools.lint.finding import Finding
from highroad.tools.lint.rules import arguments, contracts, descriptions, names, schemas, sets
from highroad.tools.lint.score import Score, score
from highroad.tools.lint.subject import Subject

Rule: TypeAlias = Callable[[Subject], Iterator[Finding]]

_RULES: Final[tuple[Rule, ...]] = (
    *names.RULES,
    *descriptions.RULES,
    *arguments.RULES,
    *schemas.RULES,
    *contracts.RULES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What lint has to say of a set of tools."""

    findings: tuple[Finding, ...]
    """Of the set first, then of each tool in its order, the heaviest first."""
    scores: tuple[Score, ...]
    """In the order of the tools; what is left out of the findings counts all the same."""

    def only(self, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> "Report":
        """The report with the findings of some codes alone; a group stands for all its codes."""
        wanted, unwanted = frozenset(select), frozenset(ignore)
        kept = tuple(
            finding
            for finding in self.findings
            if (not wanted or _is_of(finding.code, wanted)) and not _is_of(finding.code, unwanted)
        )
        return Report(findings=kept, scores=self.scores)

    def has(self, least: Severity) -> bool:
        """Whether a finding weighs at least so much."""
        return any(finding.severity.weight >= least.weight for finding in self.findings)


def lint(subjects: Sequence[Subject]) -> Report:
    """Ask every rule about these tools, which are offered together."""
    by_tool: defaultdict[int, list[Finding]] = defaultdict(list)
    of_set: list[Finding] = []
    # Of two tools of one name, what is found of the set is told at the later one.
    places = {subject.name: at for at, subject in enumerate(subjects)}
    for rule in sets.RULES:
        for finding in rule(subjects):
            (by_tool[places[finding.tool]] if finding.tool else of_set).append(finding)
    for at, subject in enumerate(subjects):
        for judge in _RULES:
            by_tool[at].extend(judge(subject))
    return Report(
        findings=(
            *of_set,
            *(
                finding
                for at in range(len(subjects))
                for finding in sorted(by_tool[at], key=lambda each: -each.severity.weight)
            ),
        ),
        scores=tuple(score(subject, by_tool[at]) for at, subject in enumerate(subjects)),
    )


def _is_of(code: LintCode, names: frozenset[str]) -> bool:
    return code in names or code.group in names
