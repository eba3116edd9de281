"""Peers: agents of one team that write to each other until none has anything to add.

Use it where views differ and have to meet: an estimate, a review, a negotiation. Do not use it to
divide work: letters cost a request of each reader, and agents that agree say nothing new.

What is written stands in the record of the run above, as results of the turns that it handed on. So
it lasts, a crash loses no letter, and nobody can write to whom the run above does not know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from highroad.agents.leg import Leg, Strategy
from highroad.agents.teams.telling import answer_with, in_words
from highroad.domain.error import HighroadError
from highroad.domain.outcome import AnyOutcome, Completed
from highroad.domain.value import value


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What one agent writes to another.

    Args:
        to: Name of the agent.
        text: What is written.
    """

    to: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What an agent says when it is its turn; the `output` of agents that are peers.

    Args:
        answer: What it holds by now.
        letters: To others in the team.
    """

    answer: str
    letters: Sequence[Letter] = ()


_TURN: TypeAdapter[Turn] = TypeAdapter(Turn)


@value
class Posted:
    """A letter on its way."""

    by: str
    letter: Letter


def peers(*, rounds: int = 3, answer_by: str | None = None) -> Strategy:
    """Give each agent of the team its turn, and then, round by round, those who have letters.

    Agents of the team declare `output=Turn`; one that answers with plain text writes no letters. A
    letter to nobody in the team comes back to whoever wrote it.

    Args:
        rounds: Turns of each at most; letters of the last round are not delivered.
        answer_by: Whose last answer is the result; without it the agent's own model makes one of
            all answers.
    """

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
        """Give turns while there are letters, and answer."""
        if answer_by is not None and answer_by not in leg.team:
            raise HighroadError(f"answer_by={answer_by!r} is not in the team: {list(leg.team)} are")
        answers: dict[str, str] = {}
        post: list[Posted] = []
        turns = list(leg.team)
        for number in range(1, rounds + 1):
            tasks = [(name, _task(leg, name, answers, post, number, rounds)) for name in turns]
            outcomes = await leg.delegate_all(tasks)
            written: list[Posted] = []
            for name, outcome in zip(turns, outcomes, strict=True):
                turn = _turn(outcome)
                answers[name] = turn.answer
                written += [_addressed(leg, name, letter) for letter in turn.letters]
            post += written
            turns = [name for name in leg.team if any(each.letter.to == name for each in written)]
            if not turns:
                break
        if answer_by is not None:
            return answers[answer_by]
        return await answer_with(leg, [f"{name}:\n{said}" for name, said in answers.items()])

    return strategy


def _turn(outcome: AnyOutcome) -> Turn:
    if isinstance(outcome, Completed) and isinstance(outcome.json, dict):
        try:
            return _TURN.validate_python(outcome.json)
        except ValidationError:
            pass  # an output of another form is an answer
    return Turn(answer=in_words(outcome))


def _addressed(leg: Leg, by: str, letter: Letter) -> Posted:
    if letter.to in leg.team:
        return Posted(by=by, letter=letter)
    return Posted(by="the post", letter=Letter(to=by, text=f"Nobody is called {letter.to!r}."))


def _task(  # noqa: PLR0913, PLR0917 - what a turn is told
    leg: Leg, name: str, answers: dict[str, str], post: list[Posted], number: int, rounds: int
) -> str:
    others = ", ".join(other for other in leg.team if other != name) or "nobody"
    told = [
        f"The request is: {leg.request}",
        f"You are {name}, and can write letters to {others}. This is round {number} of {rounds}.",
    ]
    if name in answers:
        told.append(f"Your answer so far:\n{answers[name]}")
    told += [
        f"Letter from {each.by} to {each.letter.to}:\n{each.letter.text}"
        for each in post
        if name in {each.by, each.letter.to}
    ]
    told.append("Give your answer as it is now, and letters only where they may change something.")
    return "\n\n".join(told)
