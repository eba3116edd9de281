"""Language agent tree search (LATS): ReAct along the branches of a tree, by value, with a budget.

Each node is a line of thought with the results of its calls. The most promising leaf is chosen
by its value and by how seldom it was visited, gets children that each take another way, and what
the judge makes of them flows back to all nodes above: so the search leaves a way that disappoints.

Use it where a wrong first call leads far astray, reading is cheap, and a judge sees how far along a
line is. Do not use it where ReAct succeeds: this asks many times as often. The search only reads;
calls with effects are dry runs, and made by the line that is chosen.

Source: Zhou et al., "Language Agent Tree Search Unifies Reasoning, Acting, and Planning in Language
Models" (2023); without its simulations to the end and reflections, and by UCT as there.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from highroad.agents.leg import Leg, Strategy
from highroad.agents.searching.bounds import require_positive
from highroad.agents.searching.dry_line import carried_out, told
from highroad.agents.searching.judging import scores
from highroad.agents.strategies.react import Reached, ended_by


@dataclass(slots=True, kw_only=True, eq=False)
class _Node:
    """A line of thought as far as it went."""

    line: Leg
    depth: int = 0
    above: "_Node | None" = None
    said: str = ""
    """What was said and found in the step that leads to it."""
    answer: Reached | None = None
    """What it came to, where it is through."""
    score: float = 0.0
    """The judge's."""
    value: float = 0.0
    """The sum of the scores of it and of all below."""
    visits: int = 0
    below: list["_Node"] = field(default_factory=list)

    def everyone(self) -> Iterator["_Node"]:
        """It and all below it, in the order in which they were made."""
        yield self
        for node in self.below:
            yield from node.everyone()

    def ancestry(self) -> Iterator["_Node"]:
        """It and all above it."""
        node: _Node | None = self
        while node is not None:
            yield node
            node = node.above


def lats(
    *,
    rounds: int = 4,
    branch: int = 2,
    depth: int = 4,
    exploration: float = 1.0,
    enough: float = 0.9,
) -> Strategy:
    """Search a tree of ReAct steps, and let the best line answer, and act.

    It chooses of what it has where the requests of the run do not suffice for another round.

    Args:
        rounds: Nodes that get children: the budget of the search.
        branch: Children of each.
        depth: Steps of a line at most.
        exploration: How much a node counts that was seldom visited, against its value.
        enough: The score of an answer with which the search is over.

    Raises:
        DeclarationError: A bound is less than 1.
    """
    require_positive({"rounds": rounds, "branch": branch, "depth": depth})

    async def strategy(leg: Leg) -> Any:  # noqa: ANN401 - of the agent's output type
        """Search, choose, and carry out."""
        root = _Node(line=leg.fork("search", is_dry=True))
        for _ in range(rounds):
            leaf = _most_promising(root, depth, exploration)
            if leaf is None or leg.left < branch + 2:  # its children, the judge, and the answer
                break
            children = await _expand(leaf, branch)
            await _evaluate(leg, children)
            if any(child.answer is not None and child.score >= enough for child in children):
                break
        best = _best(root)
        return await carried_out(leg, best.line, best.answer)

    return strategy


def _most_promising(root: _Node, depth: int, exploration: float) -> _Node | None:
    """The leaf to go on from, by upper confidence bounds; `None` where every line is at its end."""
    node = root if _is_open(root, depth) else None
    while node is not None and node.below:
        ways = [child for child in node.below if _is_open(child, depth)]
        node = max(ways, key=lambda child: _bound(child, exploration))
    return node


def _is_open(node: _Node, depth: int) -> bool:
    if node.below:
        return any(_is_open(child, depth) for child in node.below)
    return node.answer is None and node.depth < depth


def _bound(node: _Node, exploration: float) -> float:
    """UCT: its mean value, and more the less often it was visited among its siblings."""
    among = node.above.visits if node.above else node.visits
    return node.value / node.visits + exploration * math.sqrt(math.log(among) / node.visits)


async def _expand(leaf: _Node, branch: int) -> Sequence[_Node]:
    """Children, one behind the other: each is told what those before it did."""
    for _ in range(branch):
        leaf.below.append(await _step(leaf))
    return leaf.below


async def _step(leaf: _Node) -> _Node:
    line = leaf.line.fork("way")
    reply = await line.ask(say=_another_way(leaf.below))
    at = len(line.messages) - 1
    answer = ended_by(line, await line.act(reply)) if reply.calls else Reached(result=reply.text)
    return _Node(
        line=line,
        depth=leaf.depth + 1,
        above=leaf,
        said=told(line.messages[at:]),
        answer=answer,
    )


def _another_way(siblings: Sequence[_Node]) -> str | None:
    if not siblings:
        return None
    tried = "\n\n".join(sibling.said for sibling in siblings)
    return f"These next steps were tried from here already:\n\n{tried}\n\nTake another one."


async def _evaluate(leg: Leg, children: Sequence[_Node]) -> None:
    """Score lines from their beginning, and let all above them know."""
    given = await scores(leg, [_story(child) for child in children])
    for child, score in zip(children, given, strict=True):
        child.score = score
        for node in child.ancestry():
            node.visits += 1
            node.value += score


def _story(node: _Node) -> str:
    return "\n".join(reversed([each.said for each in node.ancestry() if each.said]))


def _best(root: _Node) -> _Node:
    """The line of the highest score; of equals one that has an answer, then the first."""
    return max(root.everyone(), key=lambda node: (node.score, node.answer is not None))
