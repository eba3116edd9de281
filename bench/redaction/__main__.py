"""Print precision and recall: `python -m bench.redaction [seed]`."""

import sys
from typing import Final

from bench.redaction.corpus import corpus
from bench.redaction.scores import scored

SEED: Final = 20261122
OF_EACH: Final = 200


def main(seed: int = SEED) -> None:
    """Make the corpus, look through it, print three tables."""
    texts = corpus(seed, OF_EACH)
    scores = scored(texts)
    print(f"{len(texts)} texts, seed {seed}\n")
    print("| kind | in the corpus | precision | recall |\n|---|---|---|---|")
    for kind, score in sorted(scores.by_kind.items()):
        print(f"| `{kind}` | {score.there} | {score.precision:.4f} | {score.recall:.4f} |")
    print("\n| made | in the corpus | recall |\n|---|---|---|")
    for about, score in sorted(scores.by_sort.items()):
        print(f"| {about} | {score.there} | {score.recall:.4f} |")
    print("\n| lookalike | taken for | times |\n|---|---|---|")
    for (about, rule), times in scores.taken_for.most_common():
        print(f"| {about} | `{rule}` | {times} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
