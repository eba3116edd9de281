"""What the road stops of thousands of wrong proposals, and of right ones.

`python -m bench.retail.report` prints a table by family and one by kind: how many there were, which
layer stopped them first, and how many came through; then the same for tools without owners and
checks. `--sample 100` takes a part of the writes, by the seed; `--cases` lists what went wrong.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Final

from bench.retail.changes.situation import Family
from bench.retail.road import Layer
from bench.retail.trial import SEED, Case, Trial, open_trial

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "retail.md"
BEGIN: Final = "<!-- figures -->\n"
END: Final = "<!-- end of figures -->\n"
SENSITIVITY: Final = 0.8
"""Of the simulated verifier: how many wrong proposals it stops that reach it."""
FALSE_ALARM: Final = 0.02
"""And how many right ones."""

_COLUMNS: Final = {
    Layer.SCHEMA: "schema",
    Layer.CHECKS: "checks",
    Layer.OWNER: "owner",
    Layer.GROUNDING: "grounding",
}


async def trial_of(*, is_guarded: bool, sample: int | None, seed: int = SEED) -> list[Case]:
    """All cases of a trial, or those of so many writes."""
    async with open_trial(is_guarded=is_guarded, seed=seed) as trial:
        return [
            case for write in _drawn(trial, sample, seed) for case in await _cases(trial, *write)
        ]


async def _cases(trial: Trial, number: int, place: int) -> list[Case]:
    return [await trial.correct(number, place), *await trial.mutated(number, place)]


def _drawn(trial: Trial, sample: int | None, seed: int) -> Sequence[tuple[int, int]]:
    if sample is None:
        return trial.writes
    return Random(seed).sample(trial.writes, sample)  # noqa: S311 - to be repeated


def verified(cases: Iterable[Case], seed: int = SEED) -> Counter[str]:
    """What a verifier of stated skill would stop besides, by family: a simulation, by the seed."""
    chance, found = Random(seed), Counter[str]()  # noqa: S311 - to be repeated
    for case in cases:
        skill = SENSITIVITY if case.is_wrong else FALSE_ALARM
        found[case.proposal.family] += not case.met.is_stopped and chance.random() < skill
    return found


def table(cases: Sequence[Case], row_of: Callable[[Case], str]) -> str:
    """How many there were in each row, and what stopped them."""
    layers = [layer for layer in Layer if layer is not Layer.NONE]
    layers = [layer for layer in layers if any(case.met.layer is layer for case in cases)]
    counted = Counter((row_of(case), case.met.layer) for case in cases)
    heads = ["", "number", *layers, "stopped"]
    rows = [heads]
    for row in dict.fromkeys(row_of(case) for case in cases):
        number = sum(count for (name, _), count in counted.items() if name == row)
        stopped = number - counted[row, Layer.NONE]
        by_layer = [str(counted[row, layer] or "") for layer in layers]
        rows.append([row, str(number), *by_layer, f"{stopped / number:.1%}"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _family(case: Case) -> str:
    return case.proposal.family


def _kind(case: Case) -> str:
    return f"{case.proposal.family}: {case.proposal.kind}"


def text_of(cases: Sequence[Case]) -> str:
    """The tables of a trial."""
    ordered = sorted(
        cases, key=lambda case: (list(Family).index(case.proposal.family), _kind(case))
    )
    besides, by_family = verified(ordered), Counter(map(_family, ordered))
    open_ = Counter(_family(case) for case in ordered if not case.met.is_stopped)
    added = [
        f"  {family}: {by_family[family] - open_[family] + besides[family]} of {by_family[family]}"
        for family in Family
        if by_family[family]
    ]
    return "\n\n".join(
        (
            table(ordered, _family),
            table(ordered, _kind),
            "Stopped with a simulated verifier behind, which stops "
            f"{SENSITIVITY:.0%} of what is wrong and {FALSE_ALARM:.0%} of what is right:\n"
            + "\n".join(added),
        )
    )


def figures(guarded: Sequence[Case], unguarded: Sequence[Case]) -> str:
    """What the page of the documentation has between its marks: a row for each family."""
    alone, besides = _rates(unguarded), verified(guarded)
    heads = (
        "proposal",
        "number",
        *_COLUMNS.values(),
        "stopped",
        "with the verifier",
        "grounding alone",
    )
    rows = [heads, tuple("---" if at == 0 else "--:" for at in range(len(heads)))]
    for family in Family:
        own = [case for case in guarded if _family(case) is family]
        by_layer = Counter(case.met.layer for case in own)
        stopped = len(own) - by_layer[Layer.NONE]
        rows.append(
            (
                family,
                f"{len(own):,}",
                *(f"{by_layer[layer]:,}" for layer in _COLUMNS),
                f"{stopped / len(own):.1%}",
                f"{(stopped + besides[family]) / len(own):.1%}",
                f"{alone[family]:.1%}",
            )
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _rates(cases: Sequence[Case]) -> dict[str, float]:
    number, stopped = Counter(map(_family, cases)), Counter[str]()
    stopped.update(_family(case) for case in cases if case.met.is_stopped)
    return {family: stopped[family] / number[family] for family in number}


def write(text: str, page: Path = PAGE) -> None:
    """Put the figures into the page."""
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    page.write_text(f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}", "utf-8")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="so many writes, drawn by the seed")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/retail.md")
    parser.add_argument("--cases", action="store_true", help="list false alarms and misses")
    given = parser.parse_args()
    found = []
    for title, is_guarded in {"Every layer": True, "Without owners and checks": False}.items():
        cases = asyncio.run(trial_of(is_guarded=is_guarded, sample=given.sample, seed=given.seed))
        print(f"## {title}: {len(cases)} proposals, seed {given.seed}\n\n{text_of(cases)}\n")
        if given.cases:
            _list(cases)
        found.append(cases)
    if given.write:
        write(figures(*found))


def _list(cases: Iterable[Case]) -> None:
    for case in cases:
        if case.is_wrong is case.met.is_stopped:
            continue
        print(
            f"request {case.request} write {case.place}: {_kind(case)}: {case.met.layer} "
            f"{case.met.code} {case.met.rule} {case.proposal.deed}"
        )


if __name__ == "__main__":
    main()
