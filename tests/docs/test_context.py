"""docs/context.md has the errors of the estimate as they are measured."""

import json
from collections import defaultdict

import pytest

from highroad.agents.context.tokens import estimate

KINDS = {
    "prose": "prose",
    "code": "code",
    "JSON": "json json_compact rows spaces tabs",
    "ids": "uuids hex base64 typeids",
    "numbers": "numbers digits",
    "Latin": "german french finnish polish turkish vietnamese",
    "Chinese, Japanese, Korean": "chinese japanese korean",
    "other scripts": "russian greek arabic hebrew hindi thai georgian",
}


@pytest.fixture(scope="session")
def measured(repository):
    """Estimated tokens over those of a vocabulary, for each kind of text."""
    lines = (repository / "tests" / "data" / "tokens" / "samples.jsonl").read_text("utf-8")
    ratios = defaultdict(list)
    for sample in map(json.loads, lines.splitlines()):
        for vocabulary in ("o200k_base", "cl100k_base"):
            ratio = estimate(sample["text"]) / sample[vocabulary]
            ratios[sample["kind"], vocabulary].append(ratio)
    return ratios


def test_the_error_of_the_estimate_is_told_as_it_is_measured(page_of, rows_of, measured):
    rows = rows_of(page_of("docs/context.md").under("## Tokens without a tokenizer"))
    assert {row[0] for row in rows} == set(KINDS)
    for kind, least, most in rows:
        ratios = [ratio for each in KINDS[kind].split() for ratio in measured[each, "o200k_base"]]
        assert (least, most) == (f"{min(ratios):.2f}", f"{max(ratios):.2f}"), kind


def test_what_the_older_vocabulary_takes_more_is_told(measured):
    older = {
        kind: min(ratios) for (kind, which), ratios in measured.items() if which != "o200k_base"
    }
    short = {kind for kind, least in older.items() if least < 1}
    latin = set(" ".join(KINDS[each] for each in list(KINDS)[:6]).split())
    assert short & latin == {"finnish", "polish", "turkish"}
    assert min(older.values()) >= 1 / 3.5
