"""Tree of thoughts, searched with a beam: several next thoughts, of which the best are kept.

Use it for puzzles, plans and designs where a first step that looks right may be wrong, and a judge
can tell how promising half a solution is. Do not use it where chain of thought does as well: this
asks `width + 1` times for each level. It uses no tools; where facts must be looked up on the way,
`lats` searches with them.

Source: Yao et al., "Tree of Thoughts: Deliberate Problem Solving with Large Language Models"
(2023), breadth-first with a prompt that proposes.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

from highroad.agents.leg import Leg, Strategy
from highroad.agents.searching.bounds import require_positive
from highroad.agents.searching.judging import scores
from highroad.agents.searching.thoughts import answered, no_thought, proposed

Path: TypeAlias = tuple[str, ...]
"""Thoughts from the root of the tree to one of its nodes."""


def tree_of_thoughts(*, width: int = 3, depth: int = 2, branch: int = 3) -> Strategy:
    """Think level by level, keep the most promising paths, and answer with the best.

    It answers with what it has where the requests of the run do not suffice for another level.

    Args:
        width: Paths that are kept at each level.
        depth: Levels.
        branch: Next thoughts of each path.

    Raises:
        DeclarationError: A bound is less than 1.
    """
    require_positive({"width": width, "depth": depth, "branch": branch})

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
        """Grow, judge and cut, level by level."""
        beam: list[Path] = [()]
        for _ in range(depth):
            if leg.left < len(beam) + 2:  # one for each path, the judge's, and the answer
                break
            grown = await _grown(leg, beam, branch)
            if not grown:
                break
            beam = await _kept(leg, grown, width)
        if not beam[0]:
            raise no_thought()
        return await answered(leg, _told(beam[0]))

    return strategy


async def _grown(leg: Leg, beam: Sequence[Path], branch: int) -> list[Path]:
    """Each path with each of its next thoughts."""
    lines = [leg.fork("think") for _ in beam]
    thoughts = await leg.together(
        *(
            proposed(line, _asking(path, branch), branch)
            for line, path in zip(lines, beam, strict=True)
        )
    )
    return [(*path, each) for path, found in zip(beam, thoughts, strict=True) for each in found]


async def _kept(leg: Leg, paths: Sequence[Path], width: int) -> list[Path]:
    """The most promising, best first; of equals those that were thought of earlier."""
    given = await scores(leg, [_told(path) for path in paths])
    order = sorted(range(len(paths)), key=lambda at: -given[at])
    return [paths[at] for at in order[:width]]


def _asking(path: Path, branch: int) -> str:
    before = f"Thought so far:\n{_told(path)}\n\n" if path else ""
    return f"{before}Propose {branch} different next steps of thought towards the answer."


def _told(path: Path) -> str:
    return "\n".join(f"{at}. {thought}" for at, thought in enumerate(path, start=1))
