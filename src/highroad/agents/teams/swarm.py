"""Swarm: agents that follow local rules over one blackboard, with nobody above them who plans.

Use it where the order of work falls out of its state: a draft is there, so it is checked; a flaw is
noted, so it is mended. Do not use it where somebody has to be sure that it ends well: rules may
leave things undone, and only the number of steps ends a quarrel.

The blackboard is made of the results of the work that was handed on, and of nothing else. So it is
kept in the record of the run, and a resumed run has it again.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from highroad.agents.leg import Leg, Strategy
from highroad.agents.teams.telling import answer_with, in_words
from highroad.domain.outcome import Completed
from highroad.domain.value import value


@value
class Note:
    """What one agent has put on the blackboard."""

    by: str
    step: int
    """From 1."""
    text: str
    is_failure: bool = False
    """It says why work came to nothing."""


@value
class Blackboard:
    """What all agents of a swarm see."""

    request: str
    notes: tuple[Note, ...] = ()
    """Oldest first."""

    def last(self, by: str) -> Note | None:
        """What an agent has put there last, if it has."""
        return next((note for note in reversed(self.notes) if note.by == by), None)


Rule: TypeAlias = Callable[[Blackboard], str | None]
"""What an agent is to do, seeing the blackboard; `None` is nothing. It depends on nothing else."""


def swarm(
    rules: Mapping[str, Rule],
    *,
    steps: int = 5,
    result: Callable[[Blackboard], Any] | None = None,
) -> Strategy:
    """Let each agent do what its rule says, together step by step, until no rule says anything.

    A task that an agent was given before is not done again: its first result is noted once more.

    Args:
        rules: By agent of the team.
        steps: At most.
        result: Makes the result of the blackboard; without it the agent's own model answers.
    """

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
        """Follow the rules step by step, and answer."""
        board = Blackboard(request=leg.request)
        for step in range(1, steps + 1):
            tasks = [(name, task) for name, rule in rules.items() if (task := rule(board))]
            if not tasks:
                break
            outcomes = await leg.delegate_all(tasks)
            notes = [
                Note(
                    by=name,
                    step=step,
                    text=in_words(outcome),
                    is_failure=not isinstance(outcome, Completed),
                )
                for (name, _), outcome in zip(tasks, outcomes, strict=True)
            ]
            board = Blackboard(request=leg.request, notes=(*board.notes, *notes))
        if result is not None:
            return result(board)
        return await answer_with(leg, [f"{note.by}:\n{note.text}" for note in board.notes])

    return strategy
